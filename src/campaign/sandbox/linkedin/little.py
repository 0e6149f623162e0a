"""Little text, read as LinkedIn reads it: at a sign that should have been escaped, the text ends without a word.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format;
that it ends so: https://github.com/ComposioHQ/composio/issues/2710
"""

import re

RESERVED = frozenset("\\|{}@[]()<>#*_~")
_HASHTAG = re.compile(r"\{hashtag\|\\?([#＃])\|((?:\\.|[^\\|{}@\[\]()<>#*_~])+)\}")
_MENTION = re.compile(r"@\[((?:\\.|[^\\\]])+)\]\(urn:li:(?:person|organization):[\w-]+\)")
_BARE = re.compile(r"#(\w+)")


def read(commentary: str) -> tuple[str, bool]:
    """Return the text as people see it, and whether it was cut."""
    seen: list[str] = []
    at = 0
    while at < len(commentary):
        sign = commentary[at]
        if sign == "\\" and at + 1 < len(commentary) and commentary[at + 1] in RESERVED:
            seen.append(commentary[at + 1])
            at += 2
        elif sign in "{@#" and (found := (_HASHTAG.match(commentary, at) or _MENTION.match(commentary, at))):
            plain = re.sub(r"\\(.)", r"\1", found[found.lastindex or 1])
            seen.append(plain if sign == "@" else f"#{plain}")
            at = found.end()
        elif sign == "#" and (found := _BARE.match(commentary, at)):
            seen.append(found[0])
            at = found.end()
        elif sign in RESERVED:
            return "".join(seen).rstrip(), True
        else:
            seen.append(sign)
            at += 1
    return "".join(seen), False
