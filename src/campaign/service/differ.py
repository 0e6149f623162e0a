"""differ: what a row of a sheet says otherwise than the post that is there, as changes that verbs can make."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from campaign.core.errors import Conflict, Invalid, ManyInvalid
from campaign.core.model import Campaign, Overflow, PostMedium, Strategy, Variant
from campaign.core.schedule import FORMAT, Fold, Gap, parse_local, resolve
from campaign.core.text import check_tag, check_text, normalise
from campaign.service.draft import Picture, Wording, checked_title
from campaign.service.render import Scene
from campaign.service.revise import Edit
from campaign.sheets.row import Row, Words
from campaign.store.posts import Target
from campaign.store.whole import Whole

WORDS = ("text", "title", "link", "tags")


@dataclass(frozen=True, slots=True)
class Moved:
    """Another time."""

    at: str
    tz: str | None
    gap: Gap | None
    fold: Fold | None
    anyway: str | None


@dataclass
class Changes:
    """What is to be changed of a post, in this order; nothing of it: the row says what is there.

    Attributes:
        arranged: what arrange() takes: media, to, strategy, overflow, leg.
        edits: (language, edit), the source language first.
        own: the same of one account's words; an edit that gives nothing takes them away.
    """

    arranged: dict[str, Any] = field(default_factory=dict)
    edits: list[tuple[str, Edit]] = field(default_factory=list)
    own: list[tuple[str, Edit]] = field(default_factory=list)
    moved: Moved | None = None
    place: dict[str, str] | None = None

    @property
    def names(self) -> list[str]:
        """The columns that differ."""
        found = list(self.arranged)
        for lang, edit in self.edits:
            for name in sorted(edit.given):
                if name in ("alt", "captions"):
                    found += [f"{name}{number}.{lang}" for number in sorted(getattr(edit, name))]
                else:
                    found.append(f"{name}.{lang}")
        found += [f"text.{lang}@{edit.account}" for lang, edit in self.own]
        return found + (["at"] if self.moved else []) + (["place"] if self.place is not None else [])


@dataclass(frozen=True, slots=True)
class Looks:
    """How a file of a row becomes a digest: of the clean picture or clip, and of captions as they are kept."""

    picture: Callable[[Picture], str]
    captions: Callable[[Path, str, PostMedium], str]


def differ(scene: Scene, row: Row, there: Whole, pictures: tuple[Picture, ...] | None, looks: Looks) -> Changes:
    """Return what a row says otherwise than the post; columns that the sheet has not say nothing.

    Args:
        pictures: the row's media; None: it has no such columns.

    Raises:
        ManyInvalid: cells that break a rule.
        Conflict: a language would be taken away, which an import does not.
    """
    found = Changes()
    wrong: list[Invalid] = []
    campaign = scene.campaign
    same_media = pictures is None or _same_media(pictures, there, looks, wrong)
    if not same_media:
        found.arranged["media"] = _with_old_words(pictures or (), there, looks)
    order = [campaign.source_lang, *(lang for lang in campaign.languages if lang != campaign.source_lang)]
    told = dict.fromkeys(
        [*row.words, *(lang for item in pictures or () for lang in (*item.alt, *(item.captions or {})))]
    )
    for lang in sorted(told, key=lambda each: order.index(each) if each in order else len(order)):
        shown = pictures if pictures is not None and same_media else ()
        try:
            edit = _edit(campaign, lang, row.words.get(lang, Words()), there, shown, looks)
        except Invalid as error:
            wrong += error.findings if isinstance(error, ManyInvalid) else [error]
            continue
        if edit is not None and edit.given:
            found.edits.append((lang, edit))
    _compare_own(scene, row, there, found, wrong)
    _compare_targets(scene, row, there, found)
    _compare_langs(row, there, found)
    try:
        found.moved = _moved(row, there)
    except Invalid as error:
        wrong.append(error)
    if row.place is not None:
        place = {lang: normalise(text) for lang, text in row.place.items()}
        if place != {lang: normalise(text) for lang, text in there.post.place.items() if text.strip()}:
            found.place = place
    if wrong:
        raise ManyInvalid(wrong)
    return found


def _same_media(pictures: tuple[Picture, ...], there: Whole, looks: Looks, wrong: list[Invalid]) -> bool:
    try:
        return [looks.picture(item) for item in pictures] == [item.medium.sha256 for item in there.media]
    except Invalid as error:
        wrong.append(error)
        return True


def _with_old_words(pictures: tuple[Picture, ...], there: Whole, looks: Looks) -> list[Picture]:
    """Return the media with what was said of those that stay, in languages that the row leaves out."""
    old = {item.medium.sha256: item for item in there.media}
    found = []
    for item in pictures:
        before = old.get(looks.picture(item))
        alt = {**before.alt, **item.alt} if before is not None else item.alt
        found.append(Picture(item.file, alt, item.captions))
    return found


def _edit(
    campaign: Campaign, lang: str, words: Words, there: Whole, pictures: tuple[Picture, ...], looks: Looks
) -> Edit | None:
    """Return the edit that one language needs; None: nothing is said in it. Raises: Invalid, Conflict."""
    old: Variant | None = there.words.get(lang)
    if words.text is not None and not words.text.strip():
        if old is not None:
            rule = "is empty, and the post has words in that language, which an import does not take away"
            raise Conflict(f"text.{lang} {rule}; cancel the post, or leave the column out")
        return None
    if old is None and words.text is None:
        return None
    if lang not in campaign.languages:
        known = ", ".join(campaign.languages)
        raise Invalid(f"text ({lang})", lang, f"is no language of campaign {campaign.name}, which has: {known}")
    given: dict[str, Any] = {}
    if words.text is not None:
        given["text"] = check_text(f"text ({lang})", words.text)
    if words.tags is not None:
        given["tags"] = tuple(check_tag(f"tags ({lang})", tag) for tag in words.tags)
    if words.link is not None:
        given["link"] = words.link.strip().replace("{lang}", lang)
        if given["link"] and not given["link"].startswith(("https://", "http://")):
            raise Invalid(f"link ({lang})", words.link, "must begin with https://")
    if words.title is not None:
        given["title"] = checked_title(lang, words.title) or ""
    if old is not None:
        before: dict[str, Any] = {
            "text": old.text, "tags": old.tags, "link": old.link or "", "title": old.title or "",
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value != before[name]}
    alt: dict[int, str] = {}
    captions: dict[int, Path] = {}
    for item, medium in zip(pictures, there.media, strict=True) if pictures else ():
        said = item.alt.get(lang, "")
        if said.strip() and check_text(f"alt {medium.position} ({lang})", said) != medium.alt.get(lang):
            alt[medium.position] = said
        file = (item.captions or {}).get(lang)
        if file is not None and looks.captions(file, lang, medium) != medium.captions.get(lang):
            captions[medium.position] = file
    given |= {"alt": alt} if alt else {}
    given |= {"captions": captions} if captions else {}
    return Edit(**given)


def _compare_own(scene: Scene, row: Row, there: Whole, found: Changes, wrong: list[Invalid]) -> None:
    """Compare the words that accounts have of their own, over the common ones as they will be."""
    edits = dict(found.edits)
    targets = {
        scene.accounts[each.account_id].name: each for each in there.targets if each.account_id in scene.accounts
    }
    for account, langs in row.own.items():
        target = targets.get(account)
        for lang, words in langs.items():
            old = there.words.get(lang)
            if target is None or old is None or lang not in target.langs:
                if words.text:
                    rule = f"post {there.post.name} does not go to {account} in {lang} yet; add these words afterwards"
                    wrong.append(Invalid(f"text.{lang}@{account}", words.text, rule))
                continue
            if not words.text:
                if lang in target.overrides:
                    found.own.append((lang, Edit(account=account)))
                continue
            edit = edits.get(lang, Edit())
            common = {
                name: getattr(old, name) if getattr(edit, name) is None else getattr(edit, name) for name in WORDS
            }
            said: dict[str, Any] = {"text": check_text(f"text.{lang}@{account}", words.text)}
            for name in ("title", "link"):
                given = getattr(words, name)
                said[name] = (common[name] or "") if given is None else given.strip().replace("{lang}", lang)
            tags = common["tags"] if words.tags is None else words.tags
            said["tags"] = tuple(check_tag(f"tags.{lang}@{account}", tag) for tag in tags)
            own = target.overrides.get(lang, {})
            now = {name: own.get(name, common[name]) or "" for name in WORDS} | {
                "tags": tuple(own.get("tags", common["tags"]))
            }
            if said != now:
                found.own.append((lang, Edit(**said, account=account)))
        for lang in langs:
            if lang in edits:
                edits[lang] = replace(edits[lang], keep_own=True)
    found.edits = [(lang, edits[lang]) for lang, _ in found.edits]


def own_words(common: Variant, target: Target, lang: str) -> Wording:
    """Return what goes to an account in a language: what it has of its own over the common words."""
    own = target.overrides.get(lang, {})
    return Wording(
        own.get("text", common.text),
        tuple(own.get("tags", common.tags)),
        own.get("link", common.link) or None,
        own.get("title", common.title) or None,
    )


def _compare_targets(scene: Scene, row: Row, there: Whole, found: Changes) -> None:
    names = [scene.accounts[target.account_id].name for target in there.targets if target.account_id in scene.accounts]
    if row.to is not None and set(row.to) != set(names):
        found.arranged["to"] = row.to
    several = [target for target in there.targets if len(target.langs) > 1]
    if row.strategy and any(target.strategy != row.strategy for target in several):
        found.arranged["strategy"] = cast(Strategy, row.strategy)
    if row.overflow and row.overflow != there.post.overflow:
        found.arranged["overflow"] = cast(Overflow, row.overflow)
    if row.leg is not None:
        leg = scene.legs.get(there.post.leg_id or "")
        if row.leg != (leg.name if leg else ""):
            found.arranged["leg"] = row.leg


def _compare_langs(row: Row, there: Whole, found: Changes) -> None:
    if not row.langs:
        return
    will = {*(there.post.langs or there.words), *(lang for lang, _ in found.edits)}
    if set(row.langs) != will:
        more, less = sorted(set(row.langs) - will), sorted(will - set(row.langs))
        raise Conflict(
            f"langs names {', '.join(row.langs)}, the post goes out in {', '.join(sorted(will))}: "
            + (f"give text.{more[0]} a text" if more else f"{less[0]} is not taken away by an import")
        )


def _moved(row: Row, there: Whole) -> Moved | None:
    post = there.post
    if not row.at:
        return None
    local = parse_local("at", row.at)
    where = row.tz or post.zone
    gap, fold = row.gap or post.gap, row.fold or post.fold
    anyway = post.quiet_because if row.anyway is None else normalise(row.anyway) or None
    same_hour = local.replace(second=0) == post.local_at.replace(second=0) and where == post.zone
    if same_hour and anyway == post.quiet_because:
        # The same hour on the clock: only the choice of which of the two it is can differ.
        times = [
            resolve("at", local, where, gap=one or "forward", fold=other or "first")
            for one, other in ((gap, fold), (post.gap, post.fold))
        ]
        if times[0] == times[1]:
            return None
    return Moved(local.strftime(FORMAT), row.tz or None, gap, fold, anyway)


def by_column(error: Invalid) -> list[tuple[str, str, str]]:
    """Return (column, value, rule) of each finding, the column as a sheet calls it: text (ko) is text.ko."""
    found = error.findings if isinstance(error, ManyInvalid) else (error,)
    return [(column_of(one.field), str(one.value), one.rule) for one in found]


def column_of(name: str) -> str:
    """Return what a sheet calls a field.

    >>> column_of("alt 1 (ko)"), column_of("media 2 (ko+ru)"), column_of("to")
    ('alt1.ko', 'media2', 'to')
    """
    kind, _, lang = name.partition(" (")
    kind, lang = kind.replace(" ", ""), lang.rstrip(")")
    return kind if not lang or "+" in lang or kind.startswith("media") else f"{kind}.{lang}"
