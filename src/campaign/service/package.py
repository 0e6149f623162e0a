"""package: what a person needs to put a post up at a place without an interface, made of what was approved.

Nothing is rendered anew: the texts are those of the stored Outgoing, the media lie in the library as they go out.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote
from zipfile import ZIP64_LIMIT, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from campaign.core.errors import Conflict, Invalid
from campaign.core.model import Account, Delivery, Outgoing, OutgoingMedium, Person, Post, Role
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.service import App, demand_role
from campaign.service.package_sheet import checklist_text, index_page
from campaign.service.package_words import LANGS, sentence
from campaign.service.work import is_whole, read_works
from campaign.store import accounts as account_rows
from campaign.store import posts as post_rows
from campaign.store import queue

CHUNK = 1 << 20
BOM = b"\xef\xbb\xbf"
SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "text/vtt": ".vtt",
}
_ODD = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Wording:
    """One text to be pasted: the title or the text, in its languages."""

    name: str  # of its file, without .txt
    what: str  # title or text
    langs: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A medium as it is put up, under a name that says where it belongs."""

    name: str
    medium: OutgoingMedium
    captions: tuple[tuple[str, str, str], ...]  # language, name, sha256
    poster: str | None  # its name


@dataclass(frozen=True, slots=True)
class File:
    """One file of a package: its bytes, or the digest of what lies in the library."""

    name: str
    size: int
    content: bytes = b""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """All that a person needs for one delivery. `lang`: the language of its checklist."""

    name: str
    lang: str
    delivery: Delivery
    outgoing: Outgoing
    account: Account
    post: Post
    campaign: str
    person: str  # who puts it up; empty: nobody is named
    wordings: tuple[Wording, ...]
    media: tuple[Handed, ...]
    checklist: tuple[str, ...]
    command: str  # by which it is answered where there is no desk
    files: tuple[File, ...]


def by_hand(app: App, tx: Any, account_id: str) -> bool:
    """Whether a person puts up what goes to this account."""
    return app.capabilities(account_rows.account_of(tx, account_id)).by_hand


def assigned(account: Account) -> str:
    """Return the name of the person who serves an account's place; empty: none was given."""
    given = account.sheet.get("given")
    return str(given.get("person") or "") if isinstance(given, dict) else ""


