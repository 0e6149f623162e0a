"""Letters: decomposed, invisible, turning, lone, private, broken, full-width."""

import unicodedata

import pytest

from campaign.core.lint import lint, mend


def _told(text: str, lang: str = "ru") -> list[tuple[str, str, tuple[int, int] | None, str | None]]:
    return [(one.code, one.value, one.place, one.fix) for one in lint(text, lang, "link")]


@pytest.mark.parametrize(
    ("text", "lang", "told"),
    [
        ("при\u200bвет", "ru", ("invisible", "⟨U+200B⟩", (3, 4), "")),
        ("при\u00adвет", "ru", ("invisible", "⟨U+00AD⟩", (3, 4), "")),
        ("\ufeffпривет", "ru", ("invisible", "⟨U+FEFF⟩", (0, 1), "")),
        ("서\u3164울", "ko", ("invisible", "⟨U+3164⟩", (1, 2), "")),
        ("a\ufe0fb", "en", ("invisible", "⟨U+FE0F⟩", (1, 2), "")),
        ("a\u200d\u200db", "en", ("invisible", "⟨U+200D⟩⟨U+200D⟩", (1, 3), "")),
        ("a\u2028b", "en", ("line-separator", "⟨U+2028⟩", (1, 2), "\n")),
        ("a\x07b", "en", ("control", "⟨U+0007⟩", (1, 2), "")),
        ("a \u0301b", "en", ("lone-mark", "⟨U+0301⟩", (2, 3), "")),
        ("a\u0300\u0301\u0302\u0303\u0304", "en", ("many-marks", "⟨U+0300⟩́̂̃̄", (1, 6), None)),
        ("a\ue000", "en", ("private-use", "⟨U+E000⟩", (1, 2), None)),
        ("a\u0378", "en", ("unassigned", "⟨U+0378⟩", (1, 2), None)),
        ("a\uffffb", "en", ("unassigned", "⟨U+FFFF⟩", (1, 2), None)),
        ("Москв\ufffd", "ru", ("replacement-character", "\ufffd", (5, 6), None)),
        ("ＡＢＣ서울", "ko", ("full-width", "ＡＢＣ", (0, 3), "ABC")),
        ("10～12시", "ko", ("full-width", "～", (2, 3), "~")),
        ("서울\u3000모스크바", "ko", ("full-width", "\u3000", (2, 3), " ")),
    ],
)
def test_a_letter_that_no_reader_expects_is_told(
    text: str, lang: str, told: tuple[str, str, tuple[int, int], str | None]
) -> None:
    assert told in _told(text, lang)
    assert {"warning"} == {one.severity for one in lint(text, lang, "link")}


@pytest.mark.parametrize("text", ["서울 한국", "йод, ёлка", "Å ångström"])
def test_decomposed_words_are_told_whole_and_joined(text: str) -> None:
    loose = unicodedata.normalize("NFD", text)
    found = [one for one in lint(loose, "en", "link") if one.code == "not-nfc"]

    assert found and all(one.fix == unicodedata.normalize("NFC", one.value) for one in found)
    assert text == mend(loose, "en", "link")


def test_a_decomposed_hashtag_is_another_hashtag_and_joined_too() -> None:
    assert "#서울 й" == mend(unicodedata.normalize("NFD", "#서울 й"), "ko")


@pytest.mark.parametrize(
    "text",
    [
        "👨‍👩‍👧‍👦 ❤️ ☎︎ 👍🏽 🏳️‍🌈 👩🏽‍⚕️ ❤️‍🔥",
        "1️⃣ #️⃣ ⓵ 🇰🇷 🇷🇺",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\U0001fae8 \U0001fa77",  # newer than the Unicode of Python 3.11
        "за́мок и замо́к",
        "葛\U000e0100城",
        "3·1운동 I·SEOUL·U «№ 5» 10 000 ₽ 5 °C — да… 1–2 ‘가’ “나” 『다』",
        "\tline\n\n  line",
    ],
)
def test_what_belongs_to_a_text_is_no_finding(text: str) -> None:
    for lang in ("ko", "ru", "en"):
        assert [] == lint(text, lang, "link")


def test_a_joiner_is_a_letter_where_the_script_needs_it() -> None:
    assert [] == lint("می\u200cخواهم", "fa", "link")
    assert ["invisible"] == [one.code for one in lint("мо\u200cре", "ru", "link")]


def test_signs_that_turn_the_direction_stop_when_they_have_no_partner() -> None:
    found = lint("abc \u202efed\u2066 \u202c", "en", "link")

    assert [("bidi-unbalanced", "error", "")] * 3 == [(one.code, one.severity, one.fix) for one in found]
    assert "abc fed " == mend("abc \u202efed\u2066 \u202c", "en", "link")


def test_signs_that_turn_the_direction_are_needed_in_hebrew_only() -> None:
    text = "a \u2067b\u2069 \u200fc"

    assert [("bidi-control", "warning")] * 3 == [(one.code, one.severity) for one in lint(text, "ru", "link")]
    assert [] == lint(text, "he", "link")
    assert ["bidi-unbalanced"] == [one.code for one in lint("\u2067a\nb", "he", "link")]  # a line ends what is open


def test_half_a_character_is_an_error_and_can_be_shown() -> None:
    (found,) = lint("a\ud83d", "en", "link")

    assert ("surrogate", "error", "⟨U+D83D⟩", None) == (found.code, found.severity, found.value, found.fix)
    assert "⟨U+D83D⟩" in found.message("ru")


def test_a_fix_of_letters_leaves_links_and_hashtags_to_a_person() -> None:
    for text in ("https://example.org/\u200bпуть", "см. #Cеул\u0300\u0301\u0302\u0303"):
        assert {None} == {one.fix for one in lint(text, "ru")}
