"""The error tree, each leaf named by what must happen next.

CampaignError
├── Invalid         a value breaks a rule               → the person corrects it (exit 2, HTTP 422)
├── NotFound        no such thing                       → exit 3, HTTP 404
├── Forbidden       this person may not do this         → exit 4, HTTP 403
├── Conflict        what is there stands against it     → exit 5, HTTP 409
│   └── LeaseLost   another worker holds the delivery   → step back, change nothing
├── Held            a pause is in force                 → exit 7; nothing is sent
└── Outcome         what became of one request to a platform
    ├── Refused       it said no, before any effect     → failed
    ├── RateLimited   it said not now                   → scheduled again; costs no attempt
    │   └── Spent       our own budget says not now     → the same; nothing was asked
    ├── Unavailable   proved: nothing arrived           → scheduled again, after a back-off
    ├── Unauthorized  the token is not accepted         → the account is paused, its deliveries stay
    └── Uncertain     it may have arrived               → uncertain; only confirm() or a person moves it
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any


class CampaignError(Exception):
    """Anything that this program says to a person; the message is safe to show and holds no secret."""

    exit_code = 1
    status_code = 500


class Invalid(CampaignError):
    """A value breaks a rule.

    Args:
        field: the name of the field as the person knows it (an option, a key of a file).
        value: what was given; shown shortened.
        rule: what would be right, and what to do next.

    Attributes:
        tells: language of a reader (ko, en, ru) → the same in it; None: the rule is all there is.
    """

    exit_code = 2
    status_code = 422

    def __init__(self, field: str, value: object, rule: str) -> None:
        self.field, self.value, self.rule = field, value, rule
        self.tells: Callable[[Any], str] | None = None
        super().__init__(f"{field} {shown(value)}: {rule}")


class ManyInvalid(Invalid):
    """Several findings at once, so that a person corrects a file in one go."""

    def __init__(self, findings: Sequence[Invalid]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        super().__init__(first.field, first.value, first.rule)
        self.args = ("\n".join(str(finding) for finding in self.findings),)


class NotFound(CampaignError):
    """There is no such thing."""

    exit_code = 3
    status_code = 404

    def __init__(self, what: str, name: object, hint: str = "") -> None:
        self.what, self.name = what, name
        super().__init__(f"{what} {shown(name)}: not found{'; ' + hint if hint else ''}")


class Forbidden(CampaignError):
    """This person may not do this."""

    exit_code = 4
    status_code = 403


class Conflict(CampaignError):
    """What is there stands against it: an id used twice, a state that admits no such move."""

    exit_code = 5
    status_code = 409


class LeaseLost(Conflict):
    """Another worker holds the delivery, or it has moved meanwhile: change nothing."""


class Held(CampaignError):
    """A pause is in force; nothing was sent."""

    exit_code = 7
    status_code = 423


class Outcome(CampaignError):
    """What became of one request to a platform, when it is not a plain answer.

    Args:
        message: platform, account, request and the platform's own words; never a token.
        status: the HTTP status, where one was received.
    """

    exit_code = 1
    status_code = 502

    def __init__(self, message: str, *, status: int | None = None, body: Any = None) -> None:
        self.status, self.body = status, body
        super().__init__(message)


class Refused(Outcome):
    """The platform said no, before any effect; asking again would not help."""


class RateLimited(Outcome):
    """The platform said not now.

    Args:
        retry_after: seconds until it will listen again.
    """

    def __init__(self, message: str, *, retry_after: float, status: int | None = 429, body: Any = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, status=status, body=body)


class Spent(RateLimited):
    """The budget of the account admits no request soon enough; nothing was sent."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, retry_after=retry_after, status=None)


class Unavailable(Outcome):
    """Proved: no byte of the request left; or a request that may be repeated got no usable answer."""


class Unauthorized(Outcome):
    """The token is not accepted: a person must connect the account again."""

    exit_code = 4


class Uncertain(Outcome):
    """The request may have arrived: never send it again before the platform was asked."""

    exit_code = 6


def shown(value: object, limit: int = 80) -> str:
    """Return a value as it may stand in a message: quoted, on one line, at most `limit` characters."""
    text = repr(value) if not isinstance(value, str) else "'" + "".join(map(_visible, value)) + "'"
    return text if len(text) <= limit else text[: limit - 2] + "…'"


def _visible(character: str) -> str:
    # Controls, line ends and lone surrogates: what would break the line, steer a terminal, or not be printed at all.
    if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs"):
        return character.encode("unicode_escape").decode()
    return character
