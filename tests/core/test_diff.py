"""A diff is made of words, and gives back both texts."""

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.diff import MOST, Piece, diff


def test_a_changed_word_shows_with_its_particle() -> None:
    assert diff("한인 마을이 있었습니다", "한인 동네가 있었습니다") == [
        Piece("same", "한인 "),
        Piece("gone", "마을이"),
        Piece("new", "동네가"),
        Piece("same", " 있었습니다"),
    ]


def test_a_sign_at_the_end_is_a_change_by_itself() -> None:
    assert diff("Мы прибыли.", "Мы прибыли!") == [Piece("same", "Мы прибыли"), Piece("gone", "."), Piece("new", "!")]


def test_texts_beyond_all_measure_are_told_as_a_whole() -> None:
    long = "말 " * MOST

    assert diff(long, long + "끝") == [Piece("gone", long), Piece("new", long + "끝")]
    assert diff(long, long) == [Piece("same", long)]


WORDS = st.lists(st.sampled_from(["서울", "мир", "peace", " ", "\n", ".", "—", "🙂", "9288"]), max_size=30).map("".join)


@given(WORDS | st.text(max_size=40), WORDS | st.text(max_size=40))
def test_the_pieces_give_back_both_texts(old: str, new: str) -> None:
    pieces = diff(old, new)

    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new
    assert all(piece.text for piece in pieces)
