"""check(): whether an Outgoing fits its account; the only reader of a platform's limits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import regex

from campaign.core.adapter import Capabilities, MediaRule
from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.model import Outgoing, OutgoingMedium
from campaign.core.text import count

_HASHTAG = regex.compile(r"(?<![\w&/])#[\p{L}\p{N}_]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about an Outgoing that a person should know. An error stops it, a warning does not."""

    severity: Literal["error", "warning"]
    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field} {self.value}: {self.rule}"


def check(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    """Return what stands against sending this Outgoing to its account. Pure; asked at every gate and before sending."""
    return [
        *_text(outgoing, capabilities),
        *_title(outgoing, capabilities),
        *_media(outgoing, capabilities),
        *_languages(outgoing, capabilities),
        *_others(outgoing, capabilities),
        *_price(outgoing, capabilities),
    ]


def price(outgoing: Outgoing, capabilities: Capabilities) -> Decimal | None:
    """Return what the platform asks for this Outgoing, in US dollars; None: nothing."""
    prices = {entry.what: entry.usd for entry in capabilities.prices}
    what: Literal["post", "post_with_link"] = "post_with_link" if "://" in outgoing.text else "post"
    return prices.get(what, prices.get("post"))


def text_limit(outgoing: Outgoing, capabilities: Capabilities) -> int:
    """Return how long the text of this Outgoing may be, as its platform counts."""
    rule = capabilities.text
    return rule.limit if not outgoing.media or rule.limit_with_media is None else rule.limit_with_media


def demand(findings: Sequence[Finding]) -> None:
    """Raise what a gate must refuse.

    Raises:
        ManyInvalid: there is at least one error among the findings.
    """
    errors = [
        Invalid(finding.field, finding.value, finding.rule) for finding in findings if finding.severity == "error"
    ]
    if errors:
        raise ManyInvalid(errors)


def _text(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    rule = capabilities.text
    if not outgoing.text.strip():
        return (
            [] if rule.optional and outgoing.media else [Finding("error", _name(outgoing), "''", "must not be empty")]
        )
    if wrong := _strange(_name(outgoing), outgoing.text, rule.forbidden, outgoing):
        return [wrong]
    if rule.max_tags is not None and (tags := len(_HASHTAG.findall(outgoing.text))) > rule.max_tags:
        most = f"{outgoing.platform} takes at most {rule.max_tags} in a post; leave some out"
        return [Finding("error", "hashtags", str(tags), most)]
    length = count(outgoing.text, rule)
    limit = text_limit(outgoing, capabilities)
    size = len(outgoing.text.encode())
    if length <= limit and rule.max_bytes is not None and size > rule.max_bytes:
        most = f"is over the limit of {rule.max_bytes} bytes of {outgoing.platform} account {outgoing.account}"
        return [Finding("error", _name(outgoing), f"of {size} bytes", f"{most}; shorten it")]
    if length <= limit:
        return []
    where = f"{outgoing.platform} account {outgoing.account}"
    if limit != rule.limit:
        where += " for a text under a medium"
    return [
        Finding(
            "error",
            _name(outgoing),
            f"of {length} {rule.counts}",
            f"is over the limit of {limit} of {where} (hashtags and link included); "
            f"shorten it by {length - limit}, or let it go out as a thread",
        )
    ]


def _strange(field: str, text: str, forbidden: str, outgoing: Outgoing) -> Finding | None:
    found = sorted(set(text) & set(forbidden))
    if not found:
        return None
    rule = f"{outgoing.platform} does not take {' '.join(found)} in it; write it another way"
    return Finding("error", field, text, rule)


def _title(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    rule, where = capabilities.title, f"{outgoing.platform} account {outgoing.account}"
    if rule is None or outgoing.part > 1:
        return []  # what a platform does not show by itself is no matter of its limits
    findings: list[Finding] = []
    own = {outgoing.langs[0]: outgoing.title or ""}
    for lang, title in {**own, **{lang: told.get("title", "") for lang, told in outgoing.localized.items()}}.items():
        field, length = f"title ({lang})", count(title, replace(capabilities.text, limit=0, counts=rule.counts))
        if not title.strip():
            if rule.required:
                findings.append(Finding("error", field, "''", f"{where} needs a title; give one with --title"))
        elif wrong := _strange(field, title, rule.forbidden, outgoing):
            findings.append(wrong)
        elif length > rule.limit:
            most = f"is over the limit of {rule.limit} of {where}; shorten it by {length - rule.limit}"
            findings.append(Finding("error", field, f"of {length} {rule.counts}", most))
    return findings


def _price(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    asked = price(outgoing, capabilities)
    if not asked:
        return []
    dear = [entry for entry in capabilities.prices if entry.what == "post_with_link" and entry.usd == asked]
    why = "for a post with a link" if dear and "://" in outgoing.text else "for a post"
    return [Finding("warning", "price", f"{asked} USD", f"is what {outgoing.platform} asks {why}")]


def _others(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    """Return what is wrong with the wordings that stand beside the post's own: strategy native."""
    findings: list[Finding] = []
    for lang, told in outgoing.localized.items():
        alone = replace(outgoing, langs=(lang,), text=told.get("text", ""), localized={}, media=outgoing.media)
        findings += _text(alone, capabilities)
    return findings


def _media(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    findings: list[Finding] = []
    where = f"{outgoing.platform} account {outgoing.account}"
    counts: Counter[str] = Counter()
    for position, medium in enumerate(outgoing.media, 1):
        field = f"media {position} ({outgoing.langs[0]})"
        rule = _rule_for(medium.mime, capabilities)
        if rule is None:
            known = ", ".join(sorted(mime for rule in capabilities.media for mime in rule.mimes))
            findings.append(Finding("error", field, medium.mime, f"{where} takes only: {known}"))
            continue
        counts[rule.kind] += 1
        if counts[rule.kind] == rule.max_count + 1:
            number = sum(1 for item in outgoing.media if item.mime in rule.mimes)
            findings.append(
                Finding("error", "media", f"{number} {rule.kind}s", f"{where} takes at most {rule.max_count} a post")
            )
        if medium.size > rule.max_bytes:
            findings.append(
                Finding("error", field, f"of {medium.size} bytes", f"{where} takes at most {rule.max_bytes} bytes")
            )
        pixels = (medium.width or 0) * (medium.height or 0)
        if rule.max_pixels is not None and pixels > rule.max_pixels:
            findings.append(
                Finding("error", field, f"of {pixels} pixels", f"{where} takes at most {rule.max_pixels} pixels")
            )
        findings += _shape(field, medium, rule, where)
        findings += _alt(outgoing, position, medium.alt, rule, where)
        if rule.max_seconds is not None and (medium.seconds or 0) > rule.max_seconds:
            longest = f"{where} takes at most {rule.max_seconds:g} seconds; cut it"
            findings.append(Finding("error", field, f"of {medium.seconds:g} seconds", longest))
        if medium.seconds is not None and medium.seconds < rule.min_seconds:
            least = f"{where} takes at least {rule.min_seconds:g} seconds; make it longer"
            findings.append(Finding("error", field, f"of {medium.seconds:g} seconds", least))
    if len(outgoing.media) < capabilities.min_media and outgoing.part == 1:
        least = f"{where} needs at least {capabilities.min_media} in a post; add one with --image or --video"
        findings.append(Finding("error", "media", f"{len(outgoing.media)} media", least))
    for kind in sorted(capabilities.alone & set(counts)):
        if len(counts) > 1:
            mixed = f"{where} does not mix a {kind} with other media; give them a post each"
            findings.append(Finding("error", "media", " and ".join(sorted(counts)), mixed))
    if capabilities.max_media is not None and len(outgoing.media) > capabilities.max_media:
        most = f"{where} takes at most {capabilities.max_media} a post"
        findings.append(Finding("error", "media", f"{len(outgoing.media)} media", most))
    return findings


def _shape(field: str, medium: OutgoingMedium, rule: MediaRule, where: str) -> list[Finding]:
    if not medium.width or not medium.height:
        return []
    sides, shape = (medium.width, medium.height), f"of {medium.width}×{medium.height} pixels"
    if rule.max_sides is not None and sum(sides) > rule.max_sides:
        return [Finding("error", field, shape, f"{where} takes at most {rule.max_sides} for width + height")]
    least, most = rule.ratios or (0.0, float("inf"))
    if not least <= sides[0] / sides[1] <= most:
        shapes = f"{where} takes a width of {least:g} to {most:g} times the height; crop it"
        return [Finding("error", field, shape, shapes)]
    if rule.max_ratio is not None and max(sides) > rule.max_ratio * min(sides):
        return [Finding("error", field, shape, f"{where} takes at most {rule.max_ratio:g} times as long as wide")]
    return []


def _alt(outgoing: Outgoing, position: int, alt: str, rule: MediaRule, where: str) -> list[Finding]:
    field = f"alt {position} ({'+'.join(outgoing.langs)})"
    if not alt.strip():
        return [Finding("error", field, "''", "every picture needs an alt text in each language it goes out in")]
    if rule.max_alt and len(alt) > rule.max_alt:
        rest = f"is over the limit of {rule.max_alt} of {where}; shorten it"
        return [Finding("error", field, f"of {len(alt)} characters", rest)]
    if alt.strip() == outgoing.text.strip():
        return [Finding("warning", field, "", "repeats the post's text; say what the picture shows")]
    return []


def _languages(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    tags = [lang for lang in outgoing.langs if lang not in outgoing.localized]  # what is localized tells by itself
    if len(tags) <= capabilities.languages or not capabilities.languages:
        return []
    value = "+".join(tags)
    rule = f"{outgoing.platform} takes {capabilities.languages} language tag(s); it will be tagged {tags[0]}"
    return [Finding("warning", "langs", value, rule)]


def _rule_for(mime: str, capabilities: Capabilities) -> MediaRule | None:
    return next((rule for rule in capabilities.media if mime in rule.mimes), None)


def _name(outgoing: Outgoing) -> str:
    part = f" part {outgoing.part}" if outgoing.parts > 1 else ""
    return f"text ({'+'.join(outgoing.langs)}){part}"
