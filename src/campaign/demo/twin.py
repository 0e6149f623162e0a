"""The platforms of the demo: a sandbox on the demo's clock, with limits wide enough for weeks that pass in a minute."""

import sys
from dataclasses import dataclass
from pathlib import Path

from campaign import sandbox


@dataclass(frozen=True, slots=True)
class Channel:
    """One account of the demo: what it is called here, and on which platform it is whose."""

    name: str
    platform: str
    theirs: str
    langs: tuple[str, ...]


CHANNELS = (
    Channel("kr", "mastodon", "peace_ko", ("ko",)),
    Channel("ru", "mastodon", "peace_ru", ("ru",)),
    Channel("en", "mastodon", "peace_en", ("en",)),
    Channel("bsky", "bluesky", "peace_ko", ("ko", "ru", "en")),
    Channel("tg-ko", "telegram", "peace_ko", ("ko",)),
    Channel("tg-ru", "telegram", "peace_ru", ("ru",)),
    Channel("tg-en", "telegram", "peace_en", ("en",)),
)


def main(folder: str, clock_file: str) -> None:
    """Serve until SIGTERM. Rate windows are real time, and the demo's readings of forty days fall into one of them."""
    platforms = list(dict.fromkeys(channel.platform for channel in CHANNELS))
    accounts = {name: [channel.theirs for channel in CHANNELS if channel.platform == name] for name in platforms}
    sandbox.run(Path(folder), clock_file=Path(clock_file), platforms=platforms, accounts=accounts, wide=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
