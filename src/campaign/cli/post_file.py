"""Posts from a YAML file: read with scalars as strings, typed by pydantic, each fault named by its path."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from campaign.cli.given import read_bounded, words
from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.model import Overflow
from campaign.service.compose import Draft, Picture, Wording

MANY = 1000  # posts in one file


def _several(value: Any) -> Any:
    return list(words([value])) if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_several)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextEntry(_Strict):
    """One language of a post."""

    text: str
    tags: Words = []
    link: str | None = None
    title: str | None = None


class MediaEntry(_Strict):
    """A picture or a clip with its alt text, and a clip's caption files, per language."""

    file: str
    alt: dict[str, str] = {}
    captions: dict[str, str] = {}

    def picture(self, folder: Path) -> Picture:
        """Return it as the draft wants it; files are relative to the folder."""
        return Picture(folder / self.file, self.alt, {lang: folder / file for lang, file in self.captions.items()})


def _entry(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class PostEntry(_Strict):
    """A post as the file has it."""

    id: str
    at: str | None = None
    to: Words
    texts: dict[str, Annotated[TextEntry, BeforeValidator(_entry)]]
    campaign: str | None = None
    tz: str | None = None
    leg: str | None = None
    tags: dict[str, Words] = {}
    link: str | None = None
    titles: dict[str, str] = {}
    media: list[MediaEntry] = []
    place: dict[str, str] = {}
    strategy: Literal["split", "combined", "thread", "native"] = "split"
    overflow: Overflow = "refuse"
    approve: bool = False

    def draft(self, folder: Path) -> Draft:
        """Return the draft; files are relative to the folder."""
        wordings = {
            lang: Wording(
                entry.text.strip(),
                tuple(entry.tags or self.tags.get(lang, ())),
                entry.link or self.link,
                entry.title or self.titles.get(lang),
            )
            for lang, entry in self.texts.items()
        }
        return Draft(
            name=self.id,
            wordings=wordings,
            at=self.at or "",
            to=tuple(self.to),
            pictures=tuple(item.picture(folder) for item in self.media),
            leg=self.leg,
            zone=self.tz,
            place=self.place,
            strategy=self.strategy,
            overflow=self.overflow,
        )


class File(_Strict):
    """Several posts."""

    posts: list[PostEntry] = Field(min_length=1, max_length=MANY)


def read_posts(file: Path) -> list[tuple[str, PostEntry]]:
    """Return (path in the file, post) of each post of a file.

    Raises:
        Invalid: it cannot be read, is no YAML, has unknown keys, or a value that breaks a rule; the path is named.
    """
    try:
        tree = yaml.load(read_bounded("file", file), _Loader)  # noqa: S506 - a BaseLoader: it makes strings only
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split()) if isinstance(error, yaml.YAMLError) else "it is nested too deeply"
        raise Invalid("file", file.name, f"is no YAML that we read: {said}") from None
    if not isinstance(tree, Mapping):
        raise Invalid("file", file.name, "must hold one post (id, at, to, texts …), or a list of posts under posts:")
    try:
        if "posts" not in tree:
            return [("", PostEntry.model_validate(tree))]
        posts = File.model_validate(tree).posts
    except ValidationError as error:
        raise ManyInvalid([_finding(item) for item in error.errors()]) from None
    entries = [(f"posts[{number}]", post) for number, post in enumerate(posts)]
    _check_ids(entries)
    return entries


def _check_ids(entries: list[tuple[str, PostEntry]]) -> None:
    first: dict[tuple[str | None, str], str] = {}
    for path, post in entries:
        if (post.campaign, post.id) in first:
            raise Invalid(f"{path}.id", post.id, f"is the id of {first[post.campaign, post.id]} already")
        first[post.campaign, post.id] = path


def _finding(item: Any) -> Invalid:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item["loc"]).lstrip(".")
    said = {"extra_forbidden": "is no key that a post has", "missing": "is missing"}.get(
        item["type"], item["msg"].lower()
    )
    value = "" if item["type"] == "missing" else item["input"]
    return Invalid(path or "file", value, said)


class _Loader(yaml.BaseLoader):
    """Strings, lists and mappings; no aliases, and no key twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not taken", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {name!r} stands there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)
