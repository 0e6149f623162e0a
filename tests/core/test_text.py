"""Text as platforms see it: counted, split, compared."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.adapter import Source, TextRule
from campaign.core.errors import Invalid
from campaign.core.text import check_tag, check_text, compose_text, count, fingerprint, normalise, split_text

SOURCE = Source("https://docs.joinmastodon.org/user/posting/#text", "2026-08-20")
MASTODON = TextRule(500, "graphemes", SOURCE, link_length=23, short_mentions=True)
X23 = 23


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
        ("a\r\nb", 4),
        ("https://example.org/", X23),
        ("http://a.kr", X23),
        ("https://example.org/" + "a" * 100, X23),
        ("see https://example.org/a?b=c#d now", 4 + X23 + 4),
        ("https://example.org/평화", X23 + 2),
        ("https://example.org/path에서", X23 + 2),  # a particle glued to a link ends it
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
        assert any(count(word, rule) > limit for word in text.split())
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


LINK_HTML = (
    '<a href="https://example.org/a/very/long/path" target="_blank" rel="nofollow noopener" translate="no">'
    '<span class="invisible">https://</span><span class="ellipsis">example.org/a/very/lo</span>'
    '<span class="invisible">ng/path</span></a>'
)
TAG_HTML = '<a href="https://m.example/tags/ISEOULU" class="mention hashtag" rel="tag">#<span>ISEOULU</span></a>'


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f"<p>서울<br />{TAG_HTML}<br />{LINK_HTML}</p>", "서울\n#ISEOULU\nhttps://example.org/a/very/long/path"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>A &amp; B &lt;3 &quot;C&quot; &#39;D&#39;</p>", "A & B <3 \"C\" 'D'"),
        ("<p>I &lt;3 you &gt; all</p>", "I <3 you > all"),
        ("<p>1 &lt; 2 and 3 &gt; 2</p>", "1 < 2 and 3 > 2"),
        ("<p>&amp;amp; stays</p>", "&amp; stays"),
        ("<p>" + unicodedata.normalize("NFD", "서울 й") + "</p>", "서울 й"),
    ],
)
def test_a_post_and_its_rendering_have_one_fingerprint(html: str, text: str) -> None:
    assert fingerprint(text) == fingerprint(html)


def test_different_texts_have_different_fingerprints() -> None:
    assert fingerprint("<p>서울</p>") != fingerprint("서을")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must not be empty"),
        (" \n\t ", "must not be empty"),
        ("a\x00b", r"holds the control character U\+0000 at 1; remove it"),
        ("a\x1b[31mb", r"U\+001B"),
        ("a\x7fb", r"U\+007F"),
        ("a\x85b", r"U\+0085"),
        ("a\ud800b", "without lone surrogates"),
        ("\ud83d\ude00", "without lone surrogates"),
    ],
)
def test_a_text_that_no_person_writes_is_refused(text: str, rule: str) -> None:
    with pytest.raises(Invalid, match=rule):
        check_text("text (ko)", text)


@pytest.mark.parametrize("text", ["a\tb\nc", "👨‍👩‍👧 안녕", "שלום", "\u200bzero"])
def test_a_text_that_a_person_writes_is_kept(text: str) -> None:
    assert text == check_text("text", text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)

    assert once == normalise(once)
    assert "\r" not in once


def test_a_text_is_kept_composed_and_with_plain_line_ends() -> None:
    assert "서울\n모스크바\nй" == check_text("text", unicodedata.normalize("NFD", " 서울\r\n모스크바\rй\n"))


@pytest.mark.parametrize(
    ("tag", "kept"), [("ISEOULU", "#ISEOULU"), ("#평화", "#평화"), (" #Мир ", "#Мир"), ("#a_1", "#a_1")]
)
def test_a_hashtag_has_its_sign(tag: str, kept: str) -> None:
    assert kept == check_tag("tags", tag)


@pytest.mark.parametrize("tag", ["", "#", "##a", "a b", "a-b", "#a.", "a#b", "#👍"])
def test_what_is_no_hashtag_is_refused(tag: str) -> None:
    with pytest.raises(Invalid, match="a hashtag is # and then"):
        check_tag("tags", tag)


@pytest.mark.parametrize(
    ("tags", "link", "text"),
    [
        (["#a", "#b"], "https://e.kr/", "몸\n#a #b\nhttps://e.kr/"),
        ([], "https://e.kr/", "몸\nhttps://e.kr/"),
        (["#a"], None, "몸\n#a"),
        ([], None, "몸"),
    ],
)
def test_a_text_is_body_tags_link(tags: list[str], link: str | None, text: str) -> None:
    assert text == compose_text("몸", tags, link)


def test_the_first_part_of_a_split_text_may_go_under_a_medium() -> None:
    rule = TextRule(60, "utf16", SOURCE, limit_with_media=20)
    text = "One short sentence. Another short sentence. And a third one here. The end."
    parts = split_text(text, rule, under_media=True)

    assert ["One short sentence.", "Another short sentence. And a third one here. The end."] == parts
    assert 2 == len(split_text(text, rule)) and len(split_text(text, rule)[0]) > 20
    assert ["short"] == split_text("short", rule, under_media=True)
