"""A long text becomes a thread: where it is cut, and what never is."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.adapter import Source, TextRule, Unit
from campaign.core.count import count, fits
from campaign.core.errors import Invalid
from campaign.core.split import find_ends, split_text

SOURCE = Source("https://docs.joinmastodon.org/user/posting/#text", "2026-08-20")
MASTODON = TextRule(500, "graphemes", SOURCE, link_length=23, short_mentions=True)

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
GLUE = st.sampled_from([" ", "  ", "\n", "\n\n", ". ", "! ", "。\n", "\u3000"])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(WORDS, GLUE), min_size=1, max_size=30), st.integers(30, 60))
def test_a_split_text_loses_only_white_space_and_every_part_fits(words: list[tuple[str, str]], limit: int) -> None:
    text = "".join(word + glue for word, glue in words)
    rule = TextRule(limit, "graphemes", SOURCE, link_length=23, short_mentions=True)
    try:
        parts = split_text(text, rule)
    except Invalid:
        # A space is one character with a mark that follows: what stands around it is one word.
        assert any(count(word, rule) > limit for word in regex.split(r"\s+(?![\p{M}\p{Emoji_Modifier}\u200d])", text))
        return

    assert "".join(text.split()) == "".join("".join(parts).split())
    assert all(count(part, rule) <= limit for part in parts)
    assert all(parts) or not text.strip()


def test_a_text_that_fits_stays_whole() -> None:
    assert ["One. Two."] == split_text(" One. Two. ", MASTODON)


def test_a_text_is_cut_between_sentences_before_words() -> None:
    rule = TextRule(12, "graphemes", SOURCE)

    assert ["One two.", "Three four", "five"] == split_text("One two. Three four five", rule)


def test_one_word_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="one word that alone is longer than 5; shorten it"):
        split_text("abc abcdef", TextRule(5, "graphemes", SOURCE))


def test_the_first_part_of_a_split_text_may_go_under_a_medium() -> None:
    rule = TextRule(60, "utf16", SOURCE, limit_with_media=20)
    text = "One short sentence. Another short sentence. And a third one here. The end."
    parts = split_text(text, rule, under_media=True)

    assert ["One short sentence.", "Another short sentence. And a third one here. The end."] == parts
    assert 2 == len(split_text(text, rule)) and len(split_text(text, rule)[0]) > 20
    assert ["short"] == split_text("short", rule, under_media=True)


def sentences(text: str) -> list[str]:
    """Cut a text at each place where a sentence ends."""
    cuts = [0, *(at for ends in find_ends(text) for at in ends), len(text)]
    return [text[cuts[at] : cuts[at + 1]] for at in range(0, len(cuts), 2)]


@pytest.mark.parametrize(
    "whole",
    [
        ["안녕하세요.", "반갑습니다!", "정말요?", "네…", "갑니다."],
        ["오늘은 2026. 11. 24. 화요일입니다.", "원주율은 3.14입니다."],
        ['"갑니다." 라고 말했다.', "그는 갔다."],
        ['"평화다."', "그 말이 남았다."],
        ["좋아요!😀", "또 봐요.🇰🇷", "끝."],
        ["Он родился в 1945 г. в г. Москве на ул. Ленина, д. 5, кв. 3.", "Потом переехал."],
        ["Хлеб, соль и т. д.", "Но не вода."],
        ["Хлеб и т.д.", "Вода и т. ч. лёд.", "Рим, 5 в. до н. э.", "Потом Сеул."],
        ["А. С. Пушкин писал стихи.", "«Привет!» — сказал он.", "Это я.", "Да."],
        ["Mr. Smith met Dr. Kim at 5 p.m. on Monday.", "It cost $3.50.", "He said no.", "Then he left."],
        ["He left... and came back.", "See Fig. 3 and No. 5.", "So did I.", "U.S. troops left.", "In 1945.", "Peace!"],
        ["(He left.)", "“Why?” she asked.", "Nobody knew…", "The end."],
        ["1. Первое.", "2. Второе."],
        ["彼は行った。", "次の日。", "https://a.kr/b。続く。"],
        ["г.\u00a0Сеул.", "Мир."],
    ],
)
def test_a_text_ends_where_a_reader_ends_a_sentence(whole: list[str]) -> None:
    glue = "" if whole[0].endswith("。") else "\n" if whole[0].startswith("1.") else " "
    text = glue.join(whole)

    assert whole == sentences(text)


def test_a_sentence_is_cut_between_words_only_where_it_alone_is_too_long() -> None:
    rule = TextRule(24, "graphemes", SOURCE)
    text = "평화의 배가 부산에서 블라디보스토크로 갑니다. 함께 가요. 내일 봐요."

    assert ["평화의 배가 부산에서 블라디보스토크로", "갑니다. 함께 가요. 내일 봐요."] == split_text(text, rule)


def test_the_parts_are_numbered_and_the_number_is_counted_in() -> None:
    rule = TextRule(25, "graphemes", SOURCE)
    parts = split_text("First sentence here. Second sentence here. Third.", rule, numbered=True)

    assert ["First sentence here.\n1/3", "Second sentence here.\n2/3", "Third.\n3/3"] == parts
    assert all(fits(part, rule) for part in parts)
    assert ["Short."] == split_text("Short.", rule, numbered=True)
    assert ["x" * 25] == split_text("x" * 25, rule, numbered=True)


def test_a_long_thread_has_room_for_two_digits() -> None:
    rule = TextRule(9, "graphemes", SOURCE)
    parts = split_text("abc " * 12, rule, numbered=True)

    assert "abc\n1/12" == parts[0] and "abc\n12/12" == parts[-1]
    assert all(fits(part, rule) for part in parts)


def test_under_a_medium_a_numbered_text_has_less_room_too() -> None:
    rule = TextRule(60, "utf16", SOURCE, limit_with_media=24)
    parts = split_text(
        "One short sentence. Another short sentence, a longer one.", rule, numbered=True, under_media=True
    )

    assert ["One short sentence.\n1/2", "Another short sentence, a longer one.\n2/2"] == parts


KOREAN = ["평화를", "위해", "함께", "갑니다.", "가요!", "정말요?", "서울에서", "2026.", "11."]
RUSSIAN = ["мир", "Москва.", "г.", "ул.", "т.", "д.", "«Привет!»", "—", "поедем", "Дети…"]
ENGLISH = ["peace", "Mr.", "We", "go.", "3.14", "e.g.", "“Why?”", "No.", "5"]
WHOLE = [
    "https://example.org/평화?a=b.c",
    "example.com/a",
    "#평화_мир",
    "@seoul@mastodon.social",
    "👨‍👩‍👧‍👦",
    "🇰🇷🇷🇺",
    "e\u0301\u0301",
]


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.sampled_from(KOREAN + RUSSIAN + ENGLISH + WHOLE), min_size=1, max_size=60),
    st.sampled_from([" ", "\n", "  ", "\n\n"]),
    st.sampled_from(["x", "graphemes", "utf16", "threads", "linkedin", "bytes"]),
    st.integers(70, 140),
    st.booleans(),
)
def test_no_link_hashtag_mention_or_emoji_is_cut(
    words: list[str], glue: str, counts: Unit, limit: int, numbered: bool
) -> None:
    rule = TextRule(limit, counts, SOURCE)
    parts = split_text(glue.join(words), rule, numbered=numbered)
    bare = [part.rpartition("\n")[0] for part in parts] if numbered and len(parts) > 1 else parts

    assert words == [word for part in bare for word in part.split()]
    assert all(fits(part, rule) for part in parts)
    assert all(bare)
