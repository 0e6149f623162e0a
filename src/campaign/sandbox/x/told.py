"""Posts and accounts as X tells them: few fields unless more are asked for, links shortened, media at the end."""

import hashlib
import html
import json
from collections.abc import Collection, Sequence
from typing import Any

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.state import Sandbox
from campaign.sandbox.x import uploads
from campaign.sandbox.x.asking import Asking
from campaign.sandbox.x.counting import URL

PRIVATE_FOR = 30 * 24 * 3600 * 1000  # milliseconds: https://docs.x.com/x-api/fundamentals/metrics


def user(account: Row) -> dict[str, Any]:
    return {"id": str(account["id"]), "name": account["title"], "username": account["name"]}


def post(ask: Asking, row: Row | None, fields: Collection[str]) -> dict[str, Any]:
    """Return a post with the fields that were asked for."""
    assert row is not None  # noqa: S101 - the caller has looked
    account = owner(ask.sandbox, row)
    text, urls = _rendered(ask.sandbox, row, account)
    told: dict[str, Any] = {"id": str(row["id"]), "text": text, "edit_history_tweet_ids": [str(row["id"])]}
    media = media_of(ask.sandbox, row)
    more: dict[str, Any] = {
        "created_at": iso(row["created_at"]),
        "author_id": str(row["account"]),
        "conversation_id": str(row["conversation"]),
        "lang": "und",
    }
    if urls:
        more["entities"] = {"urls": urls}
    if media:
        keys = [uploads.key_of(medium["category"], medium["id"]) for medium in media]
        more["attachments"] = {"media_keys": keys}
    if row["reply_to"]:
        more["referenced_tweets"] = [{"type": "replied_to", "id": str(row["reply_to"])}]
    true = counts(ask.sandbox, row, ask.now)
    reposts = "repost_count" if account["says_repost"] else "retweet_count"
    more["public_metrics"] = {
        "like_count": true["likes"],
        "reply_count": true["replies"],
        reposts: true["reposts"],
        "quote_count": true["quotes"],
        "bookmark_count": true["bookmarks"],
        "impression_count": true["impressions"],
    }
    more["non_public_metrics"] = {
        "impression_count": true["impressions"],
        "url_link_clicks": true["clicks"],
        "user_profile_clicks": true["clicks"] // 2,
    }
    if "public_metrics" in fields:
        for name, how in ask.sandbox.faults.missing(str(row["id"]), account["name"]).items():
            more["public_metrics"].pop(name, None)
            if how == "null":
                more["public_metrics"][name] = None
    return told | {name: value for name, value in more.items() if name in fields}


def includes(ask: Asking, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what was asked for beside the posts."""
    wanted = ask.names("expansions")
    found: dict[str, Any] = {}
    if "attachments.media_keys" in wanted:
        media = [_medium(medium) for row in rows for medium in media_of(ask.sandbox, row)]
        found |= {"media": media} if media else {}
    if "author_id" in wanted and rows:
        found["users"] = [user(owner(ask.sandbox, one)) for one in {row["account"]: row for row in rows}.values()]
    return {"includes": found} if found else {}


def not_for_you(row: Row) -> dict[str, Any]:
    """Return what an answer says of a post whose non-public metrics are asked for by others, or too late.

    The post is then left out as a whole: https://github.com/plhery/node-twitter-api-v2/issues/432
    """
    field = "non_public_metrics.impression_count"
    return {
        "resource_type": "tweet",
        "field": field,
        "parameter": "ids",
        "resource_id": str(row["id"]),
        "title": "Field Authorization Error",
        "section": "data",
        "detail": f"Sorry, you are not authorized to access '{field}' on the Tweet with ids : [{row['id']}].",
        "value": str(row["id"]),
        "type": "https://api.twitter.com/2/problems/not-authorized-for-field",
    }


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters of a post at a platform's time."""
    age = (at - row["created_at"]) / 1000
    likes, reposts, replies, quotes = (
        engagement.count(sandbox.seed, row["growth"], metric, age, platform="x") for metric in engagement.GROWN
    )
    grown = {"likes": likes, "reposts": reposts, "replies": replies, "quotes": quotes}
    seen = 40 * likes + 25 * reposts + 10 * replies
    return {**grown, "bookmarks": likes // 6, "impressions": seen, "clicks": seen // 50}


def owner(sandbox: Sandbox, row: Row) -> Row:
    account = sandbox.books.one("SELECT * FROM x_accounts WHERE id = ?", row["account"])
    assert account is not None  # noqa: S101 - each post has one
    return account


def media_of(sandbox: Sandbox, row: Row) -> list[Row]:
    found = (sandbox.books.one("SELECT * FROM x_media WHERE id = ?", ident) for ident in json.loads(row["media"]))
    return [medium for medium in found if medium is not None]


def address(sandbox: Sandbox, account: str, ident: int) -> str:
    """Return where the sandbox shows a post."""
    return f"{sandbox.base_url}/{account}/status/{ident}"


def _rendered(sandbox: Sandbox, row: Row, account: Row) -> tuple[str, list[dict[str, Any]]]:
    """Return the text as it is told, with what its short links stand for."""
    urls: list[dict[str, Any]] = []

    def shortened(real: str, **more: Any) -> str:
        short = "https://t.co/" + hashlib.sha256(f"{row['id']}\n{real}".encode()).hexdigest()[:10]
        urls.append({"url": short, "expanded_url": real, "display_url": real.partition("://")[2][:30], **more})
        return short

    pieces, end = [], 0
    for match in URL.finditer(row["text"]):
        pieces += [html.escape(row["text"][end : match.start()], quote=False), shortened(match[0])]
        end = match.end()
    text = "".join([*pieces, html.escape(row["text"][end:], quote=False)])
    if media := media_of(sandbox, row):
        kind = "photo" if media[0]["category"] == "tweet_image" else "video"
        place = f"{address(sandbox, account['name'], row['id'])}/{kind}/1"
        short = shortened(place, media_key=uploads.key_of(media[0]["category"], media[0]["id"]))
        text = f"{text} {short}".strip()
    return text, urls


def _medium(medium: Row) -> dict[str, Any]:
    kind = {"tweet_image": "photo", "tweet_video": "video", "tweet_gif": "animated_gif"}[medium["category"]]
    told = {"media_key": uploads.key_of(medium["category"], medium["id"]), "type": kind}
    return told | ({"alt_text": medium["alt"]} if medium["alt"] else {})
