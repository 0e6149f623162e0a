"""Whether a translation still says what the source says: derived from revisions, never stored."""

from collections.abc import Sequence

from campaign.core.model import Lang, Variant


def latest(variants: Sequence[Variant]) -> dict[Lang, Variant]:
    """Return the newest revision in each language."""
    newest: dict[Lang, Variant] = {}
    for variant in variants:
        if variant.lang not in newest or variant.revision > newest[variant.lang].revision:
            newest[variant.lang] = variant
    return newest


def outdated(variants: Sequence[Variant], source: Lang) -> dict[Lang, int]:
    """Return the languages whose wording is older than a change of the source's meaning → that source revision.

    A wording that names no source revision was composed together with the first one. A source edit that mends a typo
    outdates nothing.
    """
    changes = [v.revision for v in variants if v.lang == source and v.revision > 1 and v.change == "meaning"]
    found: dict[Lang, int] = {}
    for lang, variant in latest(variants).items():
        later = [revision for revision in changes if revision > (variant.based_on or 1)]
        if lang != source and later:
            found[lang] = max(later)
    return found
