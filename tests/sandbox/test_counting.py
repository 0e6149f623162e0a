"""How long a text is: our own table, after the rules of StatusLengthValidator."""

import pytest

from campaign.sandbox.mastodon.counting import entities, length
from campaign.sandbox.mastodon.languages import known
from campaign.sandbox.mastodon.render import html

LINK = "x" * 23


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", 0),
        ("가나다", 3),
        ("한", 1),  # three jamo, one syllable
        ("й", 1),  # и and a combining breve
        ("👩‍👩‍👧‍👦", 1),
        ("🇰🇷🇷🇺", 2),
        ("👩🏽‍💻✊🏿", 2),
        ("a\r\nb", 3),
        ("https://example.org", 23),
        ("https://example.org/a/very/long/path/that/goes/on/and/on?with=query&and=more#and-a-fragment", 23),
        ("보세요:https://example.org/길", 4 + 23),
        ("https://example.org입니다", 23 + 3),
        ("https://서울.kr/여정", 23),
        ("(https://example.org/a_(b))", 25),
        ("см. https://example.org/путь.", 4 + 23 + 1),
        ("http://127.0.0.1:3000/health", 28),
        ("https://[2001:db8::1]/status", 28),
        ("http://user:pass@example.com/", 29),
        ("ftp://files.example.net/x", 25),
        ("example.org", 11),
        ("@peace_ru@mastodon.example", 9),
        ("@peace_ru", 9),
        ("someone@example.org", 19),
        ("@a@example.org @b@example.org", 5),
        ("#블라디보스토크", 8),
    ],
)
def test_a_text_counts_as_the_server_counts_it(text: str, counted: int) -> None:
    assert length(text) == counted


def test_a_content_warning_counts_in_full_and_its_links_are_not_shortened() -> None:
    assert length("가나", "주의") == 4
    assert length("", "https://example.org/a/long/path/in/a/warning") == 44


def test_a_mention_inside_a_link_is_part_of_the_link() -> None:
    assert [e.kind for e in entities("https://example.org/@peace_ko and @peace_ko")] == ["url", "mention"]


@pytest.mark.parametrize(
    ("text", "tags"),
    [("#평화 #2019 #서울2019", ["평화", "서울2019"]), ("a#b https://example.org/#c #Москва!", ["Москва"])],
)
def test_a_hashtag_needs_a_letter_and_a_gap_before_it(text: str, tags: list[str]) -> None:
    assert [e.value for e in entities(text) if e.kind == "tag"] == tags


def test_lines_become_breaks_and_paragraphs_and_nothing_of_the_text_is_markup() -> None:
    made = html('one\ntwo\n\n<b onclick="x">three</b> & "four"', "http://127.0.0.1:1")
    assert made == ("<p>one<br />two</p><p>&lt;b onclick=&quot;x&quot;&gt;three&lt;/b&gt; &amp; &quot;four&quot;</p>")


def test_a_long_link_is_shown_short_and_kept_whole() -> None:
    made = html("https://www.example.org/a/path/that/is/longer/than/thirty", "http://127.0.0.1:1")
    assert 'href="https://www.example.org/a/path/that/is/longer/than/thirty"' in made
    assert (
        '<span class="invisible">https://www.</span><span class="ellipsis">example.org/a/path/that/is/lon</span>'
        in made
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("ko", "ko"), ("ko-KR", "ko"), ("ru_RU", "ru"), ("zh-TW", "zh-TW"), ("klingon", None), ("", None), (7, None)],
)
def test_a_language_is_kept_normalised_or_dropped(sent: object, kept: str | None) -> None:
    assert known(sent) == kept
