"""YAML and JSON of posts: scalars are strings, typed by pydantic, each fault named by its path; and the way back."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.model import Strategy
from campaign.core.schedule import Fold, Gap
from campaign.sheets.row import MANY, Row, Shown, Words

MAX_BYTES = 64 * 1024 * 1024
DEEP = 20  # lists and mappings in each other
_PARSER: Any = getattr(yaml, "CLoader", yaml.Loader)  # libyaml where it is there: a tenth of the time


def _several(value: Any) -> Any:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Several = Annotated[list[str], BeforeValidator(_several)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextEntry(_Strict):
    """One language of a post."""

    text: str
    tags: Several = []
    link: str | None = None
    title: str | None = None


class MediaEntry(_Strict):
    """A picture or a clip with its alt text, and a clip's caption files, per language."""

    file: str
    alt: dict[str, str] = {}
    captions: dict[str, str] = {}


def _entry(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class PostEntry(_Strict):
    """A post as the file has it: whole, so that what is not there is empty."""

    id: str
    at: str | None = None
    to: Several
    texts: dict[str, Annotated[TextEntry, BeforeValidator(_entry)]]
    campaign: str | None = None
    tz: str | None = None
    leg: str | None = None
    tags: dict[str, Several] = {}
    link: str | None = None
    titles: dict[str, str] = {}
    media: list[MediaEntry] = []
    place: dict[str, str] = {}
    strategy: Strategy = "split"
    overflow: Literal["refuse", "thread", "numbered"] = "refuse"
    gap: Gap | None = None
    fold: Fold | None = None
    anyway: str | None = None
    langs: Several = []
    own: dict[str, dict[str, Annotated[TextEntry, BeforeValidator(_entry)]]] = {}
    waive: dict[str, str] = {}
    approve: bool = False
    state: str = ""  # these three are for people to read
    utc: str = ""
    remarks: str = ""

    def row(self, where: str) -> Row:
        """Return it as a row."""
        words = {
            lang: Words(
                entry.text,
                entry.title or self.titles.get(lang) or "",
                tuple(entry.tags or self.tags.get(lang, ())),
                entry.link or self.link or "",
            )
            for lang, entry in self.texts.items()
        }
        return Row(
            where=where,
            id=self.id,
            at=self.at,
            tz=self.tz,
            to=tuple(self.to),
            words=words,
            campaign=self.campaign,
            leg=self.leg,
            strategy=self.strategy,
            overflow=self.overflow,
            gap=self.gap,
            fold=self.fold,
            anyway=self.anyway or "",
            langs=tuple(self.langs) or None,
            media=tuple(Shown(item.file, item.alt, item.captions) for item in self.media),
            place=self.place,
            own={account: {lang: _whole(entry) for lang, entry in own.items()} for account, own in self.own.items()},
            waive=self.waive,
            approve=self.approve,
            state=self.state,
            utc=self.utc,
            remarks=self.remarks,
        )


def _whole(entry: TextEntry) -> Words:
    return Words(entry.text, entry.title or "", tuple(entry.tags), entry.link or "")


def read_posts(file: Path, *, many: int = MANY, max_bytes: int = MAX_BYTES) -> list[Row]:
    """Return the posts of a file, a YAML one or (.json) a JSON one; `where` is a post's path in it.

    Args:
        many: posts that it may hold.

    Raises:
        Invalid: it cannot be read, is no YAML, has unknown keys, or a value that breaks a rule; the path is named.
    """
    tree = _tree(file, max_bytes)
    if not isinstance(tree, Mapping):
        raise Invalid("file", file.name, "must hold one post (id, at, to, texts …), or a list of posts under posts:")
    posts = tree.get("posts")
    if posts is None:
        return [_validated(tree, "")]
    if not isinstance(posts, list) or not posts:
        raise Invalid("posts", posts, "must be a list of at least one post")
    if len(posts) > many:
        raise Invalid("posts", str(len(posts)), f"at most {many:,} posts are taken at once; cut the file into several")
    if extra := [key for key in tree if key != "posts"]:
        raise Invalid(extra[0], tree[extra[0]], "is no key that a list of posts has beside it")
    rows: list[Row] = []
    wrong: list[Invalid] = []
    for number, post in enumerate(posts):
        try:
            rows.append(_validated(post, f"posts[{number}]"))
        except ManyInvalid as error:
            wrong += error.findings
    if wrong:
        raise ManyInvalid(wrong)
    return rows


def _validated(tree: Any, where: str) -> Row:
    try:
        return PostEntry.model_validate(tree).row(where)
    except ValidationError as error:
        raise ManyInvalid([_finding(where, item) for item in error.errors()]) from None


def _finding(where: str, item: Any) -> Invalid:
    path = where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item["loc"])
    said = {"extra_forbidden": "is no key that a post has", "missing": "is missing"}.get(
        item["type"], item["msg"].lower()
    )
    value = "" if item["type"] == "missing" else item["input"]
    return Invalid(path.lstrip(".") or "file", value, said)


