"""Posts and files: one table, one row of numbers, as in WordPress itself."""

import html
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.responses import FileResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import to_ms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wordpress.asking import Asking, dumped, stamp
from campaign.sandbox.wordpress.refusals import RestError

STATUSES = ("publish", "future", "draft", "pending", "private")
_KINDS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_FILMS = {"mp4": "video/mp4", "vtt": "text/vtt"}
_NAME = re.compile(r'attachment;.*?filename="?([^"\r\n;]+)"?', re.IGNORECASE)
_COMMENT, _TAG = re.compile(r"<!--.*?-->", re.DOTALL), re.compile(r"<[^>]*>")
_SAID = ("좋아요", "Спасибо", "Beautiful", "응원합니다", "Удачи в пути")


async def create(ask: Asking) -> Response:
    if not ask.may("edit_posts"):
        raise RestError("may_not_create" if ask.user else "nobody_may_create")
    status = _status(ask) or "draft"
    if not (ask.text("title") or ask.text("content") or ask.text("excerpt")):
        raise RestError("empty")
    ident = _insert(ask, "post", status="draft", title=ask.text("title") or "", content=ask.text("content") or "")
    return ask.answer(_changed(ask, ident, status), 201)


async def update(ask: Asking) -> Response:
    row = found(ask)
    if not (ask.may("edit_posts") and (ask.owns(row) or ask.may("edit_others_posts"))):
        raise RestError("may_not_edit")
    status, books = _status(ask), ask.sandbox.books
    title, content = ask.text("title"), ask.text("content")
    if (title, content) != (None, None):
        kept = {
            "title": row["title"] if title is None else title,
            "content": row["content"] if content is None else content,
        }
        if (kept["title"], kept["content"]) != (row["title"], row["content"]):
            past = json.loads(row["versions"])
            versions = dumped([*past, row["content"]] if row["published_at"] else past)
            sql = "UPDATE wordpress_posts SET title = ?, content = ?, versions = ? WHERE id = ?"
            books.do(sql, kept["title"], kept["content"], versions, row["id"])
    return ask.answer(_changed(ask, row["id"], status))


async def read(ask: Asking) -> Response:
    return ask.answer(told(ask, found(ask)))


async def listed(ask: Asking) -> Response:
    wanted = ask.listed("status") or ["publish"]
    if "any" in wanted:
        wanted = [*STATUSES]
    rows = ask.sandbox.books.all(
        "SELECT * FROM wordpress_posts WHERE kind = 'post' AND deleted_at IS NULL ORDER BY id DESC"
    )
    lagging = ask.sandbox.faults.standing("lagging_list", "GET", ask.request.url.path, _name(ask))
    if lagging is not None:
        late = [row for row in rows if ask.now - row["modified_at"] < float(lagging.args.get("seconds", 30)) * 1000]
        lagging.hits += bool(late)
        rows = [row for row in rows if row not in late]
    included, author = ask.listed("include"), ask.listed("author")
    after = _instant(ask.text("modified_after"))
    rows = [
        row
        for row in rows
        if row["status"] in wanted
        and (row["status"] == "publish" or ask.owns(row) or ask.may("edit_others_posts"))
        and (not included or str(row["id"]) in included)
        and (not author or str(row["author"]) in author)
        and (after is None or row["modified_at"] > after)
    ]
    if ask.text("order") == "asc":
        rows.reverse()
    return ask.page(rows, partial(told, ask))


async def delete(ask: Asking) -> Response:
    row, books = found(ask), ask.sandbox.books
    if not (ask.may("delete_posts") and (ask.owns(row) or ask.may("delete_others_posts"))):
        raise RestError("may_not_delete")
    if ask.true("force"):
        before = told(ask, row)
        books.do("UPDATE wordpress_posts SET deleted_at = ? WHERE id = ?", ask.now, row["id"])
        return ask.answer({"deleted": True, "previous": before})
    if row["kind"] == "attachment":
        raise RestError("no_trash")
    if row["status"] == "trash":
        raise RestError("trashed")
    return ask.answer(_changed(ask, row["id"], "trash"))


async def upload(ask: Asking) -> Response:
    """The file is the body; its kind is told by its name, and it must be what it says."""
    if not ask.may("upload_files"):
        raise RestError("may_not_create" if ask.user else "nobody_may_create")
    content, disposition = await ask.request.body(), ask.request.headers.get("content-disposition")
    if not content:
        raise RestError("no_data")
    if disposition is None:
        raise RestError("no_disposition")
    name = _NAME.search(disposition)
    if name is None:
        raise RestError("bad_disposition")
    ending = name[1].rpartition(".")[2].lower()
    size = _look(content, ending)
    digest = ask.sandbox.books.store(content)
    mime = _KINDS.get(ending) or _FILMS[ending]
    file = {"sha256": digest, "mime": mime, "size": len(content), "name": name[1], "width": size[0], "height": size[1]}
    ident = _insert(ask, "attachment", status="inherit", title=name[1], content="", file=dumped(file))
    ask.sandbox.books.do(
        "UPDATE wordpress_posts SET parent = ?, alt = ? WHERE id = ?",
        ask.number("post") or None,
        _plain(ask.text("alt_text") or ""),
        ident,
    )
    return ask.answer(told(ask, _row(ask.sandbox, ident)), 201)


