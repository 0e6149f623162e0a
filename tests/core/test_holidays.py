"""Holidays of KR and RU in the reader's language, with substitute days off and working weekends."""

import subprocess
import sys
from datetime import date

import pytest

from campaign.core.errors import Invalid
from campaign.core.holidays import COUNTRIES, holiday_on, holidays_in, parse_countries


@pytest.mark.parametrize(
    ("day", "country", "reader", "name"),
    [
        ("2019-10-03", "KR", "ko", "개천절"),
        ("2019-10-09", "KR", "ko", "한글날"),
        ("2019-10-09", "KR", "en", "Hangul Day"),
        ("2019-10-09", "KR", "ru", "Hangul Day"),  # not named in Russian: in English then
        ("2019-11-04", "RU", "ru", "День народного единства"),
        ("2019-11-04", "RU", "en", "Unity Day"),
        ("2024-04-29", "RU", "ru", "Выходной (перенесено с 27.04.2024)"),
        ("2024-04-27", "RU", "ru", "Рабочий выходной"),
        ("2024-04-27", "RU", "ko", "대체 근무 주말"),
    ],
)
def test_a_day_is_named_as_its_reader_knows_it(day: str, country: str, reader: str, name: str) -> None:
    found = holiday_on(date.fromisoformat(day), country)

    assert found is not None
    assert name == found.name(reader)


def test_a_weekend_on_which_russia_works_is_told_apart_from_a_holiday() -> None:
    kinds = {str(day.day): day.kind for day in holidays_in(2024, "RU")}

    assert ("working_weekend", "holiday") == (kinds["2024-04-27"], kinds["2024-04-29"])


def test_an_ordinary_day_and_an_unknown_country_have_no_name() -> None:
    assert (None, None) == (holiday_on(date(2019, 10, 8), "KR"), holiday_on(date(2019, 10, 9), "XX"))


def test_the_country_follows_from_the_language_and_english_has_none() -> None:
    assert ("KR", "RU", None) == (COUNTRIES.get("ko"), COUNTRIES.get("ru"), COUNTRIES.get("en"))


def test_the_package_is_not_loaded_before_a_day_is_asked_about() -> None:
    code = "import sys, campaign.core.holidays; sys.exit('holidays' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_countries_are_read_and_what_is_none_is_refused() -> None:
    assert {"ko": "KR", "ru": "KZ"} == parse_countries("c", "ko=KR, ru=kz")
    assert {} == parse_countries("c", " ")
    for text in ("ko", "ko=KOR", "=KR", "ko=K1"):
        with pytest.raises(Invalid, match="must be languages with their countries"):
            parse_countries("c", text)
