"""Servers of other kinds that speak Mastodon's API; an account of the twin may stand on one of them.

What they do otherwise was read in their sources (Pleroma's IdempotencyPlug, Pixelfed's ApiV1Controller), or seen on
GoToSocial 0.20, snac 2.75, Takahē 0.11 and Hollo 0.6.10.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from starlette.responses import Response

from campaign.sandbox.mastodon.asking import Asking, answer
from campaign.sandbox.mastodon.refusals import Refusal
from campaign.sandbox.rooms import Answer
from campaign.sandbox.state import Sandbox


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of server.

    Attributes:
        key: what becomes of an Idempotency-Key that was seen: the post; the first answer, an error too; a refusal,
            whatever the first came to; or nothing.
        bad_token: how it says that it does not accept a token: status, body.
        media_again: the status for a medium that is part of a post already; 0: it is taken.
        needs_media: a post without media is refused.
        deletes: whether an application may take a post down.
        tags: the language of every post, whatever was told.
    """

    version: str
    key: Literal["honoured", "replayed", "refused", "ignored"] = "ignored"
    bad_token: tuple[int, str] = (401, '{"error": "The access token is invalid"}')
    media_again: int = 422
    needs_media: bool = False
    deletes: bool = True
    tags: str | None = None
    limits: Mapping[str, int] = field(default_factory=dict)


MASTODON = Kind("4.5.0", "honoured")
KINDS: Mapping[str, Kind] = {
    "mastodon": MASTODON,
    "pleroma": Kind("2.7.2 (compatible; Pleroma 2.9.1)", "replayed", (403, '{"error": "Invalid credentials."}'), 0),
    "akkoma": Kind("2.7.2 (compatible; Akkoma 3.15.2)", "replayed", (403, '{"error": "Invalid credentials."}'), 0),
    "pixelfed": Kind(
        "3.5.3 (compatible; Pixelfed 0.12.6)",
        "refused",
        (401, '{"message": "Unauthenticated."}'),
        403,
        needs_media=True,
        limits={"text_limit": 500, "media_count": 4},
    ),
    "gotosocial": Kind("0.20.0+git-abcdef", media_again=400, limits={"text_limit": 5000, "media_count": 6}),
    "takahe": Kind("takahe/0.11.0", bad_token=(400, "Unauthorized"), media_again=0),
    "snac": Kind(
        "4.0.0 (compatible; snac 2.75)", bad_token=(422, ""), media_again=0, deletes=False, tags="en"
    ),
    "hollo": Kind("4.3.0 (compatible; Hollo 0.6.10)", "honoured", media_again=500),
}  # fmt: skip


def kind_of(sandbox: Sandbox, account: str | None) -> tuple[str, Kind]:
    """Return the name of the kind that an account stands on, and what that does."""
    name = sandbox.kinds.get(account or "", "mastodon")
    return name, KINDS[name]


def asked_of(ask: Asking) -> Kind:
    """Return the kind that the asking account stands on."""
    return kind_of(ask.sandbox, ask.account["name"] if ask.account else None)[1]


def known_kind(name: str) -> str:
    """Return a kind by its name. Raises: Refusal."""
    if name not in KINDS:
        raise Refusal(422, f"kind must be one of {', '.join(sorted(KINDS))}")
    return name


def refuses_token(kind: Kind) -> Answer:
    """Return the answer to a token that is not accepted."""
    status, body = kind.bad_token
    words = b"application/json; charset=utf-8" if body.startswith("{") else b"text/plain; charset=utf-8"
    return Answer(status, [(b"content-type", words)], bytearray(body.encode()))


def replay(ask: Asking, key: str, work: Callable[[], Response]) -> Response:
    """Do the work once for a key, and give its answer again and again, an error too: Pleroma's IdempotencyPlug.

    Its memory is one for all accounts, and ends with the server.
    """
    kept = ask.sandbox.answers
    if key in kept:
        status, body = kept[key]
        return answer(body, status, {"idempotent-replayed": "true", "idempotency-key": key})
    try:
        burn(ask)
        told = work()
    except Refusal as error:
        kept[key] = error.status, {"error": error.error}
        raise
    kept[key] = told.status_code, json.loads(bytes(told.body))
    return told


def refuse_twice(ask: Asking, key: str) -> None:
    """Refuse a key that was seen, whatever it came to: Pixelfed's ApiV1Controller#statusCreate."""
    mark = f"{ask.user['id']}:{key}"
    if mark in ask.sandbox.answers:
        raise Refusal(400, "Duplicate idempotency key.")
    ask.sandbox.answers[mark] = 0, None
    burn(ask)


def burn(ask: Asking) -> None:
    """Fail once the key is kept, where a test cued that."""
    if ask.fits("burnt_key"):
        raise Refusal(500, "Internal server error")
