"""Words of two scripts: look-alikes stop, odd words are asked about, the rest is left alone."""

import pytest

from campaign.core.lint import lint


@pytest.mark.parametrize(
    ("text", "lang", "word", "fix"),
    [
        ("это cело", "ru", "cело", "село"),
        ("Mоcква ждёт", "ru", "Mоcква", "Москва"),
        ("город ТАСC", "ru", "ТАСC", "ТАСС"),
        ("the сity of peace", "en", "сity", "city"),
        ("МOCKBA", "ru", "МOCKBA", "МОСКВА"),
        ("МOCKBA", "en", "МOCKBA", "MOCKBA"),
        ("서울의 cело에서", "ko", "cело", "село"),
        ("слово Kорея", "ru", "Kорея", "Корея"),
        ("мiсто", "uk", "мiсто", "місто"),
        ("gοοd", "en", "gοοd", "good"),
        ("ёлkа сeло", "ru", "сeло", "село"),
    ],
)
def test_look_alikes_of_another_alphabet_stop_and_are_swapped(text: str, lang: str, word: str, fix: str) -> None:
    found = next(one for one in lint(text, lang) if one.code == "mixed-script")

    assert ("error", word, fix) == (found.severity, found.value, found.fix)
    assert found.place is not None and text[slice(*found.place)] == word
    assert all(name in found.message("en") for name in ("U+", fix))


@pytest.mark.parametrize("text", ["наш PRщик", "Zарядье", "Яndex"])
def test_a_word_that_mixes_letters_which_stand_for_themselves_is_asked_about(text: str) -> None:
    assert [("mixed-word", "warning", None)] == [(one.code, one.severity, one.fix) for one in lint(text, "ru")]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Слово дня: 평화 (пхёнхва), то есть «мир» и peace.", "ru"),
        ("오늘의 낱말은 ‘평화’. 러시아어로는 ‘мир(미르)’라고 합니다. K팝, 9288km를", "ko"),
        ("IT-компания, Wi-Fi, COVID-19, iPhone’ом, X-лучи, витамин C", "ru"),
        ("5 kΩ, Δt, 10 µm, TNFα", "en"),
        ("https://ru.wikipedia.org/wiki/Сеул", "en"),
    ],
)
def test_words_of_another_script_are_no_finding(text: str, lang: str) -> None:
    assert [] == [one for one in lint(text, lang) if one.code in {"mixed-script", "mixed-word"}]


@pytest.mark.parametrize(
    ("text", "word"), [("https://аpple.com/x", "аpple"), ("см. #Cеул", "Cеул"), ("см. @имяx", "имяx")]
)
def test_a_slip_in_a_link_a_name_or_a_hashtag_stops_and_is_left_to_a_person(text: str, word: str) -> None:
    assert [("error", word, None)] == [(one.severity, one.value, one.fix) for one in lint(text, "ru")]


@pytest.mark.parametrize(
    ("text", "lone"),
    [("c Москвой", "c"), ("Мы были y моря", "y"), ("не город, a село", "a"), ("речь o мире", "o")],
)
def test_a_latin_letter_that_stands_for_a_russian_word_is_told(text: str, lone: str) -> None:
    (found,) = lint(text, "ru")

    assert ("latin-alone", "warning", lone) == (found.code, found.severity, found.value)
    assert found.fix is not None and found.fix not in "acoy"


@pytest.mark.parametrize("text", ["вариант a подходит", "план B готов", "a b c", "o, нет"])
def test_a_latin_letter_that_is_a_name_is_left_alone(text: str) -> None:
    assert [] == lint(text, "ru")