async def media(ask: Asking) -> Response:
    sql = "SELECT * FROM wordpress_posts WHERE kind = 'attachment' AND deleted_at IS NULL ORDER BY id DESC"
    parents = ask.listed("parent")
    rows = [row for row in ask.sandbox.books.all(sql) if not parents or str(row["parent"]) in parents]
    return ask.page(rows, partial(told, ask))


async def describe(ask: Asking) -> Response:
    row = found(ask)
    if not (ask.owns(row) or ask.may("edit_others_posts")):
        raise RestError("may_not_edit")
    if ask.text("alt_text") is not None:
        sql = "UPDATE wordpress_posts SET alt = ? WHERE id = ?"
        ask.sandbox.books.do(sql, _plain(ask.text("alt_text") or ""), row["id"])
    return ask.answer(told(ask, _row(ask.sandbox, row["id"])))


async def file(ask: Asking) -> Response:
    ident = str(ask.request.path_params["id"])
    row = _known(ask.sandbox, ident)
    if row is None or row["file"] is None:
        raise RestError("no_route")
    kept = json.loads(row["file"])
    return FileResponse(ask.sandbox.books.path_of(kept["sha256"]), media_type=kept["mime"])


async def comments(ask: Asking) -> Response:
    """Return what readers said under posts that are public; a page beyond the end is empty."""
    rows: list[dict[str, Any]] = []
    for ident in ask.listed("post"):
        row = _known(ask.sandbox, ident)
        if row is not None and row["status"] == "publish":
            rows += said(ask.sandbox, row, ask.now)
    if ask.text("order") != "asc":
        rows.reverse()
    answer = ask.page(rows, dict, strict=False)
    fault = ask.sandbox.faults.standing("missing_metric", "GET", ask.request.url.path, _name(ask))
    if fault is not None:
        fault.hits += 1
        del answer.headers["X-WP-Total"]
    return answer


def said(sandbox: Sandbox, row: Row, at: int) -> Iterator[dict[str, Any]]:
    """Yield the comments that a post has drawn by a time."""
    for n in range(counts(sandbox, row, at)["replies"]):
        when, ident = min(at, row["published_at"] + (n + 1) * 60_000), row["id"] * 10_000 + n
        yield {
            "id": ident,
            "post": row["id"],
            "parent": ident - 1 if n % 5 == 4 else 0,
            "author": 0,
            "author_name": f"reader{n}",
            "date_gmt": stamp(when),
            "content": {"rendered": f"<p>{_SAID[n % len(_SAID)]} &#8220;{n}&#8221;</p>\n"},
            "status": "approved",
            "type": "comment",
        }


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    if row["published_at"] is None or row["status"] != "publish":
        return {"replies": 0}
    user = sandbox.books.one("SELECT login FROM wordpress_users WHERE id = ?", row["author"])
    language = str(user["login"]).rpartition("_")[2] if user else None
    age = (at - row["published_at"]) / 1000
    growth = row["growth"]
    return {"replies": engagement.count(sandbox.seed, growth, "replies", age, language=language, platform="wordpress")}


def found(ask: Asking) -> Row:
    """Return the post or the file of the path, where it may be seen. Raises: RestError."""
    ident, kind = str(ask.request.path_params["id"]), "attachment" if "/media/" in ask.request.url.path else "post"
    row = _known(ask.sandbox, ident)
    if row is None or row["kind"] != kind or row["deleted_at"] is not None:
        raise RestError("no_post")
    return row


def told(ask: Asking, row: Row) -> dict[str, Any]:
    """Return a post as the site tells it; `raw` is for those who may edit."""
    base, edits = ask.sandbox.base_url, ask.text("context") == "edit"
    record: dict[str, Any] = {
        "id": row["id"],
        "date_gmt": stamp(row["published_at"] or row["created_at"]),
        "modified_gmt": stamp(row["modified_at"]),
        "slug": row["slug"],
        "status": row["status"],
        "type": row["kind"],
        "link": f"{base}/{row['slug']}/" if row["status"] in ("publish", "inherit") else f"{base}/?p={row['id']}",
        "title": {"rendered": row["title"], **({"raw": row["title"]} if edits else {})},
        "author": row["author"],
    }
    if row["kind"] == "post":
        content = {"rendered": _COMMENT.sub("", row["content"]), "protected": False}
        return record | {"content": content | ({"raw": row["content"]} if edits else {}), "comment_status": "open"}
    kept = json.loads(row["file"])
    details = {"width": kept["width"], "height": kept["height"], "filesize": kept["size"]}
    url = f"{base}/wp-content/uploads/{row['id']}/{kept['name']}"
    more = {"alt_text": row["alt"], "mime_type": kept["mime"], "media_details": details, "post": row["parent"]}
    return record | more | {"source_url": url}


