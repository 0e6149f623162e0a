"""What stays as it is in every language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.kept import Kept, find_kept, lost, pieces, whole

MARKS = st.text(st.sampled_from("가a б#@{}/.:_1·\nhttps"), max_size=60)


@pytest.mark.parametrize(
    ("text", "names", "kept"),
    [
        ("서울 https://example.org/ko/에서", (), ["https://example.org/ko/"]),
        ("메일: office@example.org 로", (), ["office@example.org"]),
        ("@seoul과 @kr@example.org", (), ["@seoul", "@kr@example.org"]),
        ("#평화 #мир, #1", (), ["#평화", "#мир", "#1"]),
        ("{name}님, {{n}}개", (), ["{name}", "{{n}}"]),
        ("I·SEOUL·U는 서울", ("I·SEOUL·U",), ["I·SEOUL·U"]),
        ("Seoulites in Seoul", ("Seoul",), ["Seoul"]),
        ("Сеула и Сеул", ("Сеул",), ["Сеул"]),
        ("#SeoulNow", ("Seoul",), ["#SeoulNow"]),
        ("a#b a@ {} http://", (), []),
    ],
)
def test_what_stays_is_found(text: str, names: tuple[str, ...], kept: list[str]) -> None:
    assert kept == [text[start:end] for start, end, _ in find_kept(text, names)]


@given(MARKS, st.lists(st.sampled_from(["a", "가", "·", ""]), max_size=2))
def test_the_pieces_of_a_text_are_the_text(text: str, names: list[str]) -> None:
    parts = pieces(text, names)

    assert text == whole(parts)
    assert [] == lost(parts, text)


def test_what_is_lost_is_named_as_often_as_it_is_missing() -> None:
    parts = pieces("@kr 와 @kr, #평화")

    assert [Kept("@kr", "mention")] == lost(parts, "@kr и #평화")
    assert [] == lost(parts, "#평화 @kr @kr")


def test_a_longer_name_is_not_taken_for_a_shorter_one() -> None:
    parts = pieces("@kr @krasnoyarsk")

    assert [Kept("@kr", "mention")] == lost(parts, "@krasnoyarsk")
