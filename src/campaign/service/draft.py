"""A draft: what a person hands in, and what stands against it before anything is rendered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign.core.check import Finding
from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.model import Account, Campaign, Leg, Overflow, Person, Post, Strategy
from campaign.core.schedule import Fold, Gap, in_zone, parse_local, resolve, zone
from campaign.core.text import check_tag, check_text, normalise
from campaign.service import App

Progress = Callable[[str, float], None]  # what is being made, and how much of it is done, 0 to 1


@dataclass(frozen=True, slots=True)
class Wording:
    """One language of a draft."""

    text: str
    tags: tuple[str, ...] = ()
    link: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, by its content a picture or a clip, with alt texts and caption files (VTT, SRT) per language."""

    file: Path
    alt: Mapping[str, str]
    captions: Mapping[str, Path] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person hands in. `at` is local wall time; `zone` wins over the leg's, the leg's over the campaign's.

    Attributes:
        langs: that it is to go out in, those among them that are written later; empty: those of the wordings.
        overrides: account → language → the whole wording that goes there in place of the common one.
        anyway: why it goes out in soft quiet hours; None: it waits for their end.
        waive: LANG:CODE of findings that may stand → why, as {"ru:mixed-script": "a logo"}.
    """

    name: str
    wordings: Mapping[str, Wording]
    at: str
    to: tuple[str, ...]
    pictures: tuple[Picture, ...] = ()
    leg: str | None = None
    zone: str | None = None
    place: Mapping[str, str] | None = None
    strategy: Strategy = "split"
    overflow: Overflow = "refuse"
    gap: Gap | None = None
    fold: Fold | None = None
    now: bool = False
    langs: tuple[str, ...] = ()
    overrides: Mapping[str, Mapping[str, Wording]] | None = None
    waive: Mapping[str, str] | None = None
    anyway: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and where it belongs; no account: it is about the draft itself."""

    finding: Finding
    account: str | None = None
    langs: tuple[str, ...] = ()
    part: int = 1

    @property
    def is_error(self) -> bool:
        """Whether it keeps the draft from being kept."""
        return self.finding.severity == "error"

    def __str__(self) -> str:
        return str(self.finding)


def placed(error: Invalid, account: str | None = None, langs: tuple[str, ...] = ()) -> list[Placed]:
    """Return what an error says as findings."""
    errors = error.findings if isinstance(error, ManyInvalid) else (error,)
    return [Placed(Finding("error", one.field, str(one.value), one.rule), account, langs) for one in errors]


def raise_errors(findings: Sequence[Placed]) -> None:
    """Raise Invalid for one error among the findings, ManyInvalid for several; nothing for warnings."""
    errors = list(dict.fromkeys(item.finding for item in findings if item.is_error))
    invalid = [Invalid(finding.field, finding.value, finding.rule) for finding in errors]
    for one, finding in zip(invalid, errors, strict=True):
        one.tells = finding.message if finding.code else None
    if invalid:
        raise invalid[0] if len(invalid) == 1 else ManyInvalid(invalid)


def checked_name(field: str, name: str) -> str:
    """Return the id of a post, clean. Raises: Invalid."""
    clean = normalise(name)
    if not clean or len(clean) > 64 or not all(c.isalnum() or c in "-_." for c in clean) or clean.startswith("."):
        raise Invalid(field, name, "must be 1 to 64 letters, digits, - _ or ., as in P01")
    return clean


