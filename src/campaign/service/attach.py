"""Attach: the media of a draft taken in, and what of them goes out to one account in its languages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from campaign.core.adapter import Capabilities, MediaRule
from campaign.core.check import Finding
from campaign.core.errors import Invalid
from campaign.core.model import Account, Campaign, Medium, OutgoingMedium, PostMedium
from campaign.core.text import check_text
from campaign.media.burn import burn
from campaign.media.captions import take_captions
from campaign.media.clips import fit_clip, is_clip, take_clip
from campaign.media.images import fit_image, take_image
from campaign.media.library import Library
from campaign.media.shelf import Shelf, digest_of
from campaign.service import App
from campaign.service.draft import Draft, Picture, Placed, Progress, placed


@dataclass
class Attachments:
    """The media of one draft, in order.

    Attributes:
        pictures: where pictures are read, cleaned and fitted.
        clips: where clips are; encoding one is never thrown away.
        media: as they stand in the post, clean.
        lies: digest → where its bytes are, of everything that is kept with the post.
        rows: digest → medium of everything that needs a row besides `media`: renditions, captions, posters.
        names: position → what the person calls the file.
        source: where the media lie that the shelves may have let go; None: nowhere else.
    """

    pictures: Shelf
    clips: Shelf
    progress: Progress | None = None
    media: list[PostMedium] = field(default_factory=list)
    lies: dict[str, Library] = field(default_factory=dict)
    rows: dict[str, Medium] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    source: Library | None = None

    @classmethod
    def kept(cls, app: App, media: Sequence[PostMedium], rows: Mapping[str, Medium]) -> "Attachments":
        """Return the media of a post that was kept, so that they can be rendered anew.

        Args:
            rows: digest → medium of the caption files that `media` name.
        """
        found = cls(app.shelf, app.shelf, rows=dict(rows), source=app.media)
        found.media = list(media)
        found.names = {item.position: f"media {item.position}" for item in media}
        return found

    @property
    def others(self) -> list[Medium]:
        """What needs a row besides the media themselves."""
        return list(self.rows.values())

    def keep(self, library: Library) -> None:
        """Put everything into the library. Repeatable."""
        for digest, source in self.lies.items():
            library.put(source.path(digest))

    def outgoing(
        self, account: Account, capabilities: Capabilities, langs: Sequence[str]
    ) -> tuple[tuple[OutgoingMedium, ...], list[Placed]]:
        """Return the media as they go out to an account in these languages, and what stands against that.

        A picture or clip that is too large for the account is made smaller. A clip's captions go beside it, all of
        them, where the account takes tracks; elsewhere those of these languages are burned in.
        """
        made: list[OutgoingMedium] = []
        findings: list[Placed] = []
        for item in self.media:
            medium = item.medium
            rule = _rule_for(medium, capabilities)
            if rule is not None:
                try:
                    medium = self._clip(item, rule, langs) if medium.is_clip else self._picture(medium, rule)
                except Invalid as error:
                    what = "captions" if error.field.startswith("captions") else "media"
                    rule_there = f"{error.rule} ({account.platform} account {account.name})"
                    wrong = Invalid(f"{what} {item.position} ({'+'.join(langs)})", error.value, rule_there)
                    findings += placed(wrong, account.name, tuple(langs))
            beside = rule is not None and rule.captions == "tracks"
            made.append(
                OutgoingMedium(
                    sha256=medium.sha256,
                    mime=medium.mime,
                    size=medium.size,
                    width=medium.width,
                    height=medium.height,
                    alt="\n".join(item.alt[lang] for lang in langs if lang in item.alt),
                    seconds=medium.seconds,
                    captions=dict(item.captions) if beside else {},
                    poster=item.poster,
                )
            )
        return tuple(made), findings

    def _picture(self, medium: Medium, rule: MediaRule) -> Medium:
        pixels = rule.max_pixels
        width, height = medium.width or 0, medium.height or 0
        if rule.max_sides is not None and width + height > rule.max_sides:
            small = int(width * height * (rule.max_sides / (width + height)) ** 2)
            pixels = small if pixels is None else min(small, pixels)
        recipe = ["fit", medium.sha256, str(rule.max_bytes), str(pixels), *sorted(rule.mimes)]
        shelf = self.pictures
        self._ready(shelf, medium.sha256)
        [fitted] = shelf.made(recipe, lambda: [fit_image(medium, shelf, rule.max_bytes, pixels, rule.mimes)])
        return self._noted(medium, fitted, shelf)

    def _clip(self, item: PostMedium, rule: MediaRule, langs: Sequence[str]) -> Medium:
        clip, name = item.medium, self.names[item.position]
        if rule.max_seconds is not None and (clip.seconds or 0) > rule.max_seconds:
            return clip  # check() says so; an hour of it need not be encoded first
        told = self._telling(f"{name} ({'+'.join(langs)})")
        spoken = {lang: self.rows[item.captions[lang]] for lang in langs if lang in item.captions}
        self._ready(self.clips, clip.sha256, *(medium.sha256 for medium in spoken.values()))
        shown = clip
        if spoken and rule.captions == "burned":
            shown = burn(self.clips, clip, spoken, name=name, progress=told)
        fitted = fit_clip(
            self.clips,
            shown,
            max_bytes=rule.max_bytes,
            max_pixels=rule.max_pixels,
            max_sides=rule.max_sides,
            progress=told,
        )
        return self._noted(clip, fitted, self.clips)

    def _ready(self, shelf: Shelf, *digests: str) -> None:
        """See to it that these lie on the shelf."""
        if self.source is not None:
            for digest in digests:
                if not shelf.exists(digest):
                    shelf.put(self.source.file(digest))

    def _noted(self, medium: Medium, rendition: Medium, shelf: Shelf) -> Medium:
        if rendition.sha256 != medium.sha256:
            self.rows[rendition.sha256] = rendition
            self.lies[rendition.sha256] = shelf
        return rendition

    def _telling(self, what: str) -> Callable[[float], None] | None:
        progress = self.progress
        return (lambda share: progress(what, share)) if progress is not None else None

    def take(self, position: int, picture: Picture, alt: dict[str, str], max_pixels: int) -> list[Placed]:
        """Take one file in; return what should be known about it. Raises: Invalid."""
        self.names[position] = picture.file.name
        if is_clip(picture.file):
            return self._take_clip(position, picture, alt)
        if picture.captions:
            rule = "is a picture; captions go with a clip"
            raise Invalid(f"captions {position}", picture.file.name, rule)
        shelf = self.pictures

        def take() -> list[Medium]:
            image = take_image(picture.file, shelf, max_pixels=max_pixels)
            return [image.medium, image.original]

        # The suffix is part of the recipe: a name that disagrees with the content is refused.
        recipe = ["picture", digest_of(picture.file), picture.file.suffix.lower(), str(max_pixels)]
        medium, original = shelf.made(recipe, take)
        self.media.append(PostMedium("", position, medium, alt))
        self.lies |= {medium.sha256: shelf, original.sha256: shelf}
        return []

    def _take_clip(self, position: int, picture: Picture, alt: dict[str, str]) -> list[Placed]:
        findings: list[Placed] = []
        taken = take_clip(picture.file, self.clips, progress=self._telling(picture.file.name))
        captions: dict[str, str] = {}
        for lang, file in (picture.captions or {}).items():
            name = f"captions {position} ({lang})"
            try:
                medium, told = take_captions(file, self.clips, lang=lang, seconds=taken.medium.seconds, field=name)
            except Invalid as error:
                findings += placed(error, langs=(lang,))
                continue
            captions[lang] = medium.sha256
            self.rows[medium.sha256] = medium
            findings += [Placed(Finding("warning", name, file.name, rule), langs=(lang,)) for rule in told]
        self.rows[taken.poster.sha256] = taken.poster
        self.media.append(PostMedium("", position, taken.medium, alt, captions, taken.poster.sha256))
        digests = [taken.medium.sha256, taken.original.sha256, taken.poster.sha256, *captions.values()]
        self.lies |= dict.fromkeys(digests, self.clips)
        return findings


def attach(
    app: App,
    campaign: Campaign,
    draft: Draft,
    langs: Sequence[str],
    *,
    pictures: Shelf,
    progress: Progress | None = None,
) -> tuple[Attachments, list[Placed]]:
    """Take the media of a draft in; return those that are sound, and what stands against the others.

    Args:
        langs: the languages that the post goes out in; each needs an alt text, and captions where one has them.
        pictures: where pictures are read and cleaned.
        progress: told how far a clip is, while one is encoded.
    """
    found = Attachments(pictures, app.shelf, progress)
    findings: list[Placed] = []
    for position, picture in enumerate(draft.pictures, 1):
        findings += _told(campaign, position, picture, langs)
    if findings and pictures is not app.shelf:
        return found, findings  # nothing is read of a draft that is refused
    for position, picture in enumerate(draft.pictures, 1):
        try:
            findings += found.take(position, picture, _checked_alt(position, picture.alt), app.max_pixels)
        except Invalid as error:
            findings += placed(error)
    return found, findings


def _told(campaign: Campaign, position: int, picture: Picture, langs: Sequence[str]) -> list[Placed]:
    """Return what a person must still say about a medium, without looking into it."""
    captions = picture.captions or {}
    findings: list[Placed] = []
    for what, given in (("alt", picture.alt), ("captions", captions)):
        for lang in given:
            if lang not in campaign.languages:
                wrong = Invalid(f"{what} {position} ({lang})", lang, f"is no language of campaign {campaign.name}")
                findings += placed(wrong, langs=(lang,))
    for lang in langs:
        if not picture.alt.get(lang, "").strip():
            rule = f"{picture.file.name} needs an alt text in {lang}; give it as --alt {lang}=…"
            findings += placed(Invalid(f"alt {position} ({lang})", "", rule), langs=(lang,))
        if captions and lang not in captions:
            rule = f"{picture.file.name} has captions in {', '.join(captions)} and needs them in {lang} too; "
            rule += f"give them as --captions {lang}=FILE.vtt"
            findings += placed(Invalid(f"captions {position} ({lang})", "", rule), langs=(lang,))
    return findings


def _checked_alt(position: int, alt: Mapping[str, str]) -> dict[str, str]:
    return {lang: check_text(f"alt {position} ({lang})", text) for lang, text in alt.items() if text.strip()}


def _rule_for(medium: Medium, capabilities: Capabilities) -> MediaRule | None:
    kind = "video" if medium.is_clip else "image"
    return next((rule for rule in capabilities.media if rule.kind == kind), None)
