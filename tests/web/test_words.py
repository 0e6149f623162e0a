"""The catalogue has every sentence in every language, and the languages write as their readers do."""

import string
from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.model import METRICS, ReadingStatus
from campaign.core.states import State
from campaign.service.report import AGES
from campaign.web.formats import Look, web_address
from campaign.web.front import names_of
from campaign.web.gate import preferred
from campaign.web.words import CATALOGUE, LANGS


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_sentence_is_there_in_all_three_languages_with_the_same_fields(key: str) -> None:
    texts = CATALOGUE[key]
    assert len(texts) == len(LANGS) == 3
    fields = {frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name) for text in texts}
    assert len(fields) == 1 and all(text.strip() for text in texts)
    if key.startswith("n."):
        assert [text.count("|") for text in texts] == ([0, 1, 2])


def test_every_state_metric_status_and_age_has_a_word() -> None:
    wanted = {f"state.{one}" for one in State} | {f"metric.{one}" for one in METRICS}
    wanted |= {f"status.{one}" for one in ReadingStatus} | {f"age.{one}" for one in AGES}
    assert wanted <= set(CATALOGUE)


def test_numbers_and_plurals_follow_the_language() -> None:
    ko, en, ru = Look("ko"), Look("en"), Look("ru")
    assert (ko.number(12345), en.number(12345.5, 1), ru.number(12345.5, 1)) == ("12,345", "12,345.5", "12\u00a0345,5")
    assert (ko.percent(4, 100), ru.percent(4, 100)) == ("4%", "4\u00a0%")
    assert (en.percent(999, 1000), en.percent(1, 1000), en.percent(5, 5)) == ("99%", "1%", "100%")
    counted = [ru.count("n.posts", n).replace("\u00a0", " ") for n in (1, 2, 5, 11, 12, 21, 104)]
    assert counted == ["1 пост", "2 поста", "5 постов", "11 постов", "12 постов", "21 пост", "104 поста"]
    assert [en.count("n.posts", n).replace("\u00a0", " ") for n in (0, 1, 2)] == ["0 posts", "1 post", "2 posts"]


def test_times_are_written_on_the_24_hour_clock_with_their_offset() -> None:
    at = datetime(2019, 10, 1, 10, 0, tzinfo=UTC)
    assert Look("ko").moment(at, "Asia/Seoul") == "2019년 10월 1일 19:00 (UTC+9)"
    assert Look("en").moment(at, "Asia/Kolkata").replace("\u00a0", " ") == "1 October 2019, 15:30 (UTC+5:30)"
    assert Look("ru").moment(at, "Europe/Moscow").replace("\u00a0", " ") == "1 октября 2019 г., 13:00 (UTC+3)"
    assert Look("ru").age(timedelta(days=7)).replace("\u00a0", " ") == "7 дн."


def test_only_web_addresses_become_links() -> None:
    assert web_address("https://a.example/1") == "https://a.example/1"
    assert [web_address(url) for url in ("javascript:alert(1)", "data:text/html,x", "//x", None, "http://[")] == [
        None
    ] * 5


def test_the_browser_is_answered_in_the_first_of_its_languages_that_we_have() -> None:
    assert preferred("de-DE, ru;q=0.5, ko;q=0.7") == "ko"
    assert preferred("de, fr;q=0.2, en;q=0, ;;;q=x") is None


def test_a_desk_knows_only_the_names_that_it_is_bound_to() -> None:
    assert names_of("127.0.0.1") == {"localhost", "127.0.0.1", "::1"}
    assert names_of("desk.example") == {"desk.example"}
