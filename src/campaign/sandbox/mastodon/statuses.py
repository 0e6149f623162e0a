"""Posts: publish, read, edit, delete. https://docs.joinmastodon.org/methods/statuses/"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT, to_ms
from campaign.sandbox.engagement import fingerprint
from campaign.sandbox.mastodon import entities
from campaign.sandbox.mastodon.asking import Asking, answer, asking, ids_of, listed, whole
from campaign.sandbox.mastodon.counting import MAX_CHARS, URL_CHARS, length
from campaign.sandbox.mastodon.kinds import MASTODON, asked_of, refuse_twice, replay
from campaign.sandbox.mastodon.languages import known
from campaign.sandbox.mastodon.media import describe
from campaign.sandbox.mastodon.refusals import Refusal, invalid, not_found, says, unprocessable

MAX_MEDIA = 4
MAX_IDS = 20  # Api::BaseController::DEFAULT_STATUSES_LIMIT, checked by StatusesController#check_statuses_limit
VISIBILITIES = ("public", "unlisted", "private", "direct")


async def create(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:statuses")
    key = request.headers.get("idempotency-key", "").strip() or None
    if key is not None and asked_of(ask).key == "replayed":
        return replay(ask, key, lambda: _create(ask, key))
    return _create(ask, key)


def _create(ask: Asking, key: str | None) -> Response:
    kind = asked_of(ask)
    parent = _parent(ask, "in_reply_to_id", "reply")
    quoted = _parent(ask, "quoted_status_id", "quote")
    _schedule(ask)
    if key is not None and kind.key == "refused":
        refuse_twice(ask, key)
    if key is not None and kind.key == "honoured" and not ask.fits("ignore_key"):
        kept = ask.sandbox.books.keyed(ask.user["id"], key, ask.sandbox.key_lifetime)
        if kept is not None:
            return answer(entities.status(ask.sandbox, _alive(ask, kept), ask.now, ask.user))
    media = _attachable(ask, listed(ask.params.get("media_ids")))
    if kind.needs_media and not media and parent is None:
        raise Refusal(403, "Empty statuses are not allowed")
    row = _insert(ask, parent, quoted, media, key)
    return answer(entities.status(ask.sandbox, row, ask.now, ask.user))


def _insert(ask: Asking, parent: Row | None, quoted: Row | None, media: Sequence[Row], key: str | None) -> Row:
    books, user = ask.sandbox.books, ask.user
    # Status#prepare_contents strips; without a text a warning stands alone, and media may stand without text.
    spoiler = (ask.text("spoiler_text") or "").strip()
    text = (ask.text("status") or "").strip() or ("." if spoiler and not media else "")
    _check_text(ask, text, spoiler, media)
    visibility = ask.text("visibility") or (parent["visibility"] if parent else "public")
    if visibility not in VISIBILITIES:
        raise invalid("visibility", ask.locale)
    with books.together():
        ident = books.snowflake("statuses", ask.now)
        books.insert(
            "statuses",
            id=ident,
            account_id=user["id"],
            text=text,
            spoiler=spoiler,
            language=asked_of(ask).tags or known(ask.params.get("language")) or user["locale"],
            visibility=visibility,
            sensitive=int(ask.true("sensitive") or bool(spoiler)),
            created_at=ask.now,
            in_reply_to_id=parent["id"] if parent else None,
            in_reply_to_account_id=parent["account_id"] if parent else None,
            quoted=quoted["id"] if quoted else None,
            media=json.dumps([m["id"] for m in media]),
            idempotency_key=key,
            growth=fingerprint(user["name"], text),
            app=ask.token["app"] if ask.token else "",
            website=ask.token["website"] if ask.token else None,
            accepted=time.monotonic(),
            boot=BOOT,
        )
        for m in media:
            books.do("UPDATE media SET status_id = ? WHERE id = ?", ident, m["id"])
        if key is not None:
            books.keep_key(user["id"], key, ident)
    return _alive(ask, ident)


async def show(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:statuses")
    return answer(entities.status(ask.sandbox, _visible(ask, ask.ident), ask.now, ask.account))


async def show_many(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:statuses")
    if asked_of(ask).version != MASTODON.version:
        raise not_found()  # the others know no such list
    asked = ask.params.get("id", [])
    wanted = list(dict.fromkeys(map(str, asked if isinstance(asked, list) else [asked])))
    if len(wanted) > MAX_IDS:
        raise Refusal(422, "Mastodon::ValidationError")  # raised without a text of its own
    told = []
    for ident in wanted:
        try:
            row = _visible(ask, whole(ident))
        except Refusal:
            continue  # what is gone is left out, without a word
        told.append(entities.status(ask.sandbox, row, ask.now, ask.account))
    return answer(told)


async def edit(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:statuses")
    row = _own(ask)
    books = ask.sandbox.books
    # UpdateStatusService: media that are not named again are taken off.
    media = _attachable(ask, listed(ask.params.get("media_ids")), also=row["id"])
    changes = [c for c in listed(ask.params.get("media_attributes")) if isinstance(c, dict)]
    spoiler = (ask.text("spoiler_text") or "").strip()
    text = (ask.text("status") or "").strip() or ("." if spoiler and not media else "")
    _check_text(ask, text, spoiler, media)
    sensitive = int(ask.true("sensitive") or bool(spoiler))
    described = {whole(c["id"]): describe(ask, c) for c in changes if "id" in c}
    with books.together():
        if not books.number("SELECT count(*) FROM versions WHERE status_id = ?", row["id"]):
            _keep_version(ask, row, row["created_at"])
        for ident, new in described.items():
            if new and ident in {m["id"] for m in media}:
                books.do("UPDATE media SET description = ? WHERE id = ?", new.get("description"), ident)
        books.do("UPDATE media SET status_id = NULL WHERE status_id = ?", row["id"])
        for m in media:
            books.do("UPDATE media SET status_id = ? WHERE id = ?", row["id"], m["id"])
        books.do(
            "UPDATE statuses SET text = ?, spoiler = ?, sensitive = ?, language = ?, media = ?, edited_at = ?"
            " WHERE id = ?",
            text,
            spoiler,
            sensitive,
            known(ask.params.get("language")) or row["language"],
            json.dumps([m["id"] for m in media]),
            ask.now,
            row["id"],
        )
        _keep_version(ask, _alive(ask, row["id"]), ask.now)
    return answer(entities.status(ask.sandbox, _alive(ask, row["id"]), ask.now, ask.user))


async def delete(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:statuses")
    row = _own(ask)
    if not asked_of(ask).deletes:
        raise not_found()
    # The answer holds the source, so that a client can draft the post again; its media are free again.
    told = entities.status(ask.sandbox, row, ask.now, ask.user) | {"text": row["text"]}
    with ask.sandbox.books.together():
        ask.sandbox.books.do(
            "UPDATE statuses SET deleted_at = ? WHERE (id = ? OR reblog_of = ?) AND deleted_at IS NULL",
            ask.now,
            row["id"],
            row["id"],
        )
        ask.sandbox.books.do("UPDATE media SET status_id = NULL WHERE status_id = ?", row["id"])
    return answer(told)


async def source(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("read:statuses")
    row = _own(ask)
    return answer({"id": str(row["id"]), "text": row["text"], "spoiler_text": row["spoiler"]})


async def versions(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:statuses")
    row = _visible(ask, ask.ident)
    told = entities.history(ask.sandbox, row, ask.now)
    if not told:
        now = entities.status(ask.sandbox, row, ask.now)
        names = ("content", "spoiler_text", "sensitive", "created_at", "account", "media_attachments", "emojis")
        told = [{name: now[name] for name in names}]
    return answer(told)


async def context(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:statuses")
    books, row = ask.sandbox.books, _visible(ask, ask.ident)
    above = books.all(
        "WITH RECURSIVE up (id, parent, depth) AS ("
        " SELECT id, in_reply_to_id, 0 FROM statuses WHERE id = ? UNION ALL"
        " SELECT s.id, s.in_reply_to_id, depth + 1 FROM statuses s JOIN up ON s.id = up.parent WHERE depth < 40)"
        " SELECT s.* FROM up JOIN statuses s ON s.id = up.id WHERE depth > 0 AND s.deleted_at IS NULL"
        " ORDER BY depth DESC",
        row["id"],
    )
    below = books.all(
        "WITH RECURSIVE down (id, depth) AS (SELECT ?, 0 UNION ALL"
        " SELECT s.id, depth + 1 FROM statuses s JOIN down ON s.in_reply_to_id = down.id WHERE depth < 20)"
        " SELECT s.* FROM down JOIN statuses s ON s.id = down.id WHERE depth > 0 AND s.deleted_at IS NULL"
        " ORDER BY s.id LIMIT 60",
        row["id"],
    )
    return answer(
        {
            side: [entities.status(ask.sandbox, r, ask.now, ask.account) for r in rows if _may_see(ask, r)]
            for side, rows in (("ancestors", above), ("descendants", below))
        }
    )


def _parent(ask: Asking, name: str, refusal: str) -> Row | None:
    value = ask.params.get(name)
    if value in (None, ""):
        return None
    try:
        return _visible(ask, whole(value))
    except Refusal as error:
        raise Refusal(404, says(refusal, ask.locale)) from error


def _schedule(ask: Asking) -> None:
    """A date that has passed posts at once, as on the real server; the twin takes no date to come."""
    value = ask.text("scheduled_at")
    if not value:
        return
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise Refusal(422, "The entered date is invalid") from error
    if to_ms(when if when.tzinfo else when.replace(tzinfo=UTC)) > ask.now:
        raise invalid("scheduled", ask.locale)


def _check_text(ask: Asking, text: str, spoiler: str, media: Sequence[Row]) -> None:
    if not text and not media:
        raise invalid("blank", ask.locale)
    most = ask.limit("text_limit", MAX_CHARS)
    if length(text, spoiler, ask.limit("link_length", URL_CHARS)) > most:
        raise invalid("too_long", ask.locale, max=most)


def _attachable(ask: Asking, named: Sequence[Any], also: int | None = None) -> list[Row]:
    """Return media that are the account's own and free, or refuse: PostStatusService#validate_media!"""
    if len(named) > ask.limit("media_count", MAX_MEDIA):
        raise unprocessable("too_many", ask.locale)
    media, gone = [], []
    for value in dict.fromkeys(map(str, named)):
        row = None
        if value.isascii() and value.isdigit() and len(value) < 19:
            row = ask.sandbox.books.one(
                "SELECT * FROM media WHERE id = ? AND account_id = ?", int(value), ask.user["id"]
            )
        if row is not None and row["status_id"] not in (None, also) and asked_of(ask).media_again:
            row = None
        if row is None:
            gone.append(value)
        else:
            media.append(row)
    if gone:
        status = asked_of(ask).media_again or 422
        raise Refusal(status, says("media_gone", ask.locale, ids=", ".join(gone)))
    if len(media) > 1 and any(m["kind"] == "video" for m in media):
        raise unprocessable("mixed", ask.locale)
    if any(m["boot"] == BOOT and m["ready"] > time.monotonic() for m in media):
        raise unprocessable("not_ready", ask.locale)
    return media


