"""Whether a translation still says what the source says: derived from revisions, field by field, never stored."""

from collections.abc import Sequence
from itertools import pairwise

from campaign.core.model import FIELDS, WORDING, Field, Lang, Variant


def latest(variants: Sequence[Variant]) -> dict[Lang, Variant]:
    """Return the newest revision in each language."""
    newest: dict[Lang, Variant] = {}
    for variant in variants:
        if variant.lang not in newest or variant.revision > newest[variant.lang].revision:
            newest[variant.lang] = variant
    return newest


def stale_fields(variants: Sequence[Variant], source: Lang) -> dict[Lang, dict[Field, int]]:
    """Return language → field → the source revision that changed its meaning since the field was translated.

    A field that names no source revision was composed together with the first one; one that names revision 0 was copied
    from another post, and needs a look. A source edit that mends a typo makes nothing stale; nor does one that leaves
    the field as it was.
    """
    changed: dict[Field, int] = dict.fromkeys(FIELDS, 1) | _changes(variants, source)
    found: dict[Lang, dict[Field, int]] = {}
    for lang, variant in latest(variants).items():
        if lang == source:
            continue
        stale = {name: revision for name, revision in changed.items() if revision > variant.based_on.get(name, 1)}
        if stale:
            found[lang] = stale
    return found


def outdated(variants: Sequence[Variant], source: Lang) -> dict[Lang, int]:
    """Return the languages whose wording is older than a change of the source's meaning → that source revision.

    Outdated alt texts and captions are not meant: they are told, and keep nothing from going out.
    """
    found: dict[Lang, int] = {}
    for lang, stale in stale_fields(variants, source).items():
        revisions = [revision for name, revision in stale.items() if name in WORDING]
        if revisions:
            found[lang] = max(revisions)
    return found


def blocked(variants: Sequence[Variant], source: Lang) -> dict[Lang, str]:
    """Return the languages that must not go out as they are → why: outdated, or a machine's words."""
    found = {
        lang: f"outdated in {lang}: {source} has changed (revision {revision})"
        if revision > 1
        else f"copied in {lang}: a person must look whether it holds, and save it"
        for lang, revision in outdated(variants, source).items()
    }
    for lang, variant in latest(variants).items():
        if variant.machine is not None:
            found[lang] = f"translated by {variant.machine} in {lang}: a person must save it first"
    return found


def _changes(variants: Sequence[Variant], source: Lang) -> dict[Field, int]:
    """Return field → the newest source revision that changed its meaning."""
    own = sorted((v for v in variants if v.lang == source), key=lambda v: v.revision)
    found: dict[Field, int] = {}
    for before, after in pairwise(own):
        if after.change == "meaning":
            found |= {name: after.revision for name in FIELDS if getattr(before, name) != getattr(after, name)}
    return found
