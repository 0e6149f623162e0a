"""Statistics of a page's posts, and a member's analytics. What nobody has seen yet is left out."""

from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.linkedin.asking import Asking, asking
from campaign.sandbox.linkedin.refusals import Refusal
from campaign.sandbox.state import Sandbox

# https://learn.microsoft.com/en-us/linkedin/marketing/community-management/members/post-statistics
TYPES = {
    "IMPRESSION": "impressions",
    "MEMBERS_REACHED": "reached",
    "REACTION": "likes",
    "COMMENT": "comments",
    "RESHARE": "shares",
    "POST_SAVE": "saves",
}


async def share_statistics(request: Request) -> Response:
    """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/share-statistics"""
    ask = asking(request)
    ask.may("rw_organization_admin", what="organizationalEntityShareStatistics.FINDER-organizationalEntity")
    if unquote(ask.query.get("organizationalEntity", "")) != ask.author["urn"]:
        raise Refusal("denied", access="organizationalEntityShareStatistics.FINDER-organizationalEntity")
    elements = []
    for urn in [*ask.listed("shares"), *ask.listed("ugcPosts")]:
        row = _row(ask, urn)
        true = counts(ask.sandbox, row, ask.now) if row is not None else {"impressions": 0}
        if row is not None and true["impressions"]:
            elements.append({"organizationalEntity": ask.author["urn"], "share": urn, **_statistics(ask, row, true)})
    return JSONResponse({"paging": {"start": 0, "count": 10}, "elements": elements})


async def member_analytics(request: Request) -> Response:
    ask = asking(request)
    ask.may("r_member_postAnalytics", what="memberCreatorPostAnalytics.FINDER-entity")
    kind, _, urn = ask.query.get("entity", "").strip("()").partition(":")
    metric = TYPES.get(ask.query.get("queryType", ""))
    if kind not in ("share", "ugc") or ask.query.get("aggregation") != "TOTAL" or metric is None:
        raise Refusal("parameter", name="queryType")
    row = _row(ask, unquote(urn))
    if row is None or row["author"] != ask.author["urn"]:
        raise Refusal("not_found", urn=unquote(urn)[:80])
    gone = ask.sandbox.faults.missing(row["urn"], ask.author["name"])
    if f"{ask.query['queryType'].lower()}_count" in gone:
        raise Refusal("parameter", name="queryType")  # as of one that was retired
    return JSONResponse({"elements": [{"count": counts(ask.sandbox, row, ask.now)[metric]}]})


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters of a post at a platform's time."""
    age = (at - row["created_at"]) / 1000
    likes, shares, comments, saves = (
        engagement.count(sandbox.seed, row["growth"], metric, age, platform="linkedin") for metric in engagement.GROWN
    )
    seen = 30 * likes + 20 * shares + 8 * comments
    told = {"likes": likes, "shares": shares, "comments": comments, "saves": saves}
    return {**told, "impressions": seen, "reached": seen * 2 // 3, "clicks": seen // 40}


def _statistics(ask: Asking, row: Row, true: dict[str, int]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "impressionCount": true["impressions"],
        "uniqueImpressionsCount": true["reached"],
        "likeCount": true["likes"],
        "commentCount": true["comments"],
        "shareCount": true["shares"],
        "clickCount": true["clicks"],
        "engagement": 0.01,
    }
    for name, how in ask.sandbox.faults.missing(row["urn"], ask.author["name"]).items():
        field = name.replace("_count", "Count")
        told.pop(field, None)
        if how == "null":
            told[field] = None
    return {"totalShareStatistics": told}


def _row(ask: Asking, urn: str) -> Row | None:
    return ask.sandbox.books.one("SELECT * FROM linkedin_posts WHERE urn = ? AND deleted_at IS NULL", urn)
