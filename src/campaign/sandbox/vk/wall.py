"""Walls: posts and what is written below them. https://dev.vk.com/en/method/wall"""

import json
import re
import time
from collections.abc import Sequence
from typing import Any

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.state import Sandbox
from campaign.sandbox.vk.asking import Asking, community
from campaign.sandbox.vk.media import photo, video
from campaign.sandbox.vk.refusals import Refusal, What

WALL = 8192  # the right
MAX_TEXT, MAX_ATTACHMENTS, MAX_IDS, A_DAY = 16_384, 10, 100, 50
DAY = 24 * 3600 * 1000
_THING = re.compile(r"(photo|video)(-?\d{1,18})_(\d{1,18})(?:_\w+)?")
_POST = re.compile(r"(-?\d{1,18})_(\d{1,18})")


def post(ask: Asking) -> Any:
    """Make a post, at once. A guid that was seen within the hour makes no second one."""
    if str(ask.token["token"]).startswith("vk2."):
        raise Refusal("vk_id")
    ask.may(WALL)
    group, books = ask.wall(), ask.sandbox.books
    ask.administers(group)
    if group["wants"]:
        _want(group["wants"])
    guid = ask.text("guid")
    if guid and not ask.fits("ignore_key") and (kept := _keyed(ask, group, guid)) is not None:
        # What a repeat is answered is not documented: an account may choose.
        if group["repeat"] != "same":
            raise Refusal("flood") if group["repeat"] == "flood" else Refusal("invalid", "guid")
        return {"post_id": kept}
    text, things, link = _content(ask, group)
    sent = books.number(
        "SELECT count(*) FROM vk_posts WHERE owner = ? AND kind = 'post' AND created_at > ?",
        -group["id"],
        ask.now - DAY,
    )
    if sent >= A_DAY and not ask.sandbox.wide:
        raise Refusal("a_day")
    if ask.number("publish_date"):
        raise Refusal("invalid", "publish_date")  # the twin keeps no postponed posts
    with books.together():
        ident = add(ask.sandbox, group, ask.now, text=text, things=things, link=link, author=-group["id"], guid=guid)
        if guid:
            values = (group["id"], guid, ident, time.monotonic(), BOOT)
            books.do("INSERT OR REPLACE INTO vk_guids VALUES (?, ?, ?, ?, ?)", *values)
    return {"post_id": ident}


def add(
    sandbox: Sandbox,
    group: Row,
    at: int,
    *,
    text: str,
    author: int,
    things: Sequence[str] = (),
    link: str = "",
    guid: str = "",
    post: int | None = None,
    parent: int | None = None,
    pinned: int = 0,
) -> int:
    """Write a post, or a comment below one: they share the wall's numbers. Return its number."""
    books = sandbox.books
    ident = books.number("SELECT max(id) FROM vk_posts WHERE owner = ?", -group["id"]) + 1
    books.insert(
        "vk_posts",
        owner=-group["id"],
        id=ident,
        kind="post" if post is None else "comment",
        post=post,
        parent=parent,
        author=author,
        text=text,
        things=json.dumps(list(things)),
        link=link,
        guid=guid,
        pinned=pinned,
        growth=engagement.fingerprint(group["screen_name"], text),
        created_at=at,
        accepted=time.monotonic(),
        boot=BOOT,
    )
    return ident


def get(ask: Asking) -> Any:
    """Return a page of a wall, newest first; the pinned post stands before all others, however old."""
    if ask.token["user"] is None:
        raise Refusal("group_token")
    group = _named(ask) if ask.text("domain") else ask.wall()
    if ask.text("filter") not in ("", "all", "owner", "others"):
        return {"count": 0, "items": []}
    count, offset = ask.page()
    where, values = ["owner = ?", "kind = 'post'", "deleted_at IS NULL"], [-group["id"]]
    if ask.text("filter") == "others":
        where.append("author <> owner")
    lagging = ask.standing("lagging_list")
    if lagging is not None:
        lagging.hits += 1
        where.append("NOT (boot = ? AND accepted > ?)")
        values += [BOOT, time.monotonic() - float(lagging.args.get("seconds", 3))]
    sql = f"FROM vk_posts WHERE {' AND '.join(where)}"
    total = ask.sandbox.books.number(f"SELECT count(*) {sql}", *values)
    rows = ask.sandbox.books.all(
        f"SELECT * {sql} ORDER BY pinned DESC, created_at DESC, id DESC LIMIT ? OFFSET ?", *values, count, offset
    )
    return {"count": total, "items": [told(ask.sandbox, row, ask.now) for row in rows]}


