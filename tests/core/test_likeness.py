"""A copy is recognised by its text, and no two posts of the journey are taken for each other."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.likeness import LEAST, NEAR, Likeness, likeness
from campaign.demo.journey import load_journey

TEXTS = {lang: {post.id: post.text[lang] for post in load_journey().posts} for lang in ("ko", "ru", "en")}
WORDS = {"ko": "노보시비르스크에서", "ru": "Новосибирске", "en": "Novosibirsk"}


@pytest.mark.parametrize("lang", TEXTS)
def test_no_two_posts_of_the_journey_are_near_each_other(lang: str) -> None:
    closest = max(likeness(one, other) for one, other in itertools.combinations(TEXTS[lang].values(), 2))

    assert closest < 0.2 < NEAR


@pytest.mark.parametrize("lang", TEXTS)
def test_a_copy_in_which_two_words_were_replaced_is_near(lang: str) -> None:
    before = Likeness()
    for name, text in TEXTS[lang].items():
        before.add(name, text)

    for name, text in TEXTS[lang].items():
        words = text.split()
        words[1] = words[4] = WORDS[lang]
        (like,) = before.ask(" ".join(words))
        assert name == like.key
        assert NEAR + 0.05 < like.share < 1


@pytest.mark.parametrize(
    "copy", ["СЕГОДНЯ — в Сеуле!", "Сегодня в Сеуле https://example.org/a", "Сегодня, в Сеуле #Сеул #мир"]
)
def test_signs_tags_and_links_make_no_difference(copy: str) -> None:
    before = Likeness()
    before.add("P01", "Сегодня в Сеуле.\n#другой")

    assert [("P01", 1.0)] == before.ask(copy)


def test_of_short_texts_only_the_same_is_told() -> None:
    before = Likeness()
    before.add("P01", "День 1 пути")

    assert [] == before.ask("День 2 пути")
    assert [("P01", 1.0)] == before.ask("день 1 пути!")


def test_what_has_no_words_is_like_nothing() -> None:
    before = Likeness()
    before.add("P01", "#a https://example.org/")

    assert [] == before.ask("#b")
    assert 0.0 == likeness("…", "—")


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_goes_both_ways_and_ends_at_one(one: str, other: str) -> None:
    share = likeness(one, other)

    assert 0 <= share <= 1
    if min(len(one), len(other)) > 4 * LEAST:
        assert share == likeness(other, one)
    before = Likeness()
    before.add("it", one)
    assert all(like.share >= NEAR for like in before.ask(other))
