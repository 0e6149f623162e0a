"""The length of a text as each platform counts it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Source, TextRule, Unit
from campaign.core.count import count, fits, graphemes

SOURCE = Source("https://docs.joinmastodon.org/user/posting/#text", "2026-08-20")
MASTODON = TextRule(500, "graphemes", SOURCE, link_length=23, short_mentions=True)
X23 = 23

# What Mastodon's own composer counts: Mastodon.py 2.3.3, tests/test_status_length.py.
GOLDEN = [
    ("", 0),
    ("hello", 5),
    (" leading and trailing spaces   ", 31),
    (" tabs\tand\nnewlines\r\n", 19),
    ("check http://example.com and https://example.org/page?x=1#frag", 57),
    ("ftp://files.example.net/resource", 32),
    ("http://user:pass@example.com:8080/path", 38),
    ("http://127.0.0.1:3000/health", 28),
    ("https://[2001:db8::1]/status", 28),
    ("https://[2001:db8:85a3::8a2e:370:7334]:443/path?ok=1", 52),
    ("mailto:someone@example.com", 26),
    ("git+ssh://git@example.co.uk:22/repo.git", 39),
    ("https://very.long.tld.example.museum/collection/item", 23),
    ("@alice", 6),
    ("@bob@example.com", 4),
    ("hi @charlie and @dora@example.social!", 22),
    ("hey @me@example.com look at https://example.com/a-b_c~d?e=f#g and @you  ", 50),
    ("a: 🇪🇪", 4),
    ("b: 👨\u200d👩\u200d👧\u200d👦", 4),
    ("c: 👩🏽\u200d💻", 4),
    ("d: ✊🏿", 4),
    ("é", 1),
    ("f́", 1),
    ("https://sub.sub2.Путин.рф/увидимся/в?Гааге=военный#преступник", 48),
    ("clusters: 😀😃😄😁😆😅😂🤣😊🙂😉🙃😇🥰😍🤩😘😗😙😚", 30),
    (
        "See: http://example.com https://[2001:db8::2]:8443/a ftp://user:pw@files.example.org:21/x http://192.168.0.1/",
        114,
    ),
    ("@one https://example.social/@two 👩🏽\u200d💻 🇪🇪 @three@example.com ✊🏿", 41),
    ("(see https://example.com.)", 30),
    ("[link: http://user:pass@host.example:8080/path?x=y#z]", 53),
    ("<@root> and {@admin@example.net}", 20),
    ("https://example.com/a-b_c~d?param_a=1&param-b=2", 23),
]


@pytest.mark.parametrize(("text", "length"), GOLDEN, ids=range(len(GOLDEN)))
def test_a_text_is_counted_as_mastodons_composer_counts_it(text: str, length: int) -> None:
    assert length == count(text, MASTODON)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("안녕하세요", 5),
        (unicodedata.normalize("NFD", "안녕하세요"), 5),  # combining jamo are one syllable each
        ("й" + unicodedata.normalize("NFD", "й"), 2),
        ("👨‍👩‍👧‍👦", 1),
        ("🇰🇷🇷🇺", 2),
        ("👍🏽", 1),
        ("a\r\nb", 3),
        ("https://example.org/", X23),
        ("http://a.kr", X23),
        ("https://example.org/" + "a" * 100, X23),
        ("see https://example.org/a?b=c#d now", 4 + X23 + 4),
        ("https://example.org/평화", X23),
        ("https://example.org/path에서", X23),  # a particle glued to a path is part of it there
        ("https://example.org에서", X23 + 2),
        ("https://example.corp/", 21),  # no top-level domain that it knows
        ("https://пример.рф/путь", X23),
        ("https://서울.한국/", X23),
        ("http://127.0.0.1/abc", 20),
        ("https://user:pass@example.org/", 30),
        ("ftp://example.org/", 18),
        ("example.org", 11),
        ("https://example", 15),
        ("(https://example.org/a)", X23 + 2),
        ("https://example.org/a.", X23 + 1),
        ("@seoul", 6),
        ("@seoul@mastodon.social", 6),
        ("hello @seoul@mastodon.social!", 13),
        ("a@mastodon.social", 17),
    ],
)
def test_a_text_is_counted_as_mastodon_counts_it(text: str, length: int) -> None:
    assert length == count(text, MASTODON)


@pytest.mark.parametrize(
    ("text", "characters", "graphemes", "utf16"),
    [
        ("👨‍👩‍👧", 5, 1, 8),
        ("한", 1, 1, 1),
        (unicodedata.normalize("NFD", "한"), 3, 1, 3),
        ("🇰🇷", 2, 1, 4),
        ("é", 1, 1, 1),
    ],
)
def test_platforms_count_in_three_ways(text: str, characters: int, graphemes: int, utf16: int) -> None:
    assert characters == count(text, TextRule(1, "characters", SOURCE))
    assert graphemes == count(text, TextRule(1, "graphemes", SOURCE))
    assert utf16 == count(text, TextRule(1, "utf16", SOURCE))


@pytest.mark.parametrize(
    ("counts", "text", "length"),
    [
        ("bytes", "aй한👍", 1 + 2 + 3 + 4),
        ("x", "aй한👍", 1 + 1 + 2 + 2),
        ("threads", "aй한👍", 1 + 1 + 1 + 4),
        ("threads", "👨‍👩‍👧‍👦", 25),
        ("threads", "❤️!", 6 + 1),
        ("threads", "🇰🇷1️⃣", 8 + 7),
        ("threads", "1 # * © ™", 9),
        ("threads", "☺︎", 2),  # styled as text
        ("threads", "©️", 5),
        ("threads", "𝐀", 2),  # no emoji; units of UTF-16
        ("linkedin", "안녕 a", 4),
        ("linkedin", r"\\|{}@[]()<>#*_~", 2 * 16),
        ("linkedin", "#tag (a) 👍", 7 + 3 + 1 + 1 + 2),
        ("utf16", "aй한👍", 1 + 1 + 1 + 2),
    ],
)
def test_platforms_count_in_units_of_their_own(counts: Unit, text: str, length: int) -> None:
    assert length == count(text, TextRule(1, counts, SOURCE))


def test_a_text_fits_by_units_and_by_bytes() -> None:
    rule = TextRule(3, "graphemes", SOURCE, max_bytes=8)

    assert fits("한국", rule)
    assert not fits("한국인", rule)
    assert not fits("abcd", rule)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["x", "threads", "linkedin", "graphemes"]))
def test_more_text_is_never_shorter_than_its_words_alone(text: str, counts: Unit) -> None:
    rule = TextRule(1, counts, SOURCE, link_length=23 if counts == "graphemes" else None)

    assert count(text, rule) <= count(f"{text} 평화", rule)
    assert graphemes(text) <= len(text)
