"""The counters of LinkedIn: statistics of a page's posts, many at once; a member's analytics, one by one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from campaign.core.errors import Unavailable
from campaign.core.model import Metric, Reading, ReadingStatus
from campaign.net.reply import Reply
from campaign.platforms.linkedin.told import as_dict, as_list, elements_of, key_of

MEMBERS: Mapping[Metric, str] = {
    "views": "IMPRESSION",
    "reach": "MEMBERS_REACHED",
    "reactions": "REACTION",
    "replies": "COMMENT",
    "reposts": "RESHARE",
    "saves": "POST_SAVE",
}


class Counters:
    """Reads what an author's posts have brought.

    Args:
        ask: sends a request: method, path, options of Client.ask().
        metrics: what the author may read: our word → LinkedIn's own for a page.
    """

    def __init__(
        self, ask: Callable[..., Awaitable[Reply]], label: str, author: str, metrics: Mapping[Metric, str]
    ) -> None:
        self._ask, self._label, self._author, self._metrics = ask, label, author, metrics

    async def of_member(self, remote_id: str) -> dict[Metric, Reading]:
        """Return the counters of one post."""
        return {metric: await self._member(remote_id, metric) for metric in self._metrics}

    async def of_page(self, urns: Sequence[str]) -> dict[str, Mapping[Metric, Reading]]:
        """Return the counters of posts. What nobody has seen yet LinkedIn leaves out, as what is gone."""
        lists = {
            "shares": [key_of(urn) for urn in urns if ":share:" in urn],
            "ugcPosts": [key_of(urn) for urn in urns if ":ugcPost:" in urn],
        }
        asked = "".join(f"&{name}=List({','.join(keys)})" for name, keys in lists.items() if keys)
        path = "/rest/organizationalEntityShareStatistics?q=organizationalEntity"
        reply = await self._ask("GET", f"{path}&organizationalEntity={key_of(self._author)}{asked}", ok=(200, 403))
        if reply.status == 403:
            hidden = dict.fromkeys(self._metrics, Reading(None, ReadingStatus.NOT_PERMITTED))
            return dict.fromkeys(urns, hidden)
        told: dict[str, dict[str, Any]] = {}
        for each in map(as_dict, elements_of(reply, f"{self._label}: the statistics")):
            told[str(each.get("share") or each.get("ugcPost"))] = as_dict(each.get("totalShareStatistics"))
        silent = [urn for urn in urns if urn not in told]
        there = await self._there(silent) if silent else frozenset()
        return {
            urn: {
                metric: _reading(told[urn].get(theirs))
                if urn in told
                else Reading(None, ReadingStatus.TOO_NEW if urn in there else ReadingStatus.EXPIRED)
                for metric, theirs in self._metrics.items()
            }
            for urn in urns
        }

    async def _member(self, remote_id: str, metric: Metric) -> Reading:
        """Ask for one counter: one that LinkedIn retires takes no other along."""
        kind = "share" if remote_id.split(":")[2] == "share" else "ugc"
        path = f"/rest/memberCreatorPostAnalytics?q=entity&entity=({kind}:{key_of(remote_id)})"
        asked = f"{path}&queryType={MEMBERS[metric]}&aggregation=TOTAL"
        reply = await self._ask("GET", asked, ok=(200, 400, 403, 404))
        if reply.status != 200:
            status = {403: ReadingStatus.NOT_PERMITTED, 404: ReadingStatus.EXPIRED}.get(reply.status)
            return Reading(None, status or ReadingStatus.ERROR)
        elements = as_dict(reply.json()).get("elements")
        if elements == []:
            return Reading(None, ReadingStatus.TOO_NEW)
        return _reading(as_dict(as_list(elements)[0]).get("count") if as_list(elements) else None)

    async def _there(self, urns: Sequence[str]) -> frozenset[str]:
        keys = ",".join(map(key_of, urns))
        told = as_dict((await self._ask("GET", f"/rest/posts?ids=List({keys})", method="BATCH_GET")).json())
        if not isinstance(told.get("results"), dict):
            raise Unavailable(f"{self._label}: the posts cannot be read")
        return frozenset(map(unquote, told["results"]))  # Rest.li may write a key as it was asked for


def _reading(value: Any) -> Reading:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Reading(value)
    return Reading(None, ReadingStatus.ERROR)
