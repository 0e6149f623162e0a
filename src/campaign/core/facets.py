"""Facets: what in a text is a link, a hashtag or a mention, by offsets into its UTF-8 bytes."""

from dataclasses import dataclass
from typing import Literal

import regex

from campaign.core.text import LINK

# A handle is a domain name: https://atproto.com/specs/handle. @user@host is somebody on another network.
_MENTION = regex.compile(
    r"(?<![\w/@.#\-])@(?P<value>(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9\-]{0,61}[a-z0-9])?)"
    r"(?![a-z0-9@\-])",
    regex.IGNORECASE | regex.ASCII,
)
# The sign, then no digits only: https://github.com/bluesky-social/atproto/blob/main/packages/api/src/rich-text/util.ts
_TAG = regex.compile(r"(?<![\w/&#])#(?P<value>(?![0-9]+(?![\p{L}\p{M}\p{N}_]))[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*)")
_MAX_TAG, _MAX_TAG_BYTES = 64, 640  # graphemes and bytes: lexicons/app/bsky/richtext/facet.json; letters are as many
_MAX_HANDLE = 253


@dataclass(frozen=True, slots=True)
class Facet:
    """One stretch of a text. `value` is the link, the tag without its sign, or the handle without its sign."""

    kind: Literal["link", "tag", "mention"]
    start: int  # bytes of UTF-8
    end: int
    value: str


def find_facets(text: str, link: str | None = None) -> list[Facet]:
    """Return links, hashtags and mentions from left to right; where two overlap, the one that begins first stays.

    Args:
        text: what is posted.
        link: a link that is known to stand in it: it ends where it ends, also in letters that would end a link else.

    >>> [(facet.kind, facet.start, facet.end) for facet in find_facets("서울 #평화")]
    [('tag', 7, 14)]
    """
    found = [(m.start(), m.end(), "link", m[0]) for m in LINK.finditer(text)]
    if link and (at := text.rfind(link)) >= 0:
        found.append((at, at + len(link), "link", link))
    found += [
        (m.start(), m.end(), "tag", m["value"])
        for m in _TAG.finditer(text)
        if len(m["value"]) <= _MAX_TAG and len(m["value"].encode()) <= _MAX_TAG_BYTES
    ]
    found += [(m.start(), m.end(), "mention", m["value"]) for m in _MENTION.finditer(text)]
    facets: list[Facet] = []
    characters = size = 0
    for start, end, kind, value in sorted(found, key=lambda one: (one[0], -one[1])):
        if start < characters or (kind == "mention" and len(value) > _MAX_HANDLE):
            continue
        begin = size + len(text[characters:start].encode())
        characters, size = end, begin + len(text[start:end].encode())
        facets.append(Facet(kind, begin, size, value))  # type: ignore[arg-type]
    return facets