def words(content: str) -> str:
    """Return the text of a content's paragraphs, as it was composed."""
    blocks = re.findall(r"<!-- wp:paragraph -->\n<p>(.*?)</p>\n<!-- /wp:paragraph -->", content, re.DOTALL)
    return html.unescape("\n\n".join(_TAG.sub("", block.replace("<br>", "\n")) for block in blocks))


def pictured(sandbox: Sandbox, row: Row) -> Iterator[tuple[Row, str]]:
    """Yield the files that stand in a content, each with its alt text or its caption there."""
    for block in re.findall(r"<figure.*?</figure>", row["content"], re.DOTALL):
        url = re.search(r'<(?:img|video)[^>]* src="([^"]+)"', block)
        alt = re.search(r'<img[^>]* alt="([^"]*)"|<figcaption[^>]*>(.*?)</figcaption>', block)
        ident = re.search(r"/uploads/(\d+)/", url[1]) if url else None
        file = _known(sandbox, ident[1] if ident else None)
        if file is not None and file["deleted_at"] is None:
            yield file, html.unescape((alt[1] or alt[2] or "") if alt else "")


def _status(ask: Asking) -> str | None:
    status = ask.text("status")
    if status is None:
        return None
    if status not in STATUSES:
        why = "status is not one of publish, future, draft, pending, and private."
        raise RestError("bad_status", params={"status": why})
    if status not in {"draft", "pending"} and not ask.may("publish_posts"):
        raise RestError("may_not_publish")
    return status


def _insert(ask: Asking, kind: str, **values: Any) -> int:
    books, author = ask.sandbox.books, ask.user["id"] if ask.user else 0
    ident = books.number("SELECT max(id) FROM wordpress_posts") + 1
    books.insert(
        "wordpress_posts", id=ident, kind=kind, author=author, created_at=ask.now, modified_at=ask.now, **values
    )
    return ident


def _changed(ask: Asking, ident: int, status: str | None) -> dict[str, Any]:
    """Give a post another status. Whoever publishes what is published changes nothing; the trash gives back."""
    books, row = ask.sandbox.books, _row(ask.sandbox, ident)
    books.do("UPDATE wordpress_posts SET modified_at = ? WHERE id = ?", ask.now, ident)
    if status is not None and status != row["status"]:
        slug = row["slug"] or _slug(ask.sandbox, row["title"], ident)
        slug = f"{slug}__trashed" if status == "trash" else slug.removesuffix("__trashed")
        growth, first = row["growth"], row["published_at"]
        if status == "publish" and first is None:
            growth, first = engagement.fingerprint(_name(ask) or "", row["content"]), ask.now
        gone = ask.now if status == "trash" else None
        sql = (
            "UPDATE wordpress_posts SET status = ?, slug = ?, growth = ?, published_at = ?, trashed_at = ? WHERE id = ?"
        )
        books.do(sql, status, slug if status in ("publish", "trash") else row["slug"], growth, first, gone, ident)
    return told(ask, _row(ask.sandbox, ident))


def _slug(sandbox: Sandbox, title: str, ident: int) -> str:
    """The same slug twice becomes another: a slug is no key."""
    slug = re.sub(r"[^\w-]+", "-", html.unescape(title).lower()).strip("-")[:60] or str(ident)
    sql, number = "SELECT 1 FROM wordpress_posts WHERE slug = ? AND id != ?", 1
    while sandbox.books.one(sql, slug if number == 1 else f"{slug}-{number}", ident) is not None:
        number += 1
    return slug if number == 1 else f"{slug}-{number}"


def _known(sandbox: Sandbox, ident: str | None) -> Row | None:
    """Return the post or the file of a number, deleted or not."""
    if ident is None or not (ident.isascii() and ident.isdigit() and len(ident) < 15):
        return None
    return sandbox.books.one("SELECT * FROM wordpress_posts WHERE id = ?", int(ident))


def _row(sandbox: Sandbox, ident: int) -> Row:
    row = _known(sandbox, str(ident))
    if row is None:
        raise RestError("no_post")
    return row


def _look(content: bytes, ending: str) -> tuple[int | None, int | None]:
    if ending in _FILMS:
        return None, None
    if ending not in _KINDS:
        raise RestError("bad_file")
    try:
        with Image.open(io.BytesIO(content)) as image:
            kind = {"JPEG": "image/jpeg"}.get(str(image.format), f"image/{str(image.format).lower()}")
            if kind != _KINDS[ending]:
                raise RestError("bad_file")
            return image.size
    except (UnidentifiedImageError, OSError):
        raise RestError("bad_file") from None


def _plain(text: str) -> str:
    """Return what sanitize_text_field leaves of a text: no elements."""
    return " ".join(_TAG.sub("", text).split())


def _instant(text: str | None) -> int | None:
    try:
        return to_ms(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


def _name(ask: Asking) -> str | None:
    return str(ask.user["login"]) if ask.user else None