def checked_wordings(campaign: Campaign, given: Mapping[str, Wording]) -> tuple[dict[str, Wording], list[Placed]]:
    """Return the wordings that are sound, the source language first, and what stands against the others."""
    if not given:
        rule = "must be given in at least one language, as in --text ko=…"
        return {}, placed(Invalid("text", "", rule))
    findings: list[Placed] = []
    clean: dict[str, Wording] = {}
    for lang, wording in given.items():
        try:
            if lang not in campaign.languages:
                known = ", ".join(campaign.languages)
                raise Invalid(f"text ({lang})", lang, f"is no language of campaign {campaign.name}, which has: {known}")
            tags = tuple(check_tag(f"tags ({lang})", tag) for tag in wording.tags)
            link = wording.link.replace("{lang}", lang) if wording.link else None
            if link and not link.startswith(("https://", "http://")):
                raise Invalid(f"link ({lang})", link, "must begin with https://")
            title = checked_title(lang, wording.title)
            clean[lang] = Wording(check_text(f"text ({lang})", wording.text), tags, link, title)
        except Invalid as error:
            findings += placed(error, langs=(lang,))
    return {lang: clean[lang] for lang in in_order(campaign) if lang in clean}, findings


def declared(campaign: Campaign, given: Sequence[str], wordings: Mapping[str, Wording]) -> tuple[str, ...]:
    """Return the languages that a post is to go out in, the source first.

    Raises:
        Invalid: the campaign has none of that name, or there are words in one that is not among them.
    """
    if not given:
        return tuple(wordings)
    for lang in given:
        if lang not in campaign.languages:
            known = ", ".join(campaign.languages)
            raise Invalid("langs", lang, f"is no language of campaign {campaign.name}, which has: {known}")
    if extra := [lang for lang in wordings if lang not in given]:
        raise Invalid("langs", ",".join(given), f"leaves out {extra[0]}, in which there is a text")
    return tuple(lang for lang in in_order(campaign) if lang in given)


def in_order(campaign: Campaign) -> list[str]:
    """Return the languages of a campaign, the source first."""
    return [campaign.source_lang, *(lang for lang in campaign.languages if lang != campaign.source_lang)]


def checked_title(lang: str, title: str | None) -> str | None:
    """Return a title on one line; None for an empty one. Raises: Invalid."""
    if not title or not title.strip():
        return None
    clean = check_text(f"title ({lang})", title)
    if "\n" in clean:
        raise Invalid(f"title ({lang})", clean, "must stand on one line")
    return clean


def timed(app: App, campaign: Campaign, leg: Leg | None, draft: Draft, name: str, by: Person) -> Post:
    """Return the post with its time. Raises: Invalid for no such time, a gap, a fold, or what is past."""
    where = draft.zone or (leg.zone if leg else campaign.zone)
    zone("tz", where)
    now = app.clock.now()
    local = parse_local("at", draft.at)
    due_at = resolve("at", local, where, gap=draft.gap, fold=draft.fold)
    if due_at < now:
        if not draft.now:
            shown = f"{in_zone(due_at, where)} is past, it is {in_zone(now, where)} now"
            raise Invalid("at", draft.at, f"{shown}; give a later time, or --now to send it at once")
        due_at = now
    return Post(
        id=app.new_id(),
        campaign_id=campaign.id,
        name=name,
        leg_id=leg.id if leg else None,
        local_at=local,
        zone=where,
        tzdata=app.tzdata,
        due_at=due_at,
        place=dict(draft.place or {}),
        author=by.name,
        created_at=now,
        overflow=draft.overflow,
        gap=draft.gap,
        fold=draft.fold,
        quiet_because=checked_reason("anyway", draft.anyway),
        changed_at=now,
    )


def checked_reason(field: str, reason: str | None) -> str | None:
    """Return a reason on one line; None where none is given. Raises: Invalid: an empty or a long one."""
    if reason is None:
        return None
    clean = " ".join(check_text(field, reason).split())
    if not clean or len(clean) > 300:
        raise Invalid(field, reason, "must say why, in at most 300 characters")
    return clean


def common_langs(account: Account, langs: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that the account speaks and the post has. Raises: Invalid when there is none."""
    common = tuple(lang for lang in langs if lang in account.langs)
    if not common:
        speaks, has = ", ".join(account.langs), ", ".join(langs)
        raise Invalid("to", account.name, f"this account speaks {speaks}, the post has {has}: no language in common")
    return common
