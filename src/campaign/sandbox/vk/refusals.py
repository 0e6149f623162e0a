"""Refusals as VK says them: an error inside of an answer of status 200, with the fields of the request beside it."""

from typing import Any, Literal

# what → code, words, source. https://github.com/VKCOM/vk-api-schema/blob/master/errors.json
_ERRORS = "https://github.com/VKCOM/vk-api-schema/blob/master/errors.json"
What = Literal[
    "unknown", "method", "token", "expired", "throttled", "permission", "flood", "internal", "captcha", "access",
    "validation", "confirmation", "group_token", "rate", "vk_id", "missing", "invalid", "too_long", "photos",
    "not_found", "hash", "group", "closed", "adding", "a_day", "links", "attachments", "one_link",
]  # fmt: skip
TABLE: dict[What, tuple[int, str, str]] = {
    "unknown": (1, "Unknown error occurred", _ERRORS),
    "method": (3, "Unknown method passed", _ERRORS),
    "token": (5, "User authorization failed: invalid access_token (4).", _ERRORS),
    "expired": (
        5,
        "User authorization failed: access_token has expired.",
        "https://github.com/ktsstudio/mediaproject-vk/blob/HEAD/src/callVkApi.ts",
    ),
    "throttled": (6, "Too many requests per second", _ERRORS),
    "permission": (7, "Permission to perform this action is denied", _ERRORS),
    "flood": (9, "Flood control", _ERRORS),
    "internal": (10, "Internal server error", _ERRORS),
    "captcha": (14, "Captcha needed", _ERRORS),
    "access": (15, "Access denied", _ERRORS),
    "validation": (17, "Validation required", _ERRORS),
    "confirmation": (24, "Confirmation required", _ERRORS),
    "group_token": (
        27,
        "Group authorization failed: method is unavailable with group auth.",
        "https://github.com/VKCOM/vk-api-schema/issues/242",
    ),
    "rate": (29, "Rate limit reached", _ERRORS),
    "vk_id": (
        1051,
        "Method is unavailable for this type of access token",
        "https://github.com/gitroomhq/postiz-app/issues/1408",
    ),
    "missing": (100, "One of the parameters specified was missing or invalid: {name} is undefined", _ERRORS),
    "invalid": (100, "One of the parameters specified was missing or invalid: {name} is invalid", _ERRORS),
    "too_long": (100, "One of the parameters specified was missing or invalid: message is too long", _ERRORS),
    "attachments": (
        100,
        "One of the parameters specified was missing or invalid: too many attachments",
        "https://dev.vk.com/en/method/wall.post",
    ),
    "one_link": (
        100,
        "One of the parameters specified was missing or invalid: more than one link is being attached",
        "https://dev.vk.com/en/method/wall.post",
    ),
    "not_found": (104, "Not found", _ERRORS),
    "hash": (121, "Invalid hash", _ERRORS),
    "group": (125, "Invalid group id", _ERRORS),
    "photos": (129, "Invalid photo", _ERRORS),
    "closed": (212, "Access to post comments denied", _ERRORS),
    "adding": (214, "Access to adding post denied", _ERRORS),
    "a_day": (214, "Access to adding post denied: you can only add 50 posts a day", "https://pastebin.com/SMp5ZCBW"),
    "links": (222, "Hyperlinks are forbidden", _ERRORS),
}


class Refusal(Exception):
    """A method that was not carried out."""

    def __init__(self, what: What, name: str = "", **more: Any) -> None:
        code, words, _ = TABLE[what]
        super().__init__(what)
        self.code, self.words, self.more = code, words.format(name=name), more


def error(refusal: Refusal, fields: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    """Return the body of an error; VK repeats the fields, but for the token."""
    told = [{"key": key, "value": value} for key, value in fields or () if key != "access_token"]
    return {"error": {"error_code": refusal.code, "error_msg": refusal.words, "request_params": told, **refusal.more}}
