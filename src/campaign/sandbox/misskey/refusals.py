"""Refusals as Misskey says them: `{"error": {message, code, id, kind}}`; the ids are those of its source."""

from typing import Any, Literal

_API = "https://github.com/misskey-dev/misskey/blob/develop/packages/backend/src/server/api"
_NOTES = f"{_API}/endpoints/notes"
_CREATE, _DELETE, _SHOW = f"{_NOTES}/create.ts", f"{_NOTES}/delete.ts", f"{_NOTES}/show.ts"
_FILES, _CALL = f"{_API}/endpoints/drive/files/create.ts", f"{_API}/ApiCallService.ts"
What = Literal[
    "authentication", "credential", "permission", "suspended", "throttled", "param", "reply", "file", "note",
    "not_yours", "user", "file_name", "space", "too_large", "internal", "no_endpoint",
]  # fmt: skip
# what → status, code, message, id, source
TABLE: dict[What, tuple[int, str, str, str, str]] = {
    "authentication": (
        401,
        "AUTHENTICATION_FAILED",
        "Authentication failed. Please ensure your token is correct.",
        "b0a7f5f8-dc2f-4171-b91f-de88ad238e14",
        _CALL,
    ),
    "credential": (401, "CREDENTIAL_REQUIRED", "Credential required.", "1384574d-a912-4b81-8601-c7b1c4085df1", _CALL),
    "permission": (
        403,
        "PERMISSION_DENIED",
        "Your app does not have the necessary permissions to use this endpoint.",
        "1370e5b7-d4eb-4566-bb1d-7748ee6a1838",
        _CALL,
    ),
    "suspended": (
        403,
        "YOUR_ACCOUNT_SUSPENDED",
        "Your account has been suspended.",
        "a8c724b3-6e9c-4b46-b1a8-bc3ed6258370",
        _CALL,
    ),
    "throttled": (
        429,
        "RATE_LIMIT_EXCEEDED",
        "Rate limit exceeded. Please try again later.",
        "d5826d14-3982-4d2e-8011-b9e9f02499ef",
        _CALL,
    ),
    "param": (
        400,
        "INVALID_PARAM",
        "Invalid param.",
        "3d81ceae-475f-4600-b2a8-2bc116157532",
        f"{_API}/endpoint-base.ts",
    ),
    "reply": (400, "NO_SUCH_REPLY_TARGET", "No such reply target.", "749ee0f6-d3da-459a-bf02-282e2da4292c", _CREATE),
    "file": (400, "NO_SUCH_FILE", "Some files are not found.", "b6992544-63e7-67f0-fa7f-32444b1b5306", _CREATE),
    "note": (400, "NO_SUCH_NOTE", "No such note.", "490be23f-8c1f-4796-819f-94cb4f9d1630", _DELETE),
    "not_yours": (400, "ACCESS_DENIED", "Access denied.", "fe8d7103-0ea8-4ec3-814d-f8b401dc69e9", _DELETE),
    "user": (
        400,
        "NO_SUCH_USER",
        "No such user.",
        "27e494ba-2ac2-48e8-893b-10d4d8c2387b",
        f"{_API}/endpoints/users/notes.ts",
    ),
    "file_name": (400, "INVALID_FILE_NAME", "Invalid file name.", "f449b209-0c60-4e51-84d5-29486263bfd4", _FILES),
    "space": (
        400,
        "NO_FREE_SPACE",
        "Cannot upload the file because you have no free space of drive.",
        "d08dbc37-a6a9-463a-8c47-96c32ab5f064",
        _FILES,
    ),
    "too_large": (
        400,
        "MAX_FILE_SIZE_EXCEEDED",
        "Cannot upload the file because it exceeds the maximum file size.",
        "b9d8c348-33f0-4673-b9a9-5d4da058977a",
        _FILES,
    ),
    "internal": (
        500,
        "INTERNAL_ERROR",
        "Internal error occurred. Please contact us if the error persists.",
        "5d37dbcb-891e-41ca-a3d6-e690c97775ac",
        f"{_API}/error.ts",
    ),
    "no_endpoint": (
        404,
        "UNKNOWN_API_ENDPOINT",
        "Unknown API endpoint.",
        "2ca3b769-540a-4f08-9dd5-b5a825b6d0f1",
        f"{_API}/ApiServerService.ts",
    ),
}


class Refusal(Exception):
    """An endpoint that did nothing."""

    def __init__(self, what: What, **info: Any) -> None:
        super().__init__(what)
        self.status, self.what, self.info = TABLE[what][0], what, info


def error(what: What, info: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of an error."""
    status, code, message, ident, _ = TABLE[what]
    told = {"message": message, "code": code, "id": ident, "kind": "server" if status == 500 else "client"}
    return {"error": {**told, **({"info": info} if info else {})}}
