"""DeepL alone: its quota, its two hosts, its limits of one request."""

import asyncio

import pytest

from campaign.core.errors import Refused
from campaign.core.kept import pieces
from campaign.sandbox import Twin
from campaign.translators import home_of
from campaign.translators.deepl import MOST_BYTES, _cuts

from .conftest import Open


def test_a_spent_quota_says_how_much_of_it_is_used(open_tool: Open) -> None:
    tool = open_tool("deepl", quota="30")
    asyncio.run(tool.translate([pieces("가" * 20)], "ko", "ru"))
    with pytest.raises(Refused, match=r"spent \(20 of 30\); raise the limit there, or wait"):
        asyncio.run(tool.translate([pieces("가" * 20)], "ko", "ru"))


def test_a_spent_quota_is_told_also_where_its_use_is_not(open_tool: Open, twin: Twin) -> None:
    twin.fault("500_before", path="/deepl/v2/usage", times=3)
    with pytest.raises(Refused, match="this billing period are spent; raise the limit"):
        asyncio.run(open_tool("deepl", quota="1").translate([pieces("서울")], "ko", "ru"))


def test_the_key_names_the_host() -> None:
    assert ["https://api-free.deepl.com", "https://api.deepl.com"] == [home_of("deepl", key) for key in ("a:fx", "a")]


def test_a_text_of_many_kilobytes_goes_out_in_several_requests(open_tool: Open, twin: Twin) -> None:
    texts = ["가나다 " * 3000] * 5
    answers = asyncio.run(open_tool("deepl").translate([pieces(text) for text in texts], "ko", "en"))

    assert 5 == len(answers)
    assert 2 == twin.counters()["POST /deepl/v2/translate"]


def test_requests_hold_what_the_limits_admit() -> None:
    assert [0, 50, 60] == _cuts(["a"] * 60)
    assert [0, 1, 2, 4] == _cuts(["a" * MOST_BYTES, "a" * (MOST_BYTES + 1), "a", "a"])
    assert [0] == _cuts([])
