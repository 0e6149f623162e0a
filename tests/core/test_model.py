"""The Outgoing: its canonical bytes, its digest, and the way back."""

import json
import unicodedata
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.model import Outgoing, OutgoingMedium
from campaign.core.text import normalise

MEDIUM = OutgoingMedium("0" * 64, "image/png", 900, 64, 36, "남색 그림")
OUTGOING = Outgoing("kr", "mastodon", ("ko",), "서울", ("#a",), "https://e.kr/", (MEDIUM,))

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
NUMBERS = st.integers(0, 2**40)
MEDIA = st.builds(OutgoingMedium, TEXT, TEXT, NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS, TEXT)
OUTGOINGS = st.builds(
    Outgoing, TEXT, TEXT, TEXTS, TEXT, TEXTS, st.none() | TEXT, st.lists(MEDIA, max_size=3).map(tuple), NUMBERS, NUMBERS
)


@given(OUTGOINGS)
def test_the_canonical_bytes_lead_back_to_the_same_outgoing(outgoing: Outgoing) -> None:
    again = Outgoing.from_plain(json.loads(outgoing.canonical()))

    assert outgoing == again
    assert (outgoing.canonical(), outgoing.sha256) == (again.canonical(), again.sha256)


def test_the_canonical_bytes_are_sorted_and_tight() -> None:
    assert (
        '{"account":"kr","langs":["ko"],"link":null,"media":[],"part":1,"parts":1,'
        '"platform":"mastodon","tags":[],"text":"서울"}'
    ).encode() == Outgoing("kr", "mastodon", ("ko",), "서울").canonical()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_normalised_text_has_one_digest_however_it_was_typed(form: Any) -> None:
    typed = normalise(unicodedata.normalize(form, "서울 — Мой café\r\n"))

    assert replace(OUTGOING, text="서울 — Мой café").sha256 == replace(OUTGOING, text=typed).sha256


CHANGES: list[tuple[str, Any]] = [
    ("account", "ru"),
    ("platform", "vk"),
    ("langs", ("ko", "ru")),
    ("text", "서울 "),
    ("tags", ("#b",)),
    ("link", None),
    ("media", ()),
    ("part", 2),
    ("parts", 2),
    ("title", "서울"),
    ("localized", {"ru": {"title": "Сеул", "text": "Мир"}}),
]
MEDIUM_CHANGES: list[tuple[str, Any]] = [
    ("sha256", "1" * 64),
    ("mime", "image/jpeg"),
    ("size", 901),
    ("width", None),
    ("height", 37),
    ("alt", "남색"),
    ("seconds", 9.0),
    ("captions", {"ko": "2" * 64}),
    ("poster", "3" * 64),
]


def test_the_tables_name_every_field() -> None:
    assert {field.name for field in fields(Outgoing)} == {name for name, _ in CHANGES}
    assert {field.name for field in fields(OutgoingMedium)} == {name for name, _ in MEDIUM_CHANGES}


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_the_digest_changes_with_any_field(name: str, value: Any) -> None:
    assert OUTGOING.sha256 != replace(OUTGOING, **{name: value}).sha256


@pytest.mark.parametrize(("name", "value"), MEDIUM_CHANGES)
def test_the_digest_changes_with_any_field_of_a_medium(name: str, value: Any) -> None:
    assert OUTGOING.sha256 != replace(OUTGOING, media=(replace(MEDIUM, **{name: value}),)).sha256


def test_the_order_of_media_counts() -> None:
    other = replace(MEDIUM, alt="다른 그림")

    assert replace(OUTGOING, media=(MEDIUM, other)).sha256 != replace(OUTGOING, media=(other, MEDIUM)).sha256
