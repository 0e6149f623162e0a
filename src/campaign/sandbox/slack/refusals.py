"""Refusals as Slack says them: of a method by a word and status 200, of a webhook by a word alone.

https://docs.slack.dev/apis/web-api/#responses, and each method's own page under https://docs.slack.dev/reference/methods/
"""

from collections.abc import Mapping

# Where the twin says it. All are words of the methods' pages.
REFUSALS: Mapping[str, str] = {
    "not_authed": "any method without a token",
    "invalid_auth": "any method with a token that nobody has",
    "token_expired": "any method, while the fault expired_token stands",
    "unknown_method": "a method that there is not",
    "missing_scope": "a method for which the app has no scope; `needed` names it",
    "channel_not_found": "a channel that there is not, or that the bot may not see",
    "not_in_channel": "a channel that the bot was not invited to",
    "is_archived": "a channel that was archived",
    "no_text": "a message without text",
    "msg_too_long": "chat.update with more than 4,000 characters",
    "invalid_metadata_format": "metadata without event_type and event_payload",
    "message_not_found": "chat.update, chat.delete of a message that there is not",
    "cant_update_message": "chat.update of a message of somebody else",
    "cant_delete_message": "chat.delete of a message of somebody else",
    "thread_not_found": "conversations.replies to, or an answer to, a message that there is not",
    "invalid_cursor": "a cursor that was not given out",
    "invalid_arguments": "a length that is no number, files that are no list",
    "alt_txt_too_large": "files.getUploadURLExternal with an alt text of over 1,000 characters",
    "file_not_found": "files.info, files.completeUploadExternal of a file that there is not, or was not uploaded",
    "file_deleted": "files.info of a file that was deleted",
    "invalid_code": "oauth.v2.access with a code that was not given out, or was used",
    "bad_redirect_uri": "oauth.v2.access with another redirect_uri than the one of the consent",
    "cant_delete_file": "files.delete of a file of somebody else",
}
# Status and word of an incoming webhook.
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
HOOKS: Mapping[str, int] = {
    "invalid_payload": 400,
    "no_text": 400,
    "invalid_token": 403,
    "no_service": 404,
    "channel_is_archived": 410,
}


class Refusal(Exception):
    """An answer that is an error, and nothing was done."""

    def __init__(self, error: str, **more: str) -> None:
        assert error in REFUSALS  # noqa: S101 - the table is whole
        super().__init__(error)
        self.error, self.more = error, more


class HookRefusal(Exception):
    """A webhook's refusal."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word, self.status = word, HOOKS[word]
