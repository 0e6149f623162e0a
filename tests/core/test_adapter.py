"""What an account's own sheet changes of what its platform offers."""

from dataclasses import replace

import pytest

from campaign.core.adapter import ABLE, overridden
from campaign.platforms.mastodon import CAPABILITIES


@pytest.mark.parametrize("name", ABLE)
def test_an_account_may_offer_less_or_more_than_its_platform(name: str) -> None:
    offered = replace(CAPABILITIES, **{name: True})

    assert [True, False, True] == [
        getattr(overridden(defaults, sheet), name)
        for defaults, sheet in (
            (offered, {}),
            (offered, {name: False}),
            (replace(CAPABILITIES, **{name: False}), {name: True}),
        )
    ]
    assert overridden(offered, {name: False}).missing() - offered.missing() == {name}


def test_metrics_that_an_account_may_not_read_are_none_of_its_own() -> None:
    some, none = (overridden(CAPABILITIES, {"measures": given}).metrics for given in (["reactions", "views"], []))

    assert ({"reactions": "favourites_count"}, {}) == (some, none)
    assert CAPABILITIES.metrics == overridden(CAPABILITIES, {}).metrics
    assert CAPABILITIES.metrics == overridden(CAPABILITIES, {"metrics": []}).metrics  # what Mastodon's own sheet says
