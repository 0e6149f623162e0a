"""Ids of notes and files: time in base 36, and a count. misc/id/aidx.ts"""

from campaign.sandbox.state import Sandbox

EPOCH = 946_684_800_000  # 2000-01-01, milliseconds
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def fresh(sandbox: Sandbox, ms: int) -> str:
    """Return an id that no note and no file has."""
    n = sandbox.books.number("SELECT (SELECT count(*) FROM misskey_notes) + (SELECT count(*) FROM misskey_files)")
    return numbered(ms, n + 1)


def numbered(ms: int, n: int) -> str:
    """Return the nth id of a time; 0 is below all others."""
    return _base36(ms - EPOCH, 8) + ("0000" if n == 0 else "sbox") + _base36(n, 4)


def _base36(number: int, width: int) -> str:
    digits = ""
    number = max(0, number)
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits.rjust(width, "0")[-width:]
