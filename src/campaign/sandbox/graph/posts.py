"""Containers, posts, comments and counters of the family."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.graph.speech import COMMON, Asking, GraphError, new_code, new_id
from campaign.sandbox.state import Sandbox

DAY = 24 * 3600 * 1000  # milliseconds of the platform's time


def make_container(
    ask: Asking,
    told: Mapping[str, Any],
    media: Sequence[Mapping[str, Any]],
    *,
    error: str = "",
    ready: bool = False,
    ident: str = "",
) -> str:
    """Keep a container; one with a clip is ready in a while, unless that is ready. Returns its id."""
    slow = not ready and any(each["kind"] == "video" for each in media)
    ident, now = ident or new_id(), time.monotonic()
    ask.sandbox.books.insert(
        "graph_containers",
        id=ident,
        platform=ask.platform,
        account=ask.account["name"],
        told=json.dumps(told, ensure_ascii=False),
        media=json.dumps(media, ensure_ascii=False),
        made=now,
        boot=BOOT,
        ready=now + (ask.sandbox.video_seconds if slow else 0.0),
        error=error,
    )
    return ident


def container(ask: Asking, ident: str) -> Row | None:
    sql = "SELECT * FROM graph_containers WHERE id = ? AND platform = ? AND account = ?"
    return ask.sandbox.books.one(sql, ident, ask.platform, ask.account["name"])


def state_of(ask: Asking, row: Row, *, lags: bool = True) -> str:
    """Return how it stands with a container; `lags`: as a reader is told, who may be told late."""
    if row["post"] is not None and not (lags and _hidden(ask, row["post"])):
        return "PUBLISHED"
    if row["boot"] != BOOT or time.monotonic() - row["made"] > 24 * 3600.0 or ask.stands("ignore_key"):
        return "EXPIRED"
    if row["ready"] > time.monotonic():
        return "IN_PROGRESS"
    return "ERROR" if row["error"] else "FINISHED"


def make_post(ask: Asking, row: Row, *, ident: str = "", kind: str = "", text: str = "", reply_to: str | None) -> Row:
    """Publish what a container holds."""
    books, name, ident = ask.sandbox.books, ask.account["name"], ident or new_id()
    with books.together():
        books.insert(
            "graph_posts",
            id=ident,
            platform=ask.platform,
            account=name,
            text=text,
            media=row["media"],
            kind=kind,
            reply_to=reply_to,
            code=new_code(),
            created_at=ask.now,
            growth=engagement.fingerprint(name, text),
            accepted=time.monotonic(),
        )
        books.do("UPDATE graph_containers SET post = ? WHERE id = ?", ident, row["id"])
    made = post_named(ask.sandbox, ask.platform, ident)
    assert made is not None  # noqa: S101 - just inserted
    return made


def post_named(sandbox: Sandbox, platform: str, ident: str) -> Row | None:
    sql = "SELECT * FROM graph_posts WHERE platform = ? AND id = ? AND deleted_at IS NULL"
    return sandbox.books.one(sql, platform, ident)


def posts_of(ask: Asking, where: str = "1") -> list[Row]:
    """Return an account's posts, newest first; a list may lag."""
    sql = f"SELECT * FROM graph_posts WHERE platform = ? AND account = ? AND deleted_at IS NULL AND {where}"  # noqa: S608 - ours
    rows = ask.sandbox.books.all(f"{sql} ORDER BY seq DESC", ask.platform, ask.account["name"])
    since = ask.number("since") * 1000
    late = ask.stands("lagging_list")
    return [row for row in rows if row["created_at"] >= since and not (late and row["accepted"] >= late.since)]


def lately(ask: Asking, where: str = "1") -> int:
    """Return how many posts an account made in the last 24 hours of the platform's time."""
    sql = f"SELECT count(*) FROM graph_posts WHERE platform = ? AND account = ? AND created_at > ? AND {where}"  # noqa: S608
    return ask.sandbox.books.number(sql, ask.platform, ask.account["name"], ask.now - DAY)


def remove(ask: Asking, row: Row) -> dict[str, Any]:
    ask.sandbox.books.do("UPDATE graph_posts SET deleted_at = ? WHERE seq = ?", ask.now, row["seq"])
    return {"success": True}


def rewrite(ask: Asking, row: Row, text: str) -> None:
    """Replace a post's text."""
    versions = json.dumps([*json.loads(row["versions"]), row["text"]], ensure_ascii=False)
    sql = "UPDATE graph_posts SET text = ?, versions = ?, edited_at = ? WHERE seq = ?"
    ask.sandbox.books.do(sql, text, versions, ask.now, row["seq"])


def comment(ask: Asking, post: str, parent: str | None, text: str) -> str:
    """Let the account itself answer below a post."""
    ident = new_id()
    ask.sandbox.books.insert(
        "graph_comments",
        id=ident,
        platform=ask.platform,
        post=post,
        parent=parent,
        account=ask.account["name"],
        text=text,
        created_at=ask.now,
    )
    return ident


def comments_of(sandbox: Sandbox, platform: str, post: str) -> list[Row]:
    return sandbox.books.all(
        "SELECT * FROM graph_comments WHERE platform = ? AND post = ? ORDER BY seq", platform, post
    )


def _hidden(ask: Asking, ident: str) -> bool:
    late = ask.stands("lagging_list")
    row = post_named(ask.sandbox, ask.platform, ident)
    return bool(late and row is not None and row["accepted"] >= late.since)


# Counters


def grown(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters of a post, in words that are no platform's."""
    age, language = (at - row["created_at"]) / 1000, str(row["account"]).rpartition("_")[2]

    def count(metric: engagement.Grown) -> int:
        return engagement.count(
            sandbox.seed, row["growth"], metric, age, language=language, platform=str(row["platform"])
        )

    likes, shares = count("favourites"), count("reblogs")
    return {
        "reactions": likes,
        "replies": count("replies") + len(comments_of(sandbox, row["platform"], row["id"])),
        "reposts": shares,
        "quotes": count("quotes"),
        "views": 23 * likes + 11 * shares,
        "reach": 17 * likes + 7 * shares,
        "saves": likes // 5,
    }


def insights(ask: Asking, row: Row, known: Mapping[str, str]) -> dict[str, Any]:
    """Return counters; one that is not known refuses them all, as the real one does.

    Args:
        known: the platform's name → the word of grown().
    """
    told = ask.text("metric")
    named = json.loads(told) if told.startswith("[") else told.split(",")  # Meta's own client sends a JSON list
    asked = [str(name) for name in named if name]
    gone = ask.sandbox.faults.missing(row["id"], row["account"])
    retired = {name for name in known if gone.get(f"{name}_count") == "absent"}
    silent = {name for name in known if gone.get(f"{name}_count") == "null"}
    there = [name for name in known if name not in retired]
    for place, name in enumerate(asked):
        if name not in there:
            raise GraphError(COMMON["metric"], place=place, names=", ".join(there))
    counts = grown(ask.sandbox, row, ask.now)
    return {
        "data": [
            {
                "name": name,
                "period": "lifetime",
                "values": [{"value": counts[known[name]]}],
                "title": name.replace("_", " ").title(),
                "description": f"Sandbox: {name}",
                "id": f"{row['id']}/insights/{name}/lifetime",
            }
            for name in asked
            if name not in silent
        ]
    }
