"""Attach: the media of a draft taken in, and what of them goes out to one account in its languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from campaign.core.adapter import Capabilities, MediaRule
from campaign.core.errors import Invalid
from campaign.core.model import Account, Campaign, Medium, OutgoingMedium, PostMedium
from campaign.core.text import check_text
from campaign.media.images import fit_image, take_image
from campaign.media.library import Library
from campaign.media.shelf import Shelf, digest_of
from campaign.service import App
from campaign.service.draft import Draft, Picture, Placed, Progress, placed


@dataclass
class Attachments:
    """The media of one draft, in order.

    Attributes:
        media: as they stand in the post, clean.
        lies: digest → where its bytes are, of everything that is kept with the post.
        rows: digest → medium of everything that needs a row besides `media`: renditions, captions, posters.
    """

    shelf: Shelf  # where renditions of pictures are made
    media: list[PostMedium] = field(default_factory=list)
    lies: dict[str, Library] = field(default_factory=dict)
    rows: dict[str, Medium] = field(default_factory=dict)

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
        """Return the media as they go out to an account in these languages, and what stands against that."""
        made: list[OutgoingMedium] = []
        findings: list[Placed] = []
        for item in self.media:
            medium = item.medium
            rule = _rule_for(medium, capabilities)
            if rule is not None:
                try:
                    medium = self._fitted(item, rule)
                except Invalid as error:
                    field = f"media {item.position} ({'+'.join(langs)})"
                    where = f"{account.platform} account {account.name}"
                    wrong = Invalid(field, error.value, f"{error.rule} ({where})")
                    findings += placed(wrong, account.name, tuple(langs))
            made.append(
                OutgoingMedium(
                    sha256=medium.sha256,
                    mime=medium.mime,
                    size=medium.size,
                    width=medium.width,
                    height=medium.height,
                    alt="\n".join(item.alt[lang] for lang in langs if lang in item.alt),
                )
            )
        return tuple(made), findings

    def _fitted(self, item: PostMedium, rule: MediaRule) -> Medium:
        medium = item.medium
        recipe = ["fit", medium.sha256, str(rule.max_bytes), str(rule.max_pixels), *sorted(rule.mimes)]
        [fitted] = self.shelf.made(
            recipe, lambda: [fit_image(medium, self.shelf, rule.max_bytes, rule.max_pixels, rule.mimes)]
        )
        if fitted.sha256 != medium.sha256:
            self.rows[fitted.sha256] = fitted
            self.lies[fitted.sha256] = self.shelf
        return fitted


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
        langs: the languages that the post goes out in; each needs an alt text.
        pictures: where pictures are read and cleaned.
        progress: told how far a clip is, while one is encoded.
    """
    found = Attachments(pictures)
    findings: list[Placed] = []
    for position, picture in enumerate(draft.pictures, 1):
        findings += _told(campaign, position, picture, langs)
    if findings and pictures is not app.shelf:
        return found, findings  # nothing is read of a draft that is refused
    for position, picture in enumerate(draft.pictures, 1):
        try:
            alt = _checked_alt(position, picture.alt)
            _take_picture(app, found, position, picture, alt)
        except Invalid as error:
            findings += placed(error)
    return found, findings


def _told(campaign: Campaign, position: int, picture: Picture, langs: Sequence[str]) -> list[Placed]:
    """Return what a person must still say about a medium, without looking into it."""
    findings: list[Placed] = []
    for lang in picture.alt:
        if lang not in campaign.languages:
            wrong = Invalid(f"alt {position} ({lang})", lang, f"is no language of campaign {campaign.name}")
            findings += placed(wrong, langs=(lang,))
    for lang in langs:
        if not picture.alt.get(lang, "").strip():
            rule = f"{picture.file.name} needs an alt text in {lang}; give it as --alt {lang}=…"
            findings += placed(Invalid(f"alt {position} ({lang})", "", rule), langs=(lang,))
    return findings


def _checked_alt(position: int, alt: Mapping[str, str]) -> dict[str, str]:
    return {lang: check_text(f"alt {position} ({lang})", text) for lang, text in alt.items() if text.strip()}


def _take_picture(app: App, found: Attachments, position: int, picture: Picture, alt: dict[str, str]) -> None:
    shelf = found.shelf

    def take() -> list[Medium]:
        image = take_image(picture.file, shelf, max_pixels=app.max_pixels)
        return [image.medium, image.original]

    # The suffix is part of the recipe: a name that disagrees with the content is refused.
    recipe = ["picture", digest_of(picture.file), picture.file.suffix.lower(), str(app.max_pixels)]
    medium, original = shelf.made(recipe, take)
    found.media.append(PostMedium("", position, medium, alt))
    found.lies |= {medium.sha256: shelf, original.sha256: shelf}


def _rule_for(medium: Medium, capabilities: Capabilities) -> MediaRule | None:
    kind = "video" if medium.is_clip else "image"
    return next((rule for rule in capabilities.media if rule.kind == kind), None)
