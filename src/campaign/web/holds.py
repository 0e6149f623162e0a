"""Why something waits, does not go out or goes at another time, in the reader's language; the verbs keep it in English.

What the verbs keep is one sentence or several with semicolons between; each kind is known here by how it is written.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Final

from campaign.core.approval import is_guest
from campaign.core.lint.words import sentence
from campaign.web.formats import Look

_LANG = r"[A-Za-z]{2,3}(?:-\w+)*"
_DETAIL = r"(?: \((?:[^()]|\([^()]*\))*\))?"
_LACKING = rf"{_LANG}{_DETAIL}"
# What a person wrote stands inside: it ends where another of the sentences begins.
_END = (
    rf"(?=; (?:not approved in|outdated in|copied in|translated by|returned in|missing in|does not pass: |this campaign"
    rf"|the approval in|blackout|not ready half|[a-z-]+ in {_LANG}: )|$)"
)
# How a sentence is written → the key of what is told. They are tried in this order, each where the last one ended.
_CLAUSES: Final = tuple(
    (re.compile(pattern + r"(?:; |$)" * (not pattern.endswith(": ")), re.DOTALL), key)
    for pattern, key in (
        (r"this campaign sends a post as a whole: ", "whole"),
        (r"not ready half an hour before its time: ", "taken_back"),
        (r"this campaign sends the languages that are", "ready_only"),
        (rf"not approved in (?P<list>{_LACKING}(?:, {_LACKING})*)", "unapproved"),
        (rf"outdated in (?P<lang>{_LANG}): (?P<which>{_LANG}) has changed \(revision (?P<n>\d+)\)", "outdated"),
        (rf"copied in (?P<lang>{_LANG}): a person must look whether it holds, and save it", "copied"),
        (rf"translated by (?P<tool>.+?) in (?P<lang>{_LANG}): a person must save it first", "machine"),
        (rf"returned in (?P<lang>{_LANG}) by (?P<person>[^:]+): (?P<text>.+?){_END}", "returned"),
        (rf"missing in (?P<lang>{_LANG}): nobody has written it", "missing"),
        (rf"the approval in (?P<lang>{_LANG}) expires before its time", "expires"),
        (rf"blackout (?P<name>.+?) \((?P<days>[\d-]+(?: to [\d-]+)?)\) for the (?P<lang>{_LANG}) audience", "blackout"),
        (rf"does not pass: (?P<what>.+?){_END}", "fault"),
        (rf"(?P<code>[a-z]+(?:-[a-z]+)*) in (?P<lang>{_LANG}): (?P<what>.+?){_END}", "word"),
        (
            rf"quiet hours of the (?P<lang>{_LANG}) audience: (?P<hours>[\d:-]+) (?P<zone>[\w/+-]+)(?P<hard> hard)?",
            "quiet",
        ),
        (r"rescheduled by (?P<person>.+)", "rescheduled"),
        (r"its time passed while it was prepared; schedule it again or cancel it", "too_late"),
        (r"its time passed before it could be sent; its campaign cancels what is late", "late"),
    )
)
# Why a step does not hold, or how many there are, as core/approval.py says it.
_WHY: Final = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"step (?P<n>\d+) of (?P<of>\d+)", "step"),
        (r"for another time", "another_time"),
        (r"expired", "expired"),
        (r"taken back", "void"),
        (r"returned by (?P<person>.+)", "sent_back"),
        (rf"(?P<which>{_LANG}) says something else now", "source"),
    )
)
_ITEM = re.compile(rf"({_LANG})(?: \(((?:[^()]|\([^()]*\))*)\))?(?:, |$)")
# 2026-11-25, 2026-11-25 08:00, 2026-11-25 08:00 Asia/Seoul (UTC+9), 2026-11-25 08:00 UTC+9
_MOMENT = re.compile(
    r"\b(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d))?(?:(?: ([A-Z]\w+(?:/[\w+-]+)+|UTC)(?= \())? \(?(UTC[+-][\d:]+)\)?)?"
)


def why(text: str, look: Look) -> str | None:
    """Return what a reason means in the reader's language; None: it is none that is known.

    >>> why("outdated in ru: ko has changed (revision 2)", Look("en"))
    'Russian: outdated since revision 2 of the Korean text. Revise it, or say that it still holds.'
    """
    told: list[str] = []
    at = 0
    while at < len(text):
        known = ((pattern.match(text, at), key) for pattern, key in _CLAUSES)
        found, key = next(((found, key) for found, key in known if found), (None, ""))
        if found is None:
            return None
        said = _TELL.get(key, _plain)(key, found.groupdict(), look)
        if said is None or found.end() == at:
            return None
        told.append(said)
        at = found.end()
    return " ".join(dict.fromkeys(told)) or None


def dated(text: str, look: Look) -> str:
    """Return a sentence with the days and times in it as the desk writes them.

    >>> dated("2026-11-25 to 2026-11-26", Look("ko"))
    '2026년 11월 25일 – 2026년 11월 26일'
    """

    def written(found: re.Match[str]) -> str:
        try:
            day = datetime.combine(date.fromisoformat(found[1]), time(), tzinfo=UTC)  # only its day is shown
        except ValueError:
            return found[0]
        clock = f"{'' if look.lang == 'ko' else ','} {found[2]}" if found[2] else ""
        offset = f" ({found[4].replace('-', '−')})" if found[4] else ""
        return f"{look.date(day)}{clock}{offset}" + (f", {found[3]}" if found[3] else "")

    return _MOMENT.sub(written, re.sub(r"(?<=\d) and (?=\d)", " / ", re.sub(r"(?<=\d) to (?=\d)", " – ", text)))


def tongue(tag: str, look: Look) -> str:
    """Return a language's name inside a sentence."""
    name = look.language(tag)
    return name[:1].lower() + name[1:] if look.lang == "ru" else name