def mark_handed(app: App, tx: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Say of each row of queue.listed(), as `handed`, whether the delivery is with a person now."""
    known: dict[str, bool] = {}
    for row in rows:
        waits = row["state"] == State.PROCESSING
        if waits and row["account_id"] not in known:
            known[row["account_id"]] = by_hand(app, tx, row["account_id"])
        row["handed"] = waits and known[row["account_id"]]


def package_of(app: App, prefix: str, *, by: Person, lang: str = "") -> Package:
    """Return the package of a delivery that a person puts up.

    Args:
        prefix: the delivery's id, or enough of its beginning or end.
        lang: ko, en or ru, of the checklist; by default the first of the post's languages that is one of them.

    Raises:
        Forbidden: the person may neither write nor approve.
        Conflict: it is sent by itself, it is held or cancelled, or what is stored is not what was approved.
    """
    demand_role(by, Role.AUTHOR, Role.APPROVER)
    with app.store.read() as tx:
        held = queue.found(tx, prefix)
        post = post_rows.post_of(tx, held.post_id)
    [work] = read_works(app, [held])
    if not work.capabilities.by_hand:
        raise Conflict(f"{work.label} is sent by itself; only what a person puts up has a package")
    if held.state is State.CANCELLED or held.held_because:
        raise Conflict(f"{work.label} is not to go out: {held.held_because or 'it is cancelled'}")
    if not is_whole(work):
        raise Conflict(f"what is stored of {work.label} is not what was approved; edit the post and approve it again")
    outgoing, account = work.outgoing, work.account
    chosen = lang or next((one for one in outgoing.langs if one in LANGS), "en")
    stem = _plain(f"{post.name}-{'+'.join(outgoing.langs)}" + (f"-{outgoing.part}" if outgoing.parts > 1 else ""))
    page = page_of(work.campaign.name, post.name, held.id)
    todo = _checklist(app, chosen, held, outgoing, account, post, page)
    wordings = tuple(_wordings(outgoing))
    media = tuple(_handed(stem, number, medium) for number, medium in enumerate(outgoing.media, 1))
    package = Package(
        name=_plain(f"{work.campaign.name}-{stem}-{account.name}"),
        lang=chosen,
        delivery=held,
        outgoing=outgoing,
        account=account,
        post=post,
        campaign=work.campaign.name,
        person=assigned(account),
        wordings=wordings,
        media=media,
        checklist=todo,
        command=f"campaign delivery settle {held.id[-8:]} --published URL --screenshot FILE",
        files=(),
    )
    return replace(package, files=tuple(_files(app, package)))


def page_of(campaign: str, post: str, delivery_id: str) -> str:
    """Return the desk's page of a delivery that a person puts up."""
    return f"/posts/{quote(campaign, safe='')}/{quote(post, safe='')}/handoff/{delivery_id}"


def pieces(app: App, package: Package) -> Iterator[bytes]:
    """Yield the package as a zip, piece by piece: a clip never lies in memory as a whole."""
    sink = _Sink()
    local = package.delivery.due_at.astimezone(ZoneInfo(package.post.zone))
    with ZipFile(sink, "w") as archive:
        for file in package.files:
            info = ZipInfo(f"{package.name}/{file.name}", (max(1980, local.year), *local.timetuple()[1:6]))
            info.compress_type = ZIP_STORED if file.sha256 else ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.file_size = file.size
            large = file.size >= ZIP64_LIMIT - CHUNK
            with _opened(app, file) as stream, archive.open(info, "w", force_zip64=large) as entry:
                while piece := stream.read(CHUNK):
                    entry.write(piece)
                    yield sink.taken()
    yield sink.taken()


def write_package(app: App, package: Package, to: Path) -> None:
    """Write a package: as a zip where the name ends in .zip, else into a folder. Raises: Invalid: it is there."""
    if to.exists() and (to.suffix.lower() == ".zip" or not to.is_dir() or any(to.iterdir())):
        raise Invalid("to", str(to), "is there already; give another name")
    try:
        if to.suffix.lower() == ".zip":
            half = to.with_name(f"{to.name}.part")  # a crash leaves it, and nothing under the name itself
            with half.open("wb") as target:
                for piece in pieces(app, package):
                    target.write(piece)
            half.replace(to)
            return
        for file in package.files:
            goal = to / file.name
            goal.parent.mkdir(parents=True, exist_ok=True)
            with _opened(app, file) as stream, goal.open("wb") as target:
                while piece := stream.read(CHUNK):
                    target.write(piece)
    except OSError as error:
        raise Invalid("to", str(to), f"cannot be written: {error.strerror or error}") from error


class _Sink:
    """What ZipFile writes to; it cannot be sought in, so that sizes follow their files."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        """Return what was written since this was last asked."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _opened(app: App, file: File) -> AbstractContextManager[BinaryIO]:
    return app.media.open(file.sha256) if file.sha256 else BytesIO(file.content)


def _wordings(outgoing: Outgoing) -> Iterator[Wording]:
    """Return what is pasted, the post's own languages first."""
    texts: list[tuple[tuple[str, ...], str, str]] = [(outgoing.langs, outgoing.title or "", outgoing.text)]
    texts += [((lang,), told.get("title", ""), told.get("text", "")) for lang, told in outgoing.localized.items()]
    for langs, title, text in texts:
        for what, value in (("title", title), ("text", text)):
            if value:
                yield Wording(_plain(f"{what}-{'+'.join(langs)}"), what, langs, value)


def _handed(stem: str, number: int, medium: OutgoingMedium) -> Handed:
    name = f"{number}-{stem}"
    tracks = tuple((lang, f"{name}.{_plain(lang)}.vtt", sha256) for lang, sha256 in medium.captions.items())
    poster = f"{name}.poster.jpg" if medium.poster else None
    return Handed(f"{name}{SUFFIXES.get(medium.mime, '.bin')}", medium, tracks, poster)


def _checklist(
    app: App, lang: str, held: Delivery, outgoing: Outgoing, account: Account, post: Post, page: str
) -> tuple[str, ...]:
    desk = app.consents.desk.rstrip("/")
    todo = [
        sentence("check.there", lang),
        sentence("check.account", lang, handle=account.handle, place=account.base_url),
        sentence("check.time", lang, due=in_zone(held.due_at, post.zone)),
        sentence("check.text", lang),
    ]
    if outgoing.media:
        todo.append(sentence("check.media", lang, n=len(outgoing.media)))
    todo += [sentence("check.public", lang), sentence("check.answer", lang)]
    if desk:
        todo.append(sentence("check.answer.desk", lang, url=desk + page))
    return tuple(todo)


def _files(app: App, package: Package) -> Iterator[File]:
    """Return what a package holds. Texts begin with a BOM: a Korean or Russian Windows takes them for CP949 else."""

    def text(name: str, value: str) -> File:
        content = BOM + value.encode("utf-8")
        return File(name, len(content), content)

    page = index_page(package).encode("utf-8")
    yield File("index.html", len(page), page)
    yield text("checklist.txt", checklist_text(package))
    for wording in package.wordings:
        yield text(f"{wording.name}.txt", wording.text)
    for item in package.media:
        yield File(item.name, item.medium.size, sha256=item.medium.sha256)
        if item.medium.alt:
            yield text(f"{item.name.rpartition('.')[0]}.alt.txt", item.medium.alt)
        beside = [(name, sha256) for _, name, sha256 in item.captions]
        if item.poster and item.medium.poster:
            beside.append((item.poster, item.medium.poster))
        for name, sha256 in beside:
            with app.media.open(sha256) as stream:
                yield File(name, stream.seek(0, 2), sha256=sha256)


def _plain(name: str) -> str:
    """Return a name that every file system takes: 'P01 / ko+ru' → P01-ko-ru."""
    return _ODD.sub("-", name).strip("-.")[:80] or "post"
