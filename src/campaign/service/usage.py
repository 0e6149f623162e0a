"""usage: what the words of a campaign are held against: the lint of their language, its glossary, its hashtags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from campaign.core.errors import Invalid
from campaign.core.finding import Finding
from campaign.core.glossary import Glossary
from campaign.core.lint import lint, lint_pair, lint_tags
from campaign.core.model import Campaign, Lang, Person, Post, PostMedium, Variant
from campaign.core.plan import Term, Waiver
from campaign.core.text import check_text
from campaign.service import App
from campaign.service.draft import Placed, Wording
from campaign.service.word import Worded
from campaign.store import glossary as term_rows
from campaign.store import posts as post_rows
from campaign.store import waivers as waiver_rows
from campaign.store.posts import Target

# Errors that a person may let pass; signs that hide or turn a text, and the limits of a platform, are none of them.
WAIVABLE = frozenset({"mixed-script", "tongue", "glossary-forbidden", "glossary-expired"})


@dataclass(frozen=True, slots=True)
class Usage:
    """A campaign's words as they should be; read once for many posts."""

    campaign: Campaign
    glossary: Glossary

    @classmethod
    def read(cls, tx: Any, campaign: Campaign) -> "Usage":
        """Return the usage of a campaign."""
        return cls(campaign, _glossary(_Same(term_rows.terms_of(tx, campaign.id))))

    def stops(
        self,
        post: Post,
        wordings: Mapping[Lang, Worded],
        media: Sequence[PostMedium] = (),
        targets: Sequence[Target] = (),
    ) -> list[Placed]:
        """Return what keeps words from going out, those that accounts have of their own too: the errors alone."""
        found = [one for lang in wordings for one in self._alone(post, lang, wordings[lang], media)]
        for _, own in own_words(wordings, targets):
            found += [one for lang in own for one in self._alone(post, lang, own[lang], ())]
        return list(dict.fromkeys(one for one in found if one.is_error))

    def remarks(self, post: Post, wordings: Mapping[Lang, Worded], media: Sequence[PostMedium] = ()) -> list[Placed]:
        """Return all that a native reader would say, of each language by itself and beside the source."""
        found: list[Placed] = []
        source_lang = self.campaign.source_lang
        for lang, wording in wordings.items():
            found += self._alone(post, lang, wording, media)
            if lang != source_lang and source_lang in wordings:
                found += self._beside(wordings[source_lang], lang, wording)
        return found

    def captions(self, post: Post, lang: Lang, position: int, text: str) -> list[Placed]:
        """Return what is to be said of a clip's captions; `text`: of the whole WebVTT file."""
        field, day = f"captions {position} ({lang})", post.local_at.date()
        return [Placed(one, langs=(lang,)) for one in self._text(field, text, lang, day, self.campaign.languages)]

    def _alone(self, post: Post, lang: Lang, wording: Worded, media: Sequence[PostMedium]) -> list[Placed]:
        day, among = post.local_at.date(), self.campaign.languages
        findings = self._text(f"text ({lang})", wording.text, lang, day, among)
        if wording.title:
            findings += self._text(f"title ({lang})", wording.title, lang, day, among)
        if wording.link and not wording.link.isascii():
            findings += lint(wording.link, lang, f"link ({lang})")
        required = self.campaign.required_tags.get(lang, ())
        if wording.tags or required:
            findings += lint_tags(wording.tags, lang, f"tags ({lang})", required)
            findings += self.glossary.look(" ".join(wording.tags), lang, f"tags ({lang})", day)
        for item in media:
            if alt := item.alt.get(lang):
                findings += self._text(f"alt {item.position} ({lang})", alt, lang, day, among)
        return [Placed(one, langs=(lang,)) for one in findings]

    def _text(self, field: str, text: str, lang: Lang, day: date, among: Sequence[Lang]) -> list[Finding]:
        findings = lint(text, lang, field, among=among)
        return findings + self.glossary.look(text, lang, field, day) if self.glossary.terms else findings

    def _beside(self, source: Worded, lang: Lang, wording: Worded) -> list[Placed]:
        findings: list[Finding] = []
        for name, said, says in (("text", source.text, wording.text), ("title", source.title, wording.title)):
            if said and says:
                field, source_lang = f"{name} ({lang})", self.campaign.source_lang
                findings += lint_pair(said, source_lang, says, lang, field)
                findings += self.glossary.compare(said, source_lang, says, lang, field)
        return [Placed(one, langs=(lang,)) for one in findings]