def _keep_version(ask: Asking, row: Row, at: int) -> None:
    books = ask.sandbox.books
    n = books.number("SELECT count(*) FROM versions WHERE status_id = ?", row["id"])
    pictures = [{"id": m["id"], "description": m["description"]} for m in books.media_of(ids_of(row))]
    books.insert(
        "versions",
        status_id=row["id"],
        n=n,
        text=row["text"],
        spoiler=row["spoiler"],
        sensitive=row["sensitive"],
        media=json.dumps(pictures, ensure_ascii=False),
        created_at=at,
    )


def _alive(ask: Asking, ident: int) -> Row:
    row = ask.sandbox.books.one("SELECT * FROM statuses WHERE id = ? AND deleted_at IS NULL", ident)
    if row is None:
        raise not_found()
    return row


def _may_see(ask: Asking, row: Row) -> bool:
    mine = ask.account is not None and ask.account["id"] == row["account_id"]
    return mine or row["visibility"] in ("public", "unlisted")


def _visible(ask: Asking, ident: int) -> Row:
    row = _alive(ask, ident)
    if not _may_see(ask, row):
        raise not_found()  # 404, not 403: it is not told that there is such a post
    return row


def _own(ask: Asking) -> Row:
    row = _alive(ask, ask.ident)
    if row["account_id"] != ask.user["id"]:
        raise not_found()
    return row


visible = _visible
