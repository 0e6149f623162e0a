"""Hashtags: the required ones, not too many, none that a platform cuts short, readable when read aloud."""

from collections.abc import Iterator, Sequence

import regex

from campaign.core.finding import Finding
from campaign.core.lint.proof import finding
from campaign.core.lint.scripts import swap

MOST = 3  # more are rarely read: languages-engagement-ux.md §3
_TAG = regex.compile(r"#[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*")
_OTHER = regex.compile(r"[^\p{L}\p{M}\p{N}_]+")
_UNDERSCORED = regex.compile(r"#?[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+")


def tags(given: Sequence[str], lang: str, field: str = "tags", required: Sequence[str] = ()) -> Iterator[Finding]:
    """Tell what is wrong with the hashtags of one language. Places count in the tags joined by single spaces."""
    seen: set[str] = set()
    place = 0
    for tag in given:
        at = (place, place + len(tag))
        place += len(tag) + 1
        yield from _tag(tag, lang, field, at)
        if (key := key_of(tag)) in seen:
            yield finding(field, "tag-twice", tag, place=at)
        seen.add(key)
    for tag in required:
        if key_of(tag) not in seen:
            yield finding(field, "tag-required", tag)
    if len(given) > MOST:
        yield finding(field, "tags-many", str(len(given)), n=str(len(given)), most=str(MOST))


def key_of(tag: str) -> str:
    """Return what two spellings of one hashtag share: platforms take no notice of capitals.

    >>> key_of("#ISEOULU") == key_of("iseoulu")
    True
    """
    return tag.removeprefix("#").removeprefix("＃").casefold()


def _tag(tag: str, lang: str, field: str, at: tuple[int, int]) -> Iterator[Finding]:
    body = _OTHER.sub("", tag)
    if not body or body.isdigit():  # platforms make no tag of digits alone
        yield finding(field, "tag-empty", tag, place=at)
    elif not _TAG.fullmatch(tag if tag.startswith("#") else f"#{tag}"):
        yield finding(field, "tag-sign", tag, place=at, fix=f"#{body}")
    elif (own := swap(tag, lang)) is not None and own != tag:
        letters = "".join(dict.fromkeys(old for old, new in zip(tag, own, strict=True) if old != new))
        yield finding(field, "mixed-script", tag, "error", at, own, letters=letters)
    elif _UNDERSCORED.fullmatch(tag):
        fix = "#" + "".join(part[:1].upper() + part[1:] for part in tag.removeprefix("#").split("_"))
        yield finding(field, "tag-case", tag, place=at, fix=fix)
