"""The demo's journey as data: read from the package, checked, and frozen."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from campaign.core.errors import Invalid, ManyInvalid, NotFound

FILE = "journey.yaml"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _whole(value: Any) -> Any:
    if isinstance(value, dict) and not all(isinstance(text, str) and text.strip() for text in value.values()):
        raise ValueError("every language needs a text")
    return value


Texts = Annotated[Mapping[str, str], BeforeValidator(_whole)]  # language → text


class Picture(_Row):
    """One picture of a post, or its clip: the name of the card or film to draw, and its alt text per language."""

    draw: str | None = None
    film: str | None = None
    alt: Texts

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.draw is None) == (self.film is None):
            raise ValueError("names either a card to draw or a film")
        return self


class JourneyCampaign(_Row):
    """The campaign's own row."""

    id: str
    title: Texts
    source_lang: str
    targets: tuple[str, ...]
    home_tz: str
    do_not_translate: tuple[str, ...]
    quiet_hours: Mapping[str, str]

    @property
    def languages(self) -> tuple[str, ...]:
        return self.source_lang, *self.targets


class JourneyLeg(_Row):
    """A place, its zone and its days."""

    id: str
    tz: str
    starts_on: date = Field(alias="from")
    ends_on: date = Field(alias="to")
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    name: Texts


class JourneyPost(_Row):
    """A post in all its languages, at the wall time of its leg."""

    id: str
    leg: str
    place: Texts
    local: datetime
    text: Texts
    tags: Mapping[str, tuple[str, ...]]
    link: str | None = None
    pictures: tuple[Picture, ...] = Field(min_length=1)
    vtt: Mapping[str, tuple[tuple[float, float, str], ...]] | None = None  # start and end in seconds, text

    def link_in(self, lang: str) -> str | None:
        """Return the link as it stands in one language."""
        return self.link.replace("{lang}", lang) if self.link else None


class Journey(_Row):
    """The whole demo campaign."""

    campaign: JourneyCampaign
    legs: tuple[JourneyLeg, ...]
    posts: tuple[JourneyPost, ...]

    def leg(self, id: str) -> JourneyLeg:
        for leg in self.legs:
            if leg.id == id:
                return leg
        raise NotFound("leg", id)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        legs, langs = {leg.id: leg for leg in self.legs}, set(self.campaign.languages)
        if len(legs) < len(self.legs) or len({post.id for post in self.posts}) < len(self.posts):
            raise ValueError("an id is used twice")
        for leg in self.legs:
            if langs != set(leg.name) or leg.ends_on < leg.starts_on:
                raise ValueError(f"leg {leg.id}: its name needs {sorted(langs)}, and it ends after it starts")
        for post in self.posts:
            leg_of = legs.get(post.leg)
            if leg_of is None:
                raise ValueError(f"post {post.id}: there is no leg {post.leg}")
            if post.local.tzinfo or not leg_of.starts_on <= post.local.date() <= leg_of.ends_on:
                raise ValueError(f"post {post.id}: {post.local} is no wall time within its leg")
            told = [post.place, post.text, post.tags, *(picture.alt for picture in post.pictures), post.vtt or langs]
            if bool(post.vtt) != any(picture.film for picture in post.pictures):
                raise ValueError(f"post {post.id}: vtt goes with a film, and a film with vtt")
            if any(langs != set(texts) for texts in told):
                raise ValueError(f"post {post.id}: place, text, tags, alt and vtt need exactly {sorted(langs)}")
        return self


@lru_cache(maxsize=1)
def load_journey() -> Journey:
    """Return the journey that is packaged with the program."""
    return read_journey((resources.files(__package__) / FILE).read_text("utf-8"))


def read_journey(text: str) -> Journey:
    """Return a journey from YAML; every scalar is read as a string and typed here, so that no is never a Norwegian."""
    try:
        # BaseLoader makes strings, lists and mappings only: it is safer still than SafeLoader.
        return Journey.model_validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise Invalid(FILE, " ".join(str(error).split()), "is no YAML") from error
    except ValidationError as error:
        findings = [
            Invalid(".".join(map(str, row["loc"])) or FILE, row["input"], row["msg"])
            for row in error.errors(include_url=False)
        ]
        raise ManyInvalid(findings) from error
