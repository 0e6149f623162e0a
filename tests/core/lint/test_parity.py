"""Parity: numbers, links, names, placeholders, questions and ends, between a text and its translation."""

import pytest

from campaign.core.lint import lint_pair
from campaign.core.lint.numbers import numbers, value


def _told(source: str, source_lang: str, target: str, lang: str) -> list[tuple[str, str]]:
    return [(one.code, one.value) for one in lint_pair(source, source_lang, target, lang)]


@pytest.mark.parametrize(
    ("source", "target", "lang"),
    [
        ("10월 8일", "8 октября", "ru"),
        ("10월 8일", "8 October", "en"),
        ("10월 8일", "Oct. 8", "en"),
        ("2019년 10월 8일", "2019-10-08", "en"),
        ("5월 9일", "9 мая", "ru"),
        ("3월 1일", "1 марта", "ru"),
        ("3·1운동 100주년", "столетие Первомартовского движения", "ru"),
        ("3·1운동 100주년", "the centenary of the March 1st Movement", "en"),
        ("30주년", "30-летие", "ru"),
        ("30주년", "тридцатилетие", "ru"),
        ("9,288km", "9 288 км", "ru"),
        ("9,288km", f"9{chr(0xA0)}288 км", "ru"),
        ("9288km", "9,288 km", "en"),
        ("1.5도", "1,5 градуса", "ru"),
        ("1만 2천 명", "12 000 человек", "ru"),
        ("1만 명", "10 тыс. человек", "ru"),
        ("3억 명", "300 million people", "en"),
        ("150만 명", "1.5 million people", "en"),
        ("버전 3만 지원", "only version 3", "en"),
        ("① 경복궁 ② 한강", "1) Дворец 2) Река", "ru"),
        ("오후 7시", "19:00", "ru"),
        ("오늘 오후 7시에", "at 7 p.m. today", "en"),
        ("오전 9시 30분", "9:30", "ru"),
        ("밤 12시", "00:00", "ru"),
        ("오후 1시", "13:00", "ru"),
        ("21세기", "XXI век", "ru"),
        ("3위", "third place", "en"),
        ("０8시", "8:00", "ru"),
    ],
)
def test_numbers_that_say_the_same_are_the_same(source: str, target: str, lang: str) -> None:
    assert [] == _told(source, "ko", target, lang)


@pytest.mark.parametrize(
    ("source", "target", "lang", "told"),
    [
        ("2019년의 일", "Год назад", "ru", [("number-missing", "2019")]),
        ("2019년의 일", "События 2018 года", "ru", [("number-missing", "2019"), ("number-extra", "2018")]),
        ("10월의 일", "в сентябре", "ru", [("number-missing", "10월"), ("number-extra", "сентябре")]),
        ("9,288km", "9,28 км", "ru", [("number-missing", "9,288"), ("number-extra", "9,28")]),
        ("1만 명", "1000 человек", "ru", [("number-missing", "1만"), ("number-extra", "1000")]),
        ("오후 7시", "17:00", "ru", [("number-missing", "7"), ("number-extra", "17")]),
        ("세 장", "3 карточки", "ru", []),
    ],
)
def test_a_number_that_is_missing_or_new_is_told(
    source: str, target: str, lang: str, told: list[tuple[str, str]]
) -> None:
    assert told == _told(source, "ko", target, lang)


@pytest.mark.parametrize(
    ("written", "lang", "wanted"),
    [
        ("1,5", "ru", "1.5"),
        ("1,500", "en", "1500"),
        ("1,500", "ru", "1.5"),
        ("1 500", "ru", "1500"),
        ("0", "ko", "0"),
        ("007", "en", "7"),
        ("2.50", "en", "2.5"),
        ("1만 2345", "ko", "12345"),
        ("3천5백", "ko", "3500"),
        ("2.5백만", "ko", "2500000"),
        ("3억 5천만", "ko", "350000000"),
        ("100", "en", "100"),
        ("9" * 5000, "en", value("9" * 5000, "en")),
    ],
)
def test_a_number_has_one_spelling(written: str, lang: str, wanted: str) -> None:
    assert wanted == value(written, lang)


