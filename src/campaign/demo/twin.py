"""The platform of the demo: a sandbox on the demo's clock, with limits wide enough for weeks that pass in a minute."""

import sys
from pathlib import Path

from campaign import sandbox

ACCOUNTS = {"kr": "peace_ko", "ru": "peace_ru", "en": "peace_en"}  # our account → theirs


def main(folder: str, clock_file: str) -> None:
    """Serve until SIGTERM. Rate windows are real time, and the demo's readings of forty days fall into one of them."""
    sandbox.run(Path(folder), clock_file=Path(clock_file), accounts=tuple(ACCOUNTS.values()), wide=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
