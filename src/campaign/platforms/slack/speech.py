"""How Slack says yes and no, and what stands in its messages, read as if anything might."""

import html
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from unicodedata import category

from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Comment, Metric, Reading, ReadingStatus
from campaign.core.text import fingerprint
from campaign.net.reply import Reply, retry_after

# https://docs.slack.dev/reference/methods/chat.postMessage#errors
TOKENS = frozenset(
    {
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "org_login_required",
        "ekm_access_denied", "team_access_not_granted",
    }
)  # fmt: skip
# "It's possible some aspect of the operation succeeded before the error was raised."
AFTER = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
NO_HOOK = frozenset({"no_service", "no_service_id", "no_active_hooks", "no_team", "invalid_token", "team_disabled"})
TS = re.compile(r"[0-9]{10}\.[0-9]{6}")
_NAMED = re.compile(r":[a-z0-9_+'-]+:")
_LINK = re.compile(r"<((?:https?|mailto):[^|>]*)(?:\|[^>]*)?>")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def judged(reply: Reply, what: str, *, commits: bool = False, admitted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return an answer, or raise what its `error` means: Slack says no with a 200.

    Args:
        what: account and method, for messages.
        commits: it was the irreversible request.
        admitted: errors that are answers.
    """
    answer = reply.json()
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise reply.bad("the answer does not say whether it was done")
    if answer["ok"]:
        return answer
    error = str(answer.get("error") or "unknown")[:60]
    if error in admitted:
        return answer
    needed = f" (it needs the scope {str(answer['needed'])[:60]})" if answer.get("needed") else ""
    words, status = f"{what}: {error}{needed}", reply.status
    if error in TOKENS:
        raise Unauthorized(words, status=status, body=answer)
    if error in ("ratelimited", "rate_limited"):
        raise RateLimited(words, retry_after=retry_after(reply.headers, reply.date or EPOCH), body=answer)
    if error in AFTER:
        raise (Uncertain if commits else Unavailable)(words, status=status, body=answer)
    raise Refused(words, status=status, body=answer)


def hook_refused(reply: Reply, what: str) -> Outcome:
    """Return what a webhook's refusal means, which is one word.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
    """
    words = words_of(reply)
    if words in NO_HOOK:
        gone = "the webhook is gone; make another and connect it"
        return Unauthorized(f"{what}: {reply.status} {words}: {gone}", status=reply.status)
    return Refused(f"{what}: {reply.status} {words}", status=reply.status)


def plain(text: Any) -> str:
    """Return a text as it was before Slack marked its links and escaped three characters.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return html.unescape(_LINK.sub(r"\1", str(text or "")))


def spoken(text: str) -> str:
    """Return what is left of a text without its emoji, which Slack tells by names: 🕊️ is :dove_of_peace: there."""
    signs = "".join(c for c in _NAMED.sub("", text) if category(c) not in ("So", "Sk") and c not in "\ufe0f\u200d")
    return fingerprint(signs)


def shares_of(file: Mapping[str, Any], channel: str) -> list[str]:
    """Return in which messages of a channel a file stands. https://docs.slack.dev/reference/objects/file-object"""
    shares = file.get("shares")
    groups = [shares.get(each) for each in ("public", "private")] if isinstance(shares, dict) else []
    places = [place for group in groups if isinstance(group, dict) for place in dicts(group.get(channel))]
    return sorted(place["ts"] for place in places if is_ts(place.get("ts")))


def readings_of(message: Mapping[str, Any] | None, metrics: Iterable[Metric]) -> dict[Metric, Reading]:
    """Return the counters that stand in a message; None: it is gone."""
    if message is None:
        return dict.fromkeys(metrics, Reading(None, ReadingStatus.EXPIRED))
    told = message.get("reactions", [])  # left out of a message that has none, as is the number of answers
    counts: list[Any] = [each.get("count") for each in dicts(told)]
    whole = isinstance(told, list) and len(counts) == len(told) and all(type(count) is int for count in counts)
    found: dict[Metric, Any] = {"reactions": sum(counts) if whole else None, "replies": message.get("reply_count", 0)}
    return {metric: _reading(found.get(metric)) for metric in metrics}


def _reading(value: Any) -> Reading:
    return Reading(value) if type(value) is int and value >= 0 else Reading(None, ReadingStatus.ERROR)


def comment_of(message: Mapping[str, Any], parent: str) -> Comment:
    profile = message.get("user_profile")
    told = profile if isinstance(profile, dict) else {}
    name = told.get("display_name") or told.get("real_name") or message.get("username") or message.get("user")
    return Comment(
        remote_id=message["ts"],
        in_reply_to=parent,
        author=str(name) if name else None,
        text=plain(message.get("text")),
        at=datetime.fromtimestamp(int(message["ts"].partition(".")[0]), UTC),
        record=message,
    )


def handle_of(channel: Mapping[str, Any]) -> str:
    return f"#{channel.get('name') or channel.get('id')}"[:100]


def is_ts(value: Any) -> bool:
    return isinstance(value, str) and bool(TS.fullmatch(value))


def dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def words_of(reply: Reply) -> str:
    return reply.body[:80].decode("utf-8", "replace").strip()