def test_numbers_know_their_places() -> None:
    text = "С 1911 по 1937 год, 8 октября"

    assert ["1911", "1937", "8", "октября"] == [text[slice(*one.place)] for one in numbers(text, "ru")]


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("보기 https://example.org/ko/a", "Смотрите https://example.org/ru/a", []),
        ("보기 https://ko.example.org/a?lang=ko", "Смотрите https://ru.example.org/a?lang=ru", []),
        ("보기 https://example.org/a/", "Смотрите https://example.org/a", []),
        (
            "보기 https://example.org/a",
            "Смотрите https://example.org/b",
            [("link-missing", "https://example.org/a"), ("link-extra", "https://example.org/b")],
        ),
        ("@seoul 안녕", "Привет, @Seoul", []),
        ("@seoul 안녕", "Привет", [("mention-missing", "@seoul")]),
        ("안녕", "Привет, @seoul", [("mention-extra", "@seoul")]),
        ("{name} 님", "{name}", []),
        ("{name} 님", "{имя}", [("placeholder-missing", "{name}"), ("placeholder-extra", "{имя}")]),
        ("https://example.org/{lang}/", "https://example.org/{lang}/", []),
    ],
)
def test_links_names_and_placeholders_are_the_same(source: str, target: str, told: list[tuple[str, str]]) -> None:
    assert told == _told(source, "ko", target, "ru")


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("어디인가요?", "Где это?", []),
        ("어디인가요?", "Вот где.", [("question-count", "0")]),
        ("왜요? 정말요?!", "Почему? Правда?!", []),
        ("도착했습니다.", "Мы прибыли!", []),
        ("도착했습니다.", "Мы прибыли", [("terminal-mark", "–")]),
        ("도착했습니다. 😀\n#서울", "Мы прибыли 👍. \n#Сеул", []),
        ("도착했습니다.\nhttps://example.org/a", "Мы прибыли.\nhttps://example.org/a", []),
        ("보기 https://example.org/a", "Смотрите: https://example.org/a", []),
        ("‘평화’.", "«мир».", []),
        ("다음:", "Далее.", [("terminal-mark", ".")]),
        ("", "", []),
        ("서울", "Сеул", []),
    ],
)
def test_questions_and_ends_are_the_same(source: str, target: str, told: list[tuple[str, str]]) -> None:
    assert told == _told(source, "ko", target, "ru")


def test_what_was_not_translated_is_told() -> None:
    source = "이르쿠츠크의 가을 저녁입니다. 이곳의 시계는 서울보다 한 시간 느립니다."

    assert ["untranslated"] == [one.code for one in lint_pair(source, "ko", source, "ru")]
    (found,) = lint_pair(source, "ko", "Осенний вечер. 이곳의 시계는 서울보다 한 시간 느립니다.", "ru")
    assert ("untranslated", (15, 37)) == (found.code, found.place)
    line = "An autumn evening in Irkutsk."
    (found,) = lint_pair(f"{line}\nIt is late.", "en", f"{line}\nEs ist spät.", "de")
    assert ("untranslated", (0, len(line))) == (found.code, found.place)


@pytest.mark.parametrize(
    ("source", "source_lang", "target", "lang"),
    [
        ("오늘의 낱말은 ‘평화’.", "ko", "Слово дня: 평화 (пхёнхва).", "ru"),
        ("BTS", "en", "BTS", "ru"),
        ("Seoul", "en", "Seoul", "de"),
        ("#ISEOULU #VisitSeoulNowAndThen", "en", "#ISEOULU #VisitSeoulNowAndThen", "ru"),
        ("Same words here, in one language.", "en", "Same words here, in one language.", "en"),
    ],
)
def test_a_quoted_word_or_a_name_is_a_translation(source: str, source_lang: str, target: str, lang: str) -> None:
    assert [] == _told(source, source_lang, target, lang)


def test_a_table_of_numbers_is_not_compared() -> None:
    assert [] == _told("가 " + "17 " * 600, "ko", "а " + "18 " * 600, "ru")
