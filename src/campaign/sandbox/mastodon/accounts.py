"""Accounts, their lists of posts, and what accounts do to posts of others. https://docs.joinmastodon.org/methods/accounts/"""

import json
import re
import time
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.faults import Fault
from campaign.sandbox.mastodon import entities
from campaign.sandbox.mastodon.asking import Asking, answer, asking, whole
from campaign.sandbox.mastodon.refusals import not_found
from campaign.sandbox.mastodon.statuses import visible

DEFAULT_LIMIT, MAX_LIMIT = 20, 40


async def verify_credentials(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("read:accounts")
    return answer(entities.account(ask.sandbox, ask.user, ask.now, own=True))


async def lookup(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:accounts")
    row = ask.sandbox.books.account((ask.text("acct") or "").lstrip("@").partition("@")[0])
    if row is None:
        raise not_found()
    return answer(entities.account(ask.sandbox, row, ask.now))


async def show(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:accounts")
    return answer(entities.account(ask.sandbox, _account(ask), ask.now))


async def statuses(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:statuses")
    row = _account(ask)
    asked = ask.params.get("limit", DEFAULT_LIMIT)
    limit = (
        min(abs(int(asked)) if re.fullmatch(r"-?[0-9]{1,9}", str(asked)) else DEFAULT_LIMIT, MAX_LIMIT) or DEFAULT_LIMIT
    )
    rows = [] if ask.true("pinned") else _page(ask, row, limit)
    headers = {"Link": _link(ask, row, rows, limit)} if rows else {}
    return answer([entities.status(ask.sandbox, r, ask.now, ask.account) for r in rows], headers=headers)


def _page(ask: Asking, row: Row, limit: int) -> list[Row]:
    where, values = ["account_id = ?", "deleted_at IS NULL"], [row["id"]]
    if ask.account is None or ask.account["id"] != row["id"]:
        where.append("visibility IN ('public', 'unlisted')")
    # since_id: newest of what is newer; min_id: the next ones directly above.
    for name, comparison in (("max_id", "id < ?"), ("since_id", "id > ?"), ("min_id", "id > ?")):
        if ask.params.get(name):
            where.append(comparison)
            values.append(whole(ask.params[name]))
    if ask.true("exclude_replies"):  # a thread of one's own stays
        where.append("(in_reply_to_id IS NULL OR in_reply_to_account_id = account_id)")
    if ask.true("exclude_reblogs"):
        where.append("reblog_of IS NULL")
    if ask.true("only_media"):
        where.append("media != '[]'")
    lagging = _lagging(ask, row["name"])
    if lagging is not None:
        where.append("NOT (boot = ? AND accepted > ?)")
        values += [BOOT, time.monotonic() - float(lagging.args.get("seconds", 3))]
    upwards = bool(ask.params.get("min_id"))
    order = "ASC" if upwards else "DESC"
    sql = f"SELECT * FROM statuses WHERE {' AND '.join(where)} ORDER BY id {order} LIMIT ?"  # noqa: S608
    rows = ask.sandbox.books.all(sql, *values, limit)
    return rows[::-1] if upwards else rows


def _lagging(ask: Asking, name: str) -> Fault | None:
    """Lists lag for the account whose list it is; a post asked for by its id is there."""
    found = ask.sandbox.faults.standing("lagging_list", "GET", ask.request.url.path, name)
    if found is not None:
        found.hits += 1
    return found


def _link(ask: Asking, row: Row, rows: list[Row], limit: int) -> str:
    names = ("exclude_replies", "exclude_reblogs", "only_media")
    kept: dict[str, Any] = {"limit": limit} | {name: ask.params[name] for name in names if name in ask.params}
    address = f"{ask.sandbox.base_url}/api/v1/accounts/{row['id']}/statuses"
    links = []
    if len(rows) == limit:
        links.append(f'<{address}?{urlencode(kept | {"max_id": rows[-1]["id"]})}>; rel="next"')
    links.append(f'<{address}?{urlencode(kept | {"min_id": rows[0]["id"]})}>; rel="prev"')
    return ", ".join(links)


async def favourite(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:favourites")
    row = visible(ask, ask.ident)
    undo = request.url.path.endswith("/unfavourite")
    books, mine = ask.sandbox.books, ("status_id = ? AND account_id = ? AND undone_at IS NULL")
    with books.together():
        there = books.one(f"SELECT 1 FROM favourites WHERE {mine}", row["id"], ask.user["id"])  # noqa: S608
        if undo:
            books.do(f"UPDATE favourites SET undone_at = ? WHERE {mine}", ask.now, row["id"], ask.user["id"])  # noqa: S608
        elif there is None:
            books.insert("favourites", account_id=ask.user["id"], status_id=row["id"], at=ask.now)
    return answer(entities.status(ask.sandbox, row, ask.now, ask.user))


async def favourited_by(request: Request) -> Response:
    ask = await asking(request)
    ask.scope_if_token("read:accounts")
    row = visible(ask, ask.ident)
    who = ask.sandbox.books.all(
        "SELECT a.* FROM favourites f JOIN accounts a ON a.id = f.account_id"
        " WHERE f.status_id = ? AND f.undone_at IS NULL LIMIT 80",
        row["id"],
    )
    return answer([entities.account(ask.sandbox, a, ask.now) for a in who])


async def reblog(request: Request) -> Response:
    ask = await asking(request)
    ask.scope("write:statuses")
    row = visible(ask, ask.ident)
    books, user = ask.sandbox.books, ask.user
    mine = "SELECT * FROM statuses WHERE reblog_of = ? AND account_id = ? AND deleted_at IS NULL"
    if request.url.path.endswith("/unreblog"):
        books.do(
            "UPDATE statuses SET deleted_at = ? WHERE reblog_of = ? AND account_id = ? AND deleted_at IS NULL",
            ask.now,
            row["id"],
            user["id"],
        )
        return answer(entities.status(ask.sandbox, row, ask.now, user))
    boost = books.one(mine, row["id"], user["id"])
    if boost is None:
        with books.together():
            books.insert(
                "statuses",
                id=books.snowflake("statuses", ask.now),
                account_id=user["id"],
                text="",
                spoiler="",
                language=row["language"],
                visibility="public",
                sensitive=0,
                created_at=ask.now,
                reblog_of=row["id"],
                media=json.dumps([]),
                growth="",
                app=ask.token["app"] if ask.token else "",
                accepted=time.monotonic(),
                boot=BOOT,
            )
        boost = books.one(mine, row["id"], user["id"])
    assert boost is not None  # noqa: S101 - just inserted
    return answer(entities.status(ask.sandbox, boost, ask.now, user))


def _account(ask: Asking) -> Row:
    row = ask.sandbox.books.one("SELECT * FROM accounts WHERE id = ?", ask.ident)
    if row is None:
        raise not_found()
    return row
