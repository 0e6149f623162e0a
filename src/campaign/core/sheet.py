"""A platform's sheet as a table: every limit and every ability, each with its source, and no cell empty."""

from collections.abc import Mapping
from typing import Any, get_args

from campaign.core.adapter import Ability, Adapter, Capabilities, MediaRule, Source
from campaign.core.model import METRICS

ABILITIES: tuple[Ability, ...] = get_args(Ability)


def sheet(kind: type[Adapter]) -> dict[str, Any]:
    """Return what a platform declares, as plain JSON; "none" and "not offered" are answers, null is not."""
    told = kind.defaults
    kinds = {rule.kind: rule for rule in told.media}
    return {
        "name": kind.name,
        "base_url": kind.home or "the account's own server",
        **_texts(told),
        **_media("image", kinds.get("image")),
        **_media("video", kinds.get("video")),
        "alt_limit": _alt(told),
        "captions": kinds["video"].captions if "video" in kinds else "none",
        "media_needed": told.min_media,
        "languages": told.languages,
        "guarantees": [str(guarantee) for guarantee in told.guarantees],
        "settles_within": told.settles_within,
        "key_lifetime": told.key_lifetime,
        "metrics": sorted(told.metrics) or "none",
        "metrics_not_offered": sorted(set(METRICS) - set(told.metrics)) or "none",
        **{name: name not in told.missing() for name in ("threads", "edits", "deletes", "fetches", "comments")},
        "not_offered": {name: source.url for name, source in sorted(told.not_offered.items())} or "none",
        "requests": f"{told.rate.requests} in {told.rate.seconds} s",
        "counted_by": kind.counted_by,
        "posts_per_reading": told.ids_per_reading,
        "prices": {price.what: f"{price.usd} USD" for price in told.prices} or "none",
        "connected_by": "consent (OAuth 2) or a token" if kind.oauth is not None else "a token",
        "token": told.token,
        "notes": list(told.notes) or "none",
        "sources": [f"{source.url} ({source.read_on})" for source in sources(told)],
    }


def sources(told: Capabilities) -> list[Source]:
    """Return every source that a sheet names, each once."""
    rules = [told.text, told.title, *told.media, told.rate, told.media_rate, *told.prices]
    found = [rule.source for rule in rules if rule is not None]
    return list(dict.fromkeys([*found, *(told.not_offered[name] for name in sorted(told.not_offered))]))


def _texts(told: Capabilities) -> Mapping[str, Any]:
    rule, title = told.text, told.title
    return {
        "text_limit": rule.limit,
        "text_limit_with_media": rule.limit_with_media or rule.limit,
        "counts": rule.counts,
        "link_length": "as written" if rule.link_length is None else rule.link_length,
        "text_needed": not rule.optional,
        "title_limit": "none" if title is None else title.limit,
        "title_needed": title is not None and title.required,
        "several_languages_in_one_post": told.localizes,
    }


def _media(name: str, rule: MediaRule | None) -> Mapping[str, Any]:
    if rule is None:
        return {f"{name}s": 0, f"{name}_bytes": 0, f"{name}_types": "none"}
    return {
        f"{name}s": rule.max_count,
        f"{name}_bytes": rule.max_bytes,
        f"{name}_types": sorted(rule.mimes),
        f"{name}_pixels": rule.max_pixels or "none",
    } | ({"video_seconds": rule.max_seconds or "none"} if name == "video" else {})


def _alt(told: Capabilities) -> int | str:
    limits = [rule.max_alt for rule in told.media if rule.max_alt != 0]
    if not limits:
        return "not offered"
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else "no limit told"