def get_by_id(ask: Asking) -> Any:
    """Return posts; what is gone is left out, without a word."""
    if ask.token["user"] is None:
        raise Refusal("group_token")
    named = [found for part in ask.text("posts").split(",") if (found := _POST.fullmatch(part.strip()))]
    if not named:
        raise Refusal("missing", "posts")
    if len(named) > MAX_IDS:
        raise Refusal("invalid", "posts")
    rows = [_row(ask.sandbox, int(one[1]), int(one[2])) for one in named]
    items = [told(ask.sandbox, row, ask.now) for row in rows if row is not None and row["kind"] == "post"]
    return {"items": items} if ask.at_least(139) else items


def edit(ask: Asking) -> Any:
    """Replace text and attachments; what is not named again is taken off."""
    ask.may(WALL)
    group = ask.wall()
    ask.administers(group)
    row = _own(ask, group)
    text, things, link = _content(ask, group)
    books = ask.sandbox.books
    with books.together():
        if (text, json.dumps(things), link) != (row["text"], row["things"], row["link"]):
            n = books.number("SELECT count(*) FROM vk_versions WHERE owner = ? AND id = ?", row["owner"], row["id"])
            books.insert("vk_versions", owner=row["owner"], id=row["id"], n=n, text=row["text"], at=ask.now)
        books.do(
            "UPDATE vk_posts SET text = ?, things = ?, link = ?, edited_at = ? WHERE owner = ? AND id = ?",
            text,
            json.dumps(things),
            link,
            ask.now,
            row["owner"],
            row["id"],
        )
    return {"post_id": row["id"]}


def delete(ask: Asking) -> Any:
    ask.may(WALL)
    group = ask.wall()
    ask.administers(group)
    row = _own(ask, group)
    sql = "UPDATE vk_posts SET deleted_at = ? WHERE owner = ? AND id = ?"
    ask.sandbox.books.do(sql, ask.now, row["owner"], row["id"])
    return 1


def create_comment(ask: Asking) -> Any:
    """Write below a post; anybody may, who has the right."""
    ask.may(WALL)
    group = ask.wall()
    above = _row(ask.sandbox, -group["id"], ask.number("post_id"))
    if above is None or above["kind"] != "post":
        raise Refusal("access")
    answered = _row(ask.sandbox, -group["id"], ask.number("reply_to_comment"))
    if not ask.text("message").strip():
        raise Refusal("missing", "message")
    parent = answered["id"] if answered is not None and answered["kind"] == "comment" else None
    told = {"text": ask.text("message").strip(), "post": above["id"], "parent": parent, "author": ask.token["user"]}
    with ask.sandbox.books.together():
        ident = add(ask.sandbox, group, ask.now, **told)
    return {"comment_id": ident, "parents_stack": [parent] if parent else []}


def get_comments(ask: Asking) -> Any:
    """Return what stands right below a post, or below one comment: two levels, as VK keeps them."""
    group, books = ask.wall(), ask.sandbox.books
    if group["closed"]:
        raise Refusal("closed")
    if _row(ask.sandbox, -group["id"], ask.number("post_id")) is None:
        raise Refusal("access")
    count, offset = ask.page()
    under = ask.number("comment_id") or None
    sql = "FROM vk_posts WHERE owner = ? AND kind = 'comment' AND post = ? AND parent IS ? AND deleted_at IS NULL"
    values = (-group["id"], ask.number("post_id"), under)
    order = "DESC" if ask.text("sort") == "desc" else "ASC"
    rows = books.all(f"SELECT * {sql} ORDER BY id {order} LIMIT ? OFFSET ?", *values, count, offset)
    items = [_comment(ask, row) for row in rows]
    answer = {"count": books.number(f"SELECT count(*) {sql}", *values), "items": items}
    if ask.number("extended"):
        users = {row["author"] for row in rows}
        names = [books.one("SELECT id, first_name, last_name FROM vk_users WHERE id = ?", one) for one in users]
        answer |= {"profiles": [dict(name) for name in names if name is not None], "groups": []}
    return answer


