"""LinkedIn's "little text", in which a sign that is not escaped cuts the rest of a post off without a word.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
"""

import re

from campaign.core.facets import find_facets

_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# What somebody, or LinkedIn itself, may have made of a text: {hashtag|\#|tag} and @[name](urn).
_HASHTAG = re.compile(r"\{hashtag\|\\?([#＃])\|((?:\\.|[^}\\])*)\}", re.DOTALL)
_MENTION = re.compile(r"@\[((?:\\.|[^\]\\])*)\]\s?\(urn:li:\w+:(?:\\.|[^)\\])+\)", re.DOTALL)


def to_little(text: str) -> str:
    r"""Return a text in which each sign means itself, and hashtags are hashtags.

    >>> to_little("A (b) #평화_길 c_d")
    'A \\(b\\) {hashtag|\\#|평화\\_길} c\\_d'
    """
    raw, pieces, end = text.encode(), [], 0
    for facet in find_facets(text):
        if facet.kind == "tag":
            pieces += [_escaped(raw[end : facet.start].decode()), rf"{{hashtag|\#|{_escaped(facet.value)}}}"]
            end = facet.end
    return "".join([*pieces, _escaped(raw[end:].decode())])


def from_little(commentary: str) -> str:
    r"""Return the text as people see it.

    >>> from_little(to_little("A (b) #평화_길 c_d"))
    'A (b) #평화_길 c_d'
    """
    # What is taken out is kept in escaped form, so that each backslash is read once.
    plain = _HASHTAG.sub(lambda found: f"\\{found[1]}{found[2]}", commentary)
    return _ESCAPED.sub(r"\1", _MENTION.sub(lambda found: found[1], plain))


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\g<0>", text)