class _Same:
    """Terms as a key: the same tuple is the same glossary, whose trees are made once."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms

    def __hash__(self) -> int:
        return id(self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.terms is other.terms


@lru_cache(maxsize=8)
def _glossary(same: _Same) -> Glossary:
    return Glossary(same.terms)


def blocking(tx: Any, campaign: Campaign, post: Post, wordings: Mapping[Lang, Variant]) -> dict[Lang, str]:
    """Return the languages whose words must not go out as they are → why, as long as nobody lets it pass."""
    media = shown(post_rows.media_of(tx, post.id), wordings)
    found = Usage.read(tx, campaign).stops(post, wordings, media, post_rows.targets_of(tx, post.id))
    if not found:
        return {}
    why: dict[Lang, str] = {}
    for one in unwaived(found, waiver_rows.waivers_of(tx, post.id)):
        for lang in one.langs:
            why.setdefault(lang, f"{one.finding.code or 'wrong'} in {lang}: {one.finding}")
    return why


def own_words(wordings: Mapping[Lang, Worded], targets: Sequence[Target]) -> list[tuple[str, dict[Lang, Worded]]]:
    """Return the ids of the accounts that have words of their own, with these."""
    found: list[tuple[str, dict[Lang, Worded]]] = []
    for target in targets:
        own: dict[Lang, Worded] = {
            lang: Wording(
                given.get("text", wordings[lang].text),
                tuple(given.get("tags", wordings[lang].tags)),
                given.get("link", wordings[lang].link) or None,
                given.get("title", wordings[lang].title) or None,
            )
            for lang, given in target.overrides.items()
            if lang in wordings
        }
        if own:
            found.append((target.account_id, own))
    return found


def shown(media: Sequence[PostMedium], newest: Mapping[Lang, Variant]) -> list[PostMedium]:
    """Return the media with the alt texts and captions of these revisions."""
    found: list[PostMedium] = []
    for item in media:
        alt = {lang: each.alt[item.position] for lang, each in newest.items() if item.position in each.alt}
        said = {lang: each.captions[item.position] for lang, each in newest.items() if item.position in each.captions}
        found.append(replace(item, alt={**item.alt, **alt}, captions={**item.captions, **said}))
    return found


def waivers_for(app: App, post: Post, given: Mapping[str, str], by: Person) -> list[Waiver]:
    """Return what a draft says of findings that may stand: LANG:CODE → why. Raises: Invalid."""
    made: list[Waiver] = []
    for what, reason in given.items():
        lang, _, code = what.partition(":")
        if not lang or not code:
            raise Invalid("waive", what, "must be written LANG:CODE=REASON, as in ru:mixed-script=…")
        why = check_text(f"waive ({what})", reason)
        made.append(Waiver(app.new_id(), post.id, lang, code, "", by.name, why, app.clock.now()))
    return made


def bound(app: App, waivers: Sequence[Waiver], found: Sequence[Placed]) -> list[Waiver]:
    """Return waivers of exactly these findings: what a draft lets stand holds for what it says, not for what follows.

    Raises:
        Invalid: there is no such finding, or it is one that nobody may let pass.
    """
    made: dict[tuple[str, str, str], Waiver] = {}
    for waiver in waivers:
        mine = [one.finding for one in found if one.finding.code == waiver.code and waiver.lang in one.langs]
        if not mine or not all(may_be_waived(finding) for finding in mine):
            what = f"{waiver.lang}:{waiver.code}"
            rule = "cannot be let pass: correct it" if mine else "there is no such finding here; leave it out"
            raise Invalid("waive", what, rule)
        for finding in mine:
            key = waiver.lang, waiver.code, finding.value
            made.setdefault(key, replace(waiver, id=app.new_id(), value=finding.value))
    return list(made.values())


def unwaived(found: Sequence[Placed], waivers: Sequence[Waiver]) -> list[Placed]:
    """Return the findings that nobody let pass."""
    return [one for one in found if not any(passes(waiver, one) for waiver in waivers)]


def passes(waiver: Waiver, one: Placed) -> bool:
    """Whether a waiver is about a finding."""
    finding = one.finding
    return (
        bool(finding.code)
        and waiver.code == finding.code
        and waiver.lang in one.langs
        and waiver.value in ("", finding.value)
        and may_be_waived(finding)
    )


def may_be_waived(finding: Finding) -> bool:
    """Whether a person may let a finding pass."""
    return bool(finding.code) and (finding.severity == "warning" or finding.code in WAIVABLE)