def get_post_reach(ask: Asking) -> Any:
    """https://dev.vk.com/en/method/stats.getPostReach"""
    ask.may(1 << 20)
    group = ask.wall()
    ask.administers(group)
    ids = [int(part) for part in ask.text("post_ids").split(",") if part.isascii() and part.isdigit()][:MAX_IDS]
    if not ids or len(ids) > 30:
        raise Refusal("invalid", "post_ids")
    found = []
    for ident in ids:
        row = _row(ask.sandbox, -group["id"], ident)
        if row is not None:
            grown = counts(ask.sandbox, row, ask.now)
            gone = ask.sandbox.faults.missing(f"{row['owner']}_{row['id']}", group["screen_name"])
            all_of_it = {"reach_total": grown["reach"], "reach_subscribers": grown["reach"], "links": grown["links"]}
            kept = {name: value for name, value in all_of_it.items() if f"{name}_count" not in gone}
            found.append({"post_id": ident, "hide": 0, "report": 0, "unsubscribe": 0, **kept})
    return found


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters at a time."""
    age = (at - row["created_at"]) / 1000
    group = community(sandbox, -row["owner"])
    language = str(group["screen_name"]).rpartition("_")[2] if group else None

    def grown(metric: engagement.Grown) -> int:
        return engagement.count(sandbox.seed, row["growth"], metric, age, language=language, platform="vk")

    written = sandbox.books.number(
        "SELECT count(*) FROM vk_posts WHERE owner = ? AND post = ? AND deleted_at IS NULL", row["owner"], row["id"]
    )
    likes, reposts = grown("favourites"), grown("reblogs")
    return {
        "likes": likes,
        "reposts": reposts,
        "comments": grown("replies") + written,
        "views": 31 * likes + 17 * reposts,
        "reach": 23 * likes + 11 * reposts,
        "links": likes // 5,
    }


def told(sandbox: Sandbox, row: Row, now: int) -> dict[str, Any]:
    """Return a post as VK tells it."""
    grown = counts(sandbox, row, now)
    group = community(sandbox, -row["owner"])
    gone = sandbox.faults.missing(f"{row['owner']}_{row['id']}", group["screen_name"] if group else "")
    told = {
        "id": row["id"],
        "owner_id": row["owner"],
        "from_id": row["author"],
        "date": row["created_at"] // 1000,
        "text": row["text"],
        "post_type": "post",
        "attachments": attached(sandbox, row),
        "post_source": {"type": "api"},
        "likes": {"count": grown["likes"], "can_like": 1, "user_likes": 0},
        "reposts": {"count": grown["reposts"], "user_reposted": 0},
        "comments": {"count": grown["comments"], "can_post": 0 if group and group["closed"] else 1},
        "views": {"count": grown["views"]},
    }
    for name, how in gone.items():
        if name.removesuffix("_count") in told:
            if how == "null":
                told[name.removesuffix("_count")] = None
            else:
                del told[name.removesuffix("_count")]
    if row["edited_at"] is not None:
        told["edited"] = row["edited_at"] // 1000
    if row["pinned"]:
        told["is_pinned"] = 1
    return told


def things_of(sandbox: Sandbox, row: Row) -> list[Row]:
    """Return the pictures and clips of a post, in their order."""
    found = []
    for thing in json.loads(row["things"]):
        match = _THING.fullmatch(thing)
        assert match is not None  # noqa: S101 - only such are kept
        sql = "SELECT * FROM vk_media WHERE kind = ? AND owner = ? AND id = ?"
        found.append(sandbox.books.one(sql, match[1], int(match[2]), int(match[3])))
    return [row for row in found if row is not None]


def attached(sandbox: Sandbox, row: Row) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [
        {"type": "photo", "photo": photo(sandbox, thing)}
        if thing["kind"] == "photo"
        else {"type": "video", "video": video(thing)}
        for thing in things_of(sandbox, row)
    ]
    if row["link"]:
        items.append({"type": "link", "link": {"url": row["link"], "title": "", "caption": "", "description": ""}})
    return items


def _content(ask: Asking, group: Row) -> tuple[str, list[str], str]:
    """Return text, attachments and link of a post, or refuse them."""
    text = ask.text("message").replace("\r\n", "\n").strip()
    named = [part for part in ask.text("attachments").split(",") if part]
    links = [part for part in named if part.startswith(("http://", "https://"))]
    things = [part for part in named if part not in links]
    if not text and not named:
        raise Refusal("missing", "message")
    if len(text) > MAX_TEXT:
        raise Refusal("too_long")
    if len(links) > 1:
        raise Refusal("one_link")
    if len(things) > MAX_ATTACHMENTS:
        raise Refusal("attachments")
    if links and group["nolinks"]:
        raise Refusal("links")
    kept = []
    for thing in things:
        match = _THING.fullmatch(thing)
        sql = "SELECT * FROM vk_media WHERE kind = ? AND owner = ? AND id = ?"
        row = ask.sandbox.books.one(sql, match[1], int(match[2]), int(match[3])) if match else None
        if match is None or row is None or not row["file"]:
            raise Refusal("invalid", "attachments")
        kept.append(f"{match[1]}{match[2]}_{match[3]}")
    return text, kept, links[0] if links else ""


def _want(what: What) -> None:
    sid = "239633676097"
    if what == "captcha":
        raise Refusal("captcha", captcha_sid=sid, captcha_img=f"https://api.vk.com/captcha.php?sid={sid}&s=1")
    if what == "validation":
        raise Refusal("validation", redirect_uri="https://m.vk.com/login?act=security_check&api_hash=0")
    raise Refusal(what)


def _keyed(ask: Asking, group: Row, guid: str) -> int | None:
    sql = "SELECT * FROM vk_guids WHERE group_id = ? AND guid = ?"
    row = ask.sandbox.books.one(sql, group["id"], guid)
    if row is None or row["boot"] != BOOT or time.monotonic() - row["at"] > ask.sandbox.key_lifetime:
        return None
    return int(row["post"])


def _row(sandbox: Sandbox, owner: int, ident: int) -> Row | None:
    sql = "SELECT * FROM vk_posts WHERE owner = ? AND id = ? AND deleted_at IS NULL"
    return sandbox.books.one(sql, owner, ident)


def _own(ask: Asking, group: Row) -> Row:
    row = _row(ask.sandbox, -group["id"], ask.number("post_id"))
    if row is None or row["kind"] != "post":
        raise Refusal("not_found")
    return row


def _named(ask: Asking) -> Row:
    row = ask.sandbox.books.one("SELECT * FROM vk_groups WHERE screen_name = ?", ask.text("domain"))
    if row is None:
        raise Refusal("access")
    return row


def _comment(ask: Asking, row: Row) -> dict[str, Any]:
    sql = "SELECT count(*) FROM vk_posts WHERE owner = ? AND parent = ? AND deleted_at IS NULL"
    answers = ask.sandbox.books.number(sql, row["owner"], row["id"])
    told = {
        "id": row["id"],
        "from_id": row["author"],
        "date": row["created_at"] // 1000,
        "text": row["text"],
        "post_id": row["post"],
        "owner_id": row["owner"],
        "parents_stack": [row["parent"]] if row["parent"] else [],
        "thread": {"count": answers, "items": [], "can_post": True, "show_reply_button": True},
    }
    return told | ({"reply_to_comment": row["parent"]} if row["parent"] else {})
