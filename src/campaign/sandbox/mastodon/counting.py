"""How long a text is, and what in it is a link, a mention or a hashtag, as Mastodon sees it."""

from dataclasses import dataclass
from typing import Literal

import regex

MAX_CHARS = 500
URL_CHARS = 23  # whatever the length of the link

# Host and path after https://github.com/mastodon/mastodon/blob/main/config/initializers/twitter_regex.rb: a link needs
# a scheme and a domain name; an IP address, a user name in front of @ and other schemes make it plain text. The host
# may have any top-level domain here, where the real server has a list. A Korean particle may follow without a space.
_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}_-]*[\p{L}\p{N}\p{M}])?"
_TLD = r"(?:(?:xn--[a-z0-9-]+|[a-z]{2,63})(?![0-9a-z@+-])|[^\P{L}a-z]{2,63}(?![\p{L}\p{N}@]))"
_PATH = r"[^\p{White_Space}<>()?]"
_PATH_END = r"[^\p{White_Space}()?!*\"'「」<>;:=,.$%\[\]~&|@]"
_BALANCED = rf"\((?:{_PATH}+|(?:{_PATH}*\({_PATH}+\){_PATH}*))\)"
URL = regex.compile(
    rf"(?<![A-Za-z0-9@＠$#＃])(?P<url>https?://(?:{_LABEL}\.)+{_TLD}(?::[0-9]+)?"
    rf"(?:/(?:(?:{_PATH}|{_BALANCED})*(?:{_PATH_END}|{_BALANCED})|(?:{_PATH}+/))?)?"
    r"(?:\?[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^]*[a-z0-9_&=#/\-])?)",
    regex.IGNORECASE,
)
# Account::MENTION_RE and Tag::HASHTAG_RE: https://github.com/mastodon/mastodon/tree/main/app/models
MENTION = regex.compile(
    r"(?<![=/\w])@(?P<user>[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)(?:@[\w.-]+\w+)?", regex.IGNORECASE
)
HASHTAG = regex.compile(r"(?<![=/)\w])[#＃](?P<tag>(?=[\w·]*[\p{L}_])\w(?:[\w·]*\w)?)")

Kind = Literal["url", "mention", "tag"]


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of the text."""

    kind: Kind
    start: int
    end: int
    value: str  # the link, the user's name without host, the tag without #


def entities(text: str) -> list[Entity]:
    """Return links, mentions and hashtags from left to right; where two overlap, the first one stays."""
    found = [Entity("url", m.start("url"), m.end("url"), m["url"]) for m in URL.finditer(text)]
    found += [Entity("mention", m.start(), m.end(), m["user"]) for m in MENTION.finditer(text)]
    found += [Entity("tag", m.start(), m.end(), m["tag"]) for m in HASHTAG.finditer(text)]
    kept: list[Entity] = []
    for entity in sorted(found, key=lambda e: (e.start, -e.end)):
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
    return kept


def length(text: str, spoiler: str = "", url_chars: int = URL_CHARS) -> int:
    """Return what counts against the limit: grapheme clusters of warning and text, links and mentions shortened.

    https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb
    """
    parts: list[str] = []
    at = 0
    for entity in entities(text):
        if entity.kind == "tag":
            continue
        parts.append(text[at : entity.start])
        parts.append(_short(entity, url_chars))
        at = entity.end
    parts.append(text[at:])
    return len(regex.findall(r"\X", spoiler + "".join(parts)))


def _short(entity: Entity, url_chars: int) -> str:
    if entity.kind == "mention":
        return f"@{entity.value}"
    return "x" * url_chars if url_chars else entity.value  # 0: some servers count the whole link
