"""Which of the posts that were seen is the one in doubt."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Doubt
from campaign.core.model import Outgoing, OutgoingMedium
from campaign.core.sightings import SKEW, Seen, Shape, find
from campaign.core.text import fingerprint

AT = datetime(2026, 11, 24, tzinfo=UTC)
PICTURE = OutgoingMedium("0" * 64, "image/png", 1, 640, 360, "그림")
CLIP = OutgoingMedium("1" * 64, "video/mp4", 1, 640, 360, "영상", seconds=7.4)
TEXT = Outgoing("tg", "telegram", ("ko",), "평화")
ALBUM = replace(TEXT, media=(PICTURE, CLIP))


def post(
    *ids: int, text: str = "평화", parent: int | None = None, at: datetime = AT, shapes: int | None = None
) -> Seen:
    kinds = (Shape(False, 640, 360), Shape(True, 640, 360, 7.0))
    return Seen(ids, at, frozenset({fingerprint(text)}), parent, kinds[: len(ids) if shapes is None else shapes])


def found(seen: list[Seen], outgoing: Outgoing = ALBUM, parent: int | None = None, *owned: str) -> object:
    one, partly = find(seen, outgoing, parent, Doubt(AT, frozenset(owned)))
    return one.ids if one else "partly" if partly else None


def test_the_same_text_under_the_same_parent_is_the_post() -> None:
    text = [post(1, shapes=0), post(2, shapes=0, parent=1), post(3, text="다른 글", shapes=0)]

    assert ((1,), (2,), None) == (found(text, TEXT), found(text, TEXT, 1), found(text, TEXT, 3))


def test_of_two_that_fit_the_oldest_is_taken_and_never_one_that_is_owned() -> None:
    albums = [post(1, 2), post(3, 4)]

    assert [(1, 2), (3, 4), (3, 4), None] == [
        found(albums),
        found(albums, ALBUM, None, "1+2"),
        found(albums, ALBUM, None, "2"),
        found(albums, ALBUM, None, "1", "9+4"),
    ]


def test_what_is_older_than_the_doubt_is_not_ours_but_clocks_may_differ() -> None:
    assert (1, 2) == found([post(1, 2, at=AT - SKEW)])
    assert None is found([post(1, 2, at=AT - SKEW - timedelta(seconds=1))])


def test_pieces_that_are_missing_are_neither_found_nor_absent() -> None:
    assert "partly" == found([post(1)])
    assert (2, 3) == found([post(1), post(2, 3)])
    assert None is found([post(1, shapes=0)])  # a text is no piece of an album
    assert None is found([post(1)], TEXT)


def test_shapes_decide_among_equals_and_hide_nothing() -> None:
    square = replace(post(1, 2), shapes=(Shape(False, 100, 100), Shape(True, 640, 360, 7.0)))

    assert [(3, 4), (1, 2)] == [found([square, post(3, 4)]), found([square])]


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.floats(0.02, 1))
def test_a_picture_made_smaller_keeps_its_shape(width: int, height: int, scale: float) -> None:
    sent = replace(PICTURE, width=width * 100, height=height * 100)
    seen = Shape(False, max(1, round(width * 100 * scale)), max(1, round(height * 100 * scale)))

    if min(seen.width or 0, seen.height or 0) > 20:  # a row of pixels has no shape to speak of
        assert seen.fits(sent)
    assert not Shape(True).fits(sent)
    assert Shape(False).fits(sent)  # what is not told speaks against nothing
    assert not Shape(False, width * 100, height * 120).fits(sent)


def test_a_clip_is_told_by_its_length() -> None:
    assert [True, True, False] == [Shape(True, seconds=seconds).fits(CLIP) for seconds in (None, 8, 12)]