def _plain(key: str, values: dict[str, str | None], look: Look) -> str | None:
    given: dict[str, str] = {name: value or "" for name, value in values.items()}
    if "lang" in given:
        given["language"] = look.language(given.pop("lang"))
    if "which" in given:
        given["which"] = tongue(given["which"], look)
    if "person" in given:
        given["person"] = _who(given["person"], look)
    if "days" in given:
        given["days"] = dated(given["days"], look)
    return look.say(f"hold.{key}", **given)


def _unapproved(_key: str, values: dict[str, str | None], look: Look) -> str | None:
    told: list[str] = []
    plain: list[str] = []
    for found in _ITEM.finditer(values["list"] or ""):
        lang, detail = found[1], found[2]
        if detail is None:
            plain.append(lang)
            continue
        reasons = [_detail(one, look) for one in detail.split(", ")]
        if None in reasons:
            return None
        told.append(look.say("hold.unapproved.more", language=look.language(lang), more=", ".join(map(str, reasons))))
    if plain:
        names = ", ".join([look.language(plain[0]), *(tongue(lang, look) for lang in plain[1:])])
        told.insert(0, look.say("hold.unapproved", language=names))
    return " ".join([*told, look.say("hold.approve")])


def _detail(text: str, look: Look) -> str | None:
    for pattern, key in _WHY:
        if found := pattern.fullmatch(text):
            return _plain(key, found.groupdict(), look)
    return None


def _word(key: str, values: dict[str, str | None], look: Look) -> str | None:
    code = values["code"] or ""
    what = sentence(code, look.lang, {})  # type: ignore[arg-type] # a Look is of one of the three
    return _plain(f"{key}.told" if what else key, {"lang": values["lang"], "code": code, "what": what}, look)


def _fault(key: str, _values: dict[str, str | None], look: Look) -> str | None:
    return look.say(f"hold.{key}")


def _quiet(key: str, values: dict[str, str | None], look: Look) -> str | None:
    place = values["zone"] or ""
    place = look.say("hold.leg") if place == "leg" else place
    hours = f"{(values['hours'] or '').replace('-', '–')}, {place}"
    chosen = f"hold.{key}.hard" if values["hard"] else f"hold.{key}"
    return look.say(chosen, language=tongue(values["lang"] or "", look), hours=hours)


def _who(person: str, look: Look) -> str:
    return f"{look.say('review.guest')} {person.partition(' ')[2]}" if is_guest(person) else person


_TELL: Final[dict[str, Callable[[str, dict[str, str | None], Look], str | None]]] = {
    "unapproved": _unapproved,
    "word": _word,
    "fault": _fault,
    "quiet": _quiet,
}