def _tree(file: Path, max_bytes: int) -> Any:
    try:
        with file.open("rb") as stream:
            raw = stream.read(max_bytes + 1)
    except OSError as error:
        raise Invalid("file", str(file), f"cannot be read: {error.strerror}") from None
    if len(raw) > max_bytes:
        raise Invalid("file", str(file), f"is larger than {max_bytes} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("file", str(file), f"is not UTF-8 (byte {error.start})") from None
    try:
        if file.suffix.lower() == ".json":
            return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_once)
        return _built(yaml.parse(text, Loader=_PARSER))
    except yaml.YAMLError as error:
        raise Invalid("file", file.name, f"is no YAML that we read: {' '.join(str(error).split())}") from None
    except json.JSONDecodeError as error:
        raise Invalid("file", file.name, f"is no JSON: {error}") from None
    except (RecursionError, _Twice) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Invalid("file", file.name, f"is no JSON that we read: {said}") from None


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(f"key '{next(name for name in names if names.count(name) > 1)}' stands there twice")
    return made


def _built(events: Iterable[Any]) -> Any:
    """Return what YAML's events build: strings, lists and mappings; no aliases, and no key twice."""
    root: list[Any] = []
    open_: list[Any] = [root]  # lists and mappings on the way down
    keys: list[Any] = [None]  # the key that waits for its value, in each of them

    def refuse(mark: Any, said: str) -> None:
        raise yaml.composer.ComposerError(None, None, said, mark)

    def put(value: Any, mark: Any) -> None:
        at = open_[-1]
        if isinstance(at, list):
            at.append(value)
        elif keys[-1] is None:
            if not isinstance(value, str):
                refuse(mark, "a key must be a word")
            if value in at:
                refuse(mark, f"key {value!r} stands there twice")
            keys[-1] = value
        else:
            at[keys[-1]] = value
            keys[-1] = None

    for event in events:
        match event:
            case yaml.AliasEvent():
                refuse(event.start_mark, "aliases (*name) are not taken")
            case yaml.ScalarEvent():
                put(event.value, event.start_mark)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                made: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                put(made, event.start_mark)
                open_.append(made)
                keys.append(None)
                if len(open_) > DEEP:
                    refuse(event.start_mark, "it is nested too deeply")
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                open_.pop()
                keys.pop()
            case yaml.DocumentStartEvent() if root:
                refuse(event.start_mark, "a second document begins there; one file holds one")
    return root[0] if root else None


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Lines as lines: a text of several is a block."""


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_yaml(file: Path, rows: Iterable[Row]) -> None:
    """Write rows as YAML that `post add --file` and `import` read."""
    with file.open("w", encoding="utf-8") as stream:
        empty = True
        for row in rows:
            stream.write("posts:\n" if empty else "")
            empty = False
            yaml.dump([plain(row)], stream, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1 << 20)
        if empty:
            stream.write("posts: []\n")


def write_json(file: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON, {"posts": […]}."""
    with file.open("w", encoding="utf-8") as stream:
        stream.write('{"posts": [')
        for number, row in enumerate(rows):
            stream.write(("," if number else "") + "\n" + json.dumps(plain(row), ensure_ascii=False))
        stream.write("\n]}\n")


def plain(row: Row) -> dict[str, Any]:
    """Return a row as its entry in a file; what is empty is left out."""
    texts = {lang: _plain(words) for lang, words in row.words.items() if words.text}
    own = {
        account: {lang: _plain(words) for lang, words in own.items() if words.text} for account, own in row.own.items()
    }
    media = [
        _full({"file": item.file, "alt": dict(item.alt), "captions": dict(item.captions)}) for item in row.media or ()
    ]
    kept = _full(
        {
            **{name: getattr(row, name) for name in ("campaign", "at", "tz", "utc", "leg")},
            **{"strategy": row.strategy, "overflow": row.overflow, "gap": row.gap, "fold": row.fold},
            **{"anyway": row.anyway, "langs": list(row.langs or ()), "state": row.state},
            "texts": texts,
            "own": own,
            "media": media,
            "place": dict(row.place or {}),
            "waive": dict(row.waive),
            "remarks": row.remarks,
        }
    )
    kept.setdefault("texts", {})
    return {"id": row.id, "to": list(row.to or ()), **kept}


def _plain(words: Words) -> dict[str, Any]:
    return _full({"text": words.text, "title": words.title, "tags": list(words.tags or ()), "link": words.link})


def _full(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in pairs.items() if value}
