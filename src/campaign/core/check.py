"""check(): whether an Outgoing fits its account; the only reader of a platform's limits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

import regex

from campaign.core.adapter import Capabilities, MediaRule
from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.finding import Finding
from campaign.core.model import Outgoing, OutgoingMedium
from campaign.core.text import count

__all__ = ["Finding", "check", "demand", "price", "text_limit"]

_HASHTAG = regex.compile(r"(?<![\w&/])#[\p{L}\p{N}_]+")


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
        if rule.optional and outgoing.media:
            return []
        return [Finding("error", _name(outgoing), "''", "must not be empty", code="text-empty")]
    if wrong := _strange(_name(outgoing), outgoing.text, rule.forbidden, outgoing):
        return [wrong]
    if rule.max_tags is not None and (tags := len(_HASHTAG.findall(outgoing.text))) > rule.max_tags:
        most = f"{outgoing.platform} takes at most {rule.max_tags} in a post; leave some out"
        told = _told(n=tags, platform=outgoing.platform, most=rule.max_tags)
        return [Finding("error", "hashtags", str(tags), most, code="hashtags-over-limit", told=told)]
    length = count(outgoing.text, rule)
    limit = text_limit(outgoing, capabilities)
    size = len(outgoing.text.encode())
    where = f"{outgoing.platform} account {outgoing.account}"
    if length <= limit and rule.max_bytes is not None and size > rule.max_bytes:
        most = f"is over the limit of {rule.max_bytes} bytes of {where}; shorten it"
        told = _told(where=where, length=size, limit=rule.max_bytes)
        return [Finding("error", _name(outgoing), f"of {size} bytes", most, code="text-over-bytes", told=told)]
    if length <= limit:
        return []
    told = _told(where=where, length=length, limit=limit, n=length - limit)
    if limit != rule.limit:
        where += " for a text under a medium"
    most = f"is over the limit of {limit} of {where} (hashtags and link included); "
    most += f"shorten it by {length - limit}, or let it go out as a thread"
    return [Finding("error", _name(outgoing), f"of {length} {rule.counts}", most, code="text-over-limit", told=told)]


def _strange(field: str, text: str, forbidden: str, outgoing: Outgoing) -> Finding | None:
    found = sorted(set(text) & set(forbidden))
    if not found:
        return None
    rule = f"{outgoing.platform} does not take {' '.join(found)} in it; write it another way"
    told = _told(platform=outgoing.platform, signs=" ".join(found))
    return Finding("error", field, text, rule, code="text-forbidden", told=told)


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
                needed = f"{where} needs a title; give one with --title"
                findings.append(Finding("error", field, "''", needed, code="title-missing", told=_told(where=where)))
        elif wrong := _strange(field, title, rule.forbidden, outgoing):
            findings.append(wrong)
        elif length > rule.limit:
            most = f"is over the limit of {rule.limit} of {where}; shorten it by {length - rule.limit}"
            told = _told(where=where, length=length, limit=rule.limit, n=length - rule.limit)
            value = f"of {length} {rule.counts}"
            findings.append(Finding("error", field, value, most, code="title-over-limit", told=told))
    return findings


def _price(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    asked = price(outgoing, capabilities)
    if not asked:
        return []
    dear = [entry for entry in capabilities.prices if entry.what == "post_with_link" and entry.usd == asked]
    linked = bool(dear) and "://" in outgoing.text
    rule = f"is what {outgoing.platform} asks for a post" + (" with a link" if linked else "")
    code, told = "price-with-link" if linked else "price", _told(platform=outgoing.platform, usd=asked)
    return [Finding("warning", "price", f"{asked} USD", rule, code=code, told=told)]


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
            told = _told(where=where, mime=medium.mime, list=known)
            only = f"{where} takes only: {known}"
            findings.append(Finding("error", field, medium.mime, only, code="media-kind", told=told))
            continue
        counts[rule.kind] += 1
        if counts[rule.kind] == rule.max_count + 1:
            number = sum(1 for item in outgoing.media if item.mime in rule.mimes)
            findings.append(_many(f"{number} {rule.kind}s", where, number, rule.max_count))
        if medium.size > rule.max_bytes:
            most = f"{where} takes at most {rule.max_bytes} bytes"
            told = _told(where=where, n=medium.size, limit=rule.max_bytes)
            findings.append(
                Finding("error", field, f"of {medium.size} bytes", most, code="media-over-bytes", told=told)
            )
        pixels = (medium.width or 0) * (medium.height or 0)
        if rule.max_pixels is not None and pixels > rule.max_pixels:
            most = f"{where} takes at most {rule.max_pixels} pixels"
            told = _told(where=where, n=pixels, limit=rule.max_pixels)
            findings.append(Finding("error", field, f"of {pixels} pixels", most, code="media-over-pixels", told=told))
        findings += _shape(field, medium, rule, where)
        findings += _alt(outgoing, position, medium.alt, rule, where)
        findings += _length(field, medium, rule, where)
    if len(outgoing.media) < capabilities.min_media and outgoing.part == 1:
        least = f"{where} needs at least {capabilities.min_media} in a post; add one with --image or --video"
        told = _told(where=where, least=capabilities.min_media)
        findings.append(
            Finding("error", "media", f"{len(outgoing.media)} media", least, code="media-missing", told=told)
        )
    for kind in sorted(capabilities.alone & set(counts)):
        if len(counts) > 1:
            mixed = f"{where} does not mix a {kind} with other media; give them a post each"
            kinds = " and ".join(sorted(counts))
            findings.append(Finding("error", "media", kinds, mixed, code="media-mixed", told=_told(where=where)))
    if capabilities.max_media is not None and len(outgoing.media) > capabilities.max_media:
        number = len(outgoing.media)
        findings.append(_many(f"{number} media", where, number, capabilities.max_media))
    return findings


def _many(value: str, where: str, number: int, most: int) -> Finding:
    told = _told(where=where, n=number, most=most)
    return Finding("error", "media", value, f"{where} takes at most {most} a post", code="media-over-count", told=told)


def _length(field: str, medium: OutgoingMedium, rule: MediaRule, where: str) -> list[Finding]:
    seconds = medium.seconds
    if rule.max_seconds is not None and (seconds or 0) > rule.max_seconds:
        code, limit = "media-over-seconds", rule.max_seconds
        asked = f"{where} takes at most {limit:g} seconds; cut it"
    elif seconds is not None and seconds < rule.min_seconds:
        code, limit = "media-under-seconds", rule.min_seconds
        asked = f"{where} takes at least {limit:g} seconds; make it longer"
    else:
        return []
    told = _told(where=where, n=f"{seconds:g}", limit=f"{limit:g}")
    return [Finding("error", field, f"of {seconds:g} seconds", asked, code=code, told=told)]


def _shape(field: str, medium: OutgoingMedium, rule: MediaRule, where: str) -> list[Finding]:
    if not medium.width or not medium.height:
        return []
    sides, shape = (medium.width, medium.height), f"of {medium.width}×{medium.height} pixels"
    if rule.max_sides is not None and sum(sides) > rule.max_sides:
        told = _told(where=where, shape=shape[3:], limit=rule.max_sides)
        asked = f"{where} takes at most {rule.max_sides} for width + height"
        return [Finding("error", field, shape, asked, code="media-over-sides", told=told)]
    least, most = rule.ratios or (0.0, float("inf"))
    if not least <= sides[0] / sides[1] <= most:
        shapes = f"{where} takes a width of {least:g} to {most:g} times the height; crop it"
        told = _told(where=where, shape=shape[3:], least=f"{least:g}", most=f"{most:g}")
        return [Finding("error", field, shape, shapes, code="media-shape", told=told)]
    if rule.max_ratio is not None and max(sides) > rule.max_ratio * min(sides):
        told = _told(where=where, shape=shape[3:], limit=f"{rule.max_ratio:g}")
        asked = f"{where} takes at most {rule.max_ratio:g} times as long as wide"
        return [Finding("error", field, shape, asked, code="media-too-long-shape", told=told)]
    return []


def _alt(outgoing: Outgoing, position: int, alt: str, rule: MediaRule, where: str) -> list[Finding]:
    field = f"alt {position} ({'+'.join(outgoing.langs)})"
    if not alt.strip():
        needed = "every picture needs an alt text in each language it goes out in"
        told = _told(langs=", ".join(outgoing.langs))
        return [Finding("error", field, "''", needed, code="alt-missing", told=told)]
    if rule.max_alt and len(alt) > rule.max_alt:
        rest = f"is over the limit of {rule.max_alt} of {where}; shorten it"
        told = _told(where=where, n=len(alt), limit=rule.max_alt)
        return [Finding("error", field, f"of {len(alt)} characters", rest, code="alt-over-limit", told=told)]
    if alt.strip() == outgoing.text.strip():
        rest = "repeats the post's text; say what the picture shows"
        return [Finding("warning", field, "", rest, code="alt-repeats-text")]
    return []


def _languages(outgoing: Outgoing, capabilities: Capabilities) -> list[Finding]:
    tags = [lang for lang in outgoing.langs if lang not in outgoing.localized]  # what is localized tells by itself
    if len(tags) <= capabilities.languages or not capabilities.languages:
        return []
    value = "+".join(tags)
    rule = f"{outgoing.platform} takes {capabilities.languages} language tag(s); it will be tagged {tags[0]}"
    told = _told(platform=outgoing.platform, most=capabilities.languages, lang=tags[0])
    return [Finding("warning", "langs", value, rule, code="language-tags", told=told)]


def _told(**values: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in values.items())


def _rule_for(mime: str, capabilities: Capabilities) -> MediaRule | None:
    return next((rule for rule in capabilities.media if mime in rule.mimes), None)


def _name(outgoing: Outgoing) -> str:
    part = f" part {outgoing.part}" if outgoing.parts > 1 else ""
    return f"text ({'+'.join(outgoing.langs)}){part}"
