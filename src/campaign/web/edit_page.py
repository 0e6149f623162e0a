"""Another wording of a post, in one language: what it outdates is shown before it is kept."""

from starlette.responses import Response

from campaign.core.errors import CampaignError, Invalid
from campaign.core.language import latest, outdated
from campaign.service.revise import revise
from campaign.store import accounts as account_rows
from campaign.store import campaigns
from campaign.store import posts as post_rows
from campaign.web.desk import Desk
from campaign.web.gate import Visit


def show(desk: Desk, visit: Visit) -> Response:
    """Show the form, filled in with the newest wording."""
    return _form(desk, visit, visit.asked("language"))


def act(desk: Desk, visit: Visit) -> Response:
    """Keep the revision, or show what stands against it with all that was typed."""
    campaign, post, lang = visit.place("campaign"), visit.place("post"), visit.needed("language")
    seen = visit.text("revision")
    try:
        revise(
            desk.app,
            post,
            lang,
            by=visit.person,
            text=visit.text("text"),
            tags=visit.text("tags").replace(",", " ").split(),
            link=visit.text("link").strip(),
            title=visit.text("title").strip(),
            change="typo" if visit.text("change") == "typo" else "meaning",
            based_on=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
            campaign_name=campaign,
        )
    except CampaignError as error:
        return _form(desk, visit, lang, status=error.status_code, problem=str(error))
    return desk.go(f"/posts/{campaign}/{post}")


def _form(desk: Desk, visit: Visit, lang: str, *, status: int = 200, problem: str | None = None) -> Response:
    with desk.app.store.read() as tx:
        campaign = campaigns.campaign_named(tx, visit.place("campaign"))
        post = post_rows.post_named(tx, visit.place("post"), campaign)
        history = post_rows.variants_of(tx, post.id)
        accounts = account_rows.all_accounts(tx)
    newest = latest(history)
    if lang not in newest:
        raise Invalid("language", lang, f"post {post.name} has: {', '.join(newest)}")
    now = newest[lang]
    typed = visit.request.method == "POST"
    return desk.page(
        visit,
        "edit.html",
        status,
        demo=campaign.demo,
        campaign=campaign,
        post=post,
        now=now,
        source=newest.get(campaign.source_lang),
        others=[other for other in newest if other != lang],
        outdated=outdated(history, campaign.source_lang),
        text=visit.text("text") if typed else now.text,
        tags=visit.text("tags") if typed else " ".join(now.tags),
        address=visit.text("link") if typed else now.link or "",  # `link` is a macro of every page
        heading=visit.text("title") if typed else now.title or "",
        titles=bool(now.title) or any(desk.app.capabilities(account).title for account in accounts),
        problem=problem,
    )
