"""How TikTok is spoken to: one request, its envelope, and what the codes of its errors mean."""

from collections.abc import Mapping
from typing import Any

from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized, Unavailable, shown
from campaign.net.client import Client

# Codes, by what they mean: the tables at the end of the pages named above.
NOT_HIS = frozenset({"access_token_invalid", "scope_not_authorized", "scope_permission_missed"})
TOMORROW = frozenset({"spam_risk_too_many_posts", "spam_risk_too_many_pending_share", "reached_active_user_cap"})
LATER = frozenset({"internal", "internal_error"})  # fail_reason: "you can retry"


class Speech:
    """One account's way to speak. `label`: how messages name it."""

    def __init__(self, client: Client, label: str) -> None:
        self._client, self._label = client, label

    async def ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Return the data of an answer. Raises: what the code of an error means."""
        try:
            reply = await self._client.ask(method, path, **options)
        except Refused as error:
            raise meant(code_of(error.body), error) from error
        body = reply.json()
        code = code_of(body)
        if code != "ok":
            raise meant(code, Refused(f"{self._label}: {path}: {shown(code)}", status=reply.status, body=body))
        if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
            raise reply.bad("the answer holds no data")
        found: dict[str, Any] = body["data"]
        return found

    async def status(self, publish_id: str) -> dict[str, Any] | None:
        """Return what became of a publish_id; None: TikTok knows no such one."""
        body = {"publish_id": publish_id}
        try:
            told = await self.ask("POST", "/v2/post/publish/status/fetch/", json=body)
        except Refused as error:
            if code_of(error.body) == "invalid_publish_id":
                return None
            raise
        if not isinstance(told.get("status"), str):
            raise Unavailable(f"{self._label}: the answer does not say what became of the post")
        return told

    def there(self, told: Mapping[str, Any]) -> int:
        """Return how many bytes of a clip are there. Raises: Unavailable: the answer does not say."""
        there = told.get("uploaded_bytes", 0)
        if not isinstance(there, int) or isinstance(there, bool) or there < 0:
            raise Unavailable(f"{self._label}: the answer does not say how much of the clip is there")
        return there


def code_of(body: Any) -> str:
    """Return the code of an answer: "ok", what went wrong, or "" where none is told."""
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def meant(code: str, error: Refused) -> Outcome:
    """Return what a code means: the token lacks a scope, not today, not now, or it is a refusal."""
    told = {"status": error.status, "body": error.body}
    if code in NOT_HIS:
        return Unauthorized(f"{error} ({code}); connect the account again, and grant all that is asked for", **told)
    if code in TOMORROW:
        return RateLimited(f"{error} ({code}); TikTok takes no more posts today", retry_after=24 * 3600.0, **told)
    if code == "rate_limit_exceeded":
        return RateLimited(str(error), retry_after=60.0, **told)
    if code in LATER:
        return Unavailable(f"{error} ({code})", **told)
    if code == "unaudited_client_can_only_post_to_private_accounts":
        return Refused(f"{error}; TikTok has not audited this app: connect with --option privacy=SELF_ONLY", **told)
    return error
