"""The sheets of all platforms: complete, and each "not offered" with the page that says so."""

import json
import re
from datetime import date

import pytest

from campaign.core.model import METRICS, Guarantee
from campaign.core.sheet import ABILITIES, sheet, sources
from campaign.platforms import available, load


@pytest.mark.parametrize("name", available())
def test_what_is_not_offered_names_where_the_platform_says_so(name: str) -> None:
    told = load(name).defaults

    assert told.missing() == frozenset(told.not_offered)
    assert told.missing() <= set(ABILITIES)


@pytest.mark.parametrize("name", available())
def test_every_fact_has_a_public_page_and_the_day_it_was_read(name: str) -> None:
    found = sources(load(name).defaults)

    assert found
    for source in found:
        assert re.fullmatch(r"https://[\w.-]+/\S*", source.url), source
        assert date(2026, 1, 1) <= date.fromisoformat(source.read_on) <= date.today(), source  # noqa: DTZ011


@pytest.mark.parametrize("name", available())
def test_the_sheet_is_plain_and_has_no_empty_cell(name: str) -> None:
    told = sheet(load(name))

    assert json.loads(json.dumps(told)) == told
    assert [] == [key for key, value in told.items() if value is None or value in ("", [], {})]


@pytest.mark.parametrize("name", available())
def test_the_declaration_holds_together(name: str) -> None:
    kind = load(name)
    told = kind.defaults

    assert kind.name == name
    assert set(told.metrics) <= set(METRICS)
    assert told.guarantees and list(told.guarantees) == sorted(told.guarantees, key=list(Guarantee).index)
    assert all(rule.max_count > 0 and rule.max_bytes > 0 and rule.mimes for rule in told.media)
    assert told.ids_per_reading > 0 and told.settles_within >= 0
    assert not kind.hosts or kind.home, "hosts are those of a platform with a home"
    assert not kind.home or re.fullmatch(r"https://[\w.-]+(/\S*[^/])?", kind.home)
