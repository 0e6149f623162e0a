"""What one attempt of a delivery needs, read for many deliveries in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from campaign.core.adapter import Capabilities
from campaign.core.approval import Asked, steps_of, why_not
from campaign.core.errors import CampaignError
from campaign.core.model import Account, Campaign, Delivery, Outgoing
from campaign.service import App
from campaign.service.standing import steps_by_account
from campaign.store import accounts as account_rows
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store.credentials import Credential, credential_of


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that one attempt needs."""

    delivery: Delivery
    outgoing: Outgoing
    stored: bytes  # what it was read from
    account: Account
    capabilities: Capabilities
    campaign: Campaign
    post_name: str
    held: Credential | CampaignError  # the account's secrets, or why they cannot be used
    parent: Delivery | None
    unapproved: str | None  # why exactly these bytes must not leave now: not approved, expired, for another time

    @property
    def credential(self) -> Credential:
        """The account's secrets. Raises: NotFound, CampaignError when they cannot be used."""
        if isinstance(self.held, CampaignError):
            raise self.held
        return self.held

    @property
    def generation(self) -> int | None:
        """Which of the account's tokens it is, where it has one."""
        return self.held.generation if isinstance(self.held, Credential) else None

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.post_name}/{'+'.join(self.delivery.langs)} to {self.account.name}"


def read_works(app: App, deliveries: Sequence[Delivery]) -> list[Work]:
    """Return what an attempt of each of these deliveries needs, in their order."""
    if not deliveries:
        return []
    with app.store.read() as tx:
        wordings = post_rows.wordings_by_id(tx, [each.outgoing_id for each in deliveries])
        accounts = {one: account_rows.account_of(tx, one) for one in {each.account_id for each in deliveries}}
        campaigns = {one: campaign_rows.campaign_of(tx, one) for one in {each.campaign_id for each in deliveries}}
        continued = [each.parent_id for each in deliveries if each.parent_id]
        parents = queue.by_id(tx, continued) if continued else {}
        unapproved = _unapproved(tx, deliveries, campaigns, app.clock.now())
        held: dict[str, Credential | CampaignError] = {}
        for account_id, account in accounts.items():
            try:
                held[account_id] = credential_of(tx, account, app.vault)
            except CampaignError as error:
                held[account_id] = error
    limits = {account_id: app.capabilities(account) for account_id, account in accounts.items()}
    return [
        Work(
            delivery=each,
            outgoing=post_rows.plain_outgoing(wordings[each.outgoing_id][0]),
            stored=wordings[each.outgoing_id][0],
            account=accounts[each.account_id],
            capabilities=limits[each.account_id],
            campaign=campaigns[each.campaign_id],
            post_name=wordings[each.outgoing_id][1],
            held=held[each.account_id],
            parent=parents.get(each.parent_id or ""),
            unapproved=unapproved.get(each.id),
        )
        for each in deliveries
    ]


def _unapproved(
    tx: Any, deliveries: Sequence[Delivery], campaigns: Mapping[str, Campaign], now: datetime
) -> dict[str, str]:
    """Return the ids of deliveries that must not leave → why. One question for the approvals of all of them."""
    rules = {one: steps_by_account(tx, one) for one in campaigns}
    asked: dict[str, Asked] = {}
    for each in deliveries:
        campaign = campaigns[each.campaign_id]
        steps = steps_of(campaign.approval, rules[campaign.id].get(each.account_id))
        if steps:
            asked[each.id] = Asked(each.outgoing_sha256, each.langs, each.due_at, steps, campaign.window)
    if not asked:
        return {}
    given = approval_rows.approvals_in(tx, {each.post_id for each in deliveries if each.id in asked})
    reasons = {
        each.id: why_not(given.get(each.post_id, ()), asked[each.id], now) for each in deliveries if each.id in asked
    }
    return {id: why for id, why in reasons.items() if why is not None}


def is_whole(work: Work) -> bool:
    """Whether what is stored is what was approved: by the digest of the bytes that it was read from."""
    return sha256(work.stored).hexdigest() == work.delivery.outgoing_sha256
