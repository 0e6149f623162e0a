"""Text as platforms see it: checked, composed, split, compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.errors import Invalid
from campaign.core.text import check_tag, check_text, compose_text, fingerprint, normalise

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


@pytest.mark.parametrize(
    "text", ["\u200b", "\u200b\u200b \ufeff", "\u2060\u202e", "\u3164", "\u2800\u2800", "\U0010ffff"]
)
def test_a_text_of_which_nothing_can_be_seen_is_empty(text: str) -> None:
    with pytest.raises(Invalid, match=r"U\+[0-9A-F]{4,6}.*must not be empty: nothing of it can be seen"):
        check_text("text", text)


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
