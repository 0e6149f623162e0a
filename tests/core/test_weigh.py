"""Length as X weighs it, by the vectors of twitter-text's conformance suite."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.weigh import LINK_WEIGHT, find_links, weigh

# https://github.com/twitter/twitter-text/blob/v3.1.0/conformance/validate.yml, the three sections of weighted lengths.
TEN = "xxxxxxxxxx-"
WEIGHTS = [
    ("Hi http://test.co", 26),
    ("http://test.co", 23),
    ("285 chars-" + TEN * 25, 285),
    ("285 chars- http://www.twitter.com/jack " + TEN * 24, 299),
    (TEN * 24 + " http://www.twitter.com/jack ", 289),
    ("https://www.twitter.com/aloha " * 10, 240),
    ("故人西辞黄鹤楼，烟花三月下扬州。" * 10, 320),
    ("😷" * 160, 320),
    ("the" + "故人西辞黄鹤楼，烟花三月下扬州。" * 10, 323),
    ("A\u0301B", 2),
    ("A\ufb2c", 4),  # one letter, which NFC takes apart
    ("H🐱☺👨‍👩‍👧‍👦", 7),
    ("😷👾😡🔥💩", 10),
    ("🙋🏽👨‍🎤", 4),
    ("\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d", 14),
    ("‐ ‑ ‒ – — ― ‖  ‗ ‘ ’ ‚ ‛ “ ” „ ‟ ′ ″ ‴ ‵ ‶ ‷", 44),
    ("https://" + "somesuperlongurl" * 4 + ".com/foo", 80),  # no name in a domain has over 63 characters
    ("https://" + "somesuperlongurl" * 3 + ".com/foo", 23),
    ("https://example.com/" + "a" * (4096 - 2 * 8 - 12), 23),
    ("https://example.com/" + "a" * (4097 - 2 * 8 - 12), 4089),  # nor has an address over 4096, its scheme twice
    ("한국", 4),
    ("Россия", 6),
    ("저찀쯿쿿", 8),
    ("\U00010000\U0010ffff", 4),
    ("", 0),
]
# …/extract.yml: texts, and what in them is a link.
URLS = [
    ("text http://google.com/#search?q=iphone%20-filter%3Alinks", ["http://google.com/#search?q=iphone%20-filter%3Alinks"]),
    ("text http://somehost.com:3000", ["http://somehost.com:3000"]),
    ("text http://xo.com/~matthew+%ff-,.;x", ["http://xo.com/~matthew+%ff-,.;x"]),
    ("text http://en.wikipedia.org/wiki/Primer_(film)", ["http://en.wikipedia.org/wiki/Primer_(film)"]),
    ("text http://✪df.ws/ejp", ["http://✪df.ws/ejp"]),
    ("text http://chilp.it/?77e8fd", ["http://chilp.it/?77e8fd"]),
    ("text http://domain-dash_2314352345_dfasd.foo-cow_4352.com", []),
    ("text http://no-tld", []),
    ("text http://tld-too-short.x", []),
    ("(http://twitter.com", ["http://twitter.com"]),
    ("text http://domain.com-that-you-should-have-put-a-space-after", []),
    ("text http://foo.com?#foo text", ["http://foo.com?#foo"]),
    ("foo.com foo.net foo.org foo.edu foo.gov", ["foo.com", "foo.net", "foo.org", "foo.edu", "foo.gov"]),
    ("foo.baz foo.co.jp www.xxxxxxx.baz www.foo.co.uk wwwww.xxxxxxx foo.comm", ["foo.co.jp", "www.foo.co.uk"]),
    ("t.co/abcde bit.ly/abcde", ["t.co/abcde", "bit.ly/abcde"]),
    ("Go to http://example.com/a+ or http://example.com/a-", ["http://example.com/a+", "http://example.com/a-"]),
    ("@user Try http:// example.com/path", ["example.com/path"]),
    ("これは日本語です。example.com/path/index.html中国語", ["example.com/path/index.html"]),
    ("twitter.comこれは日本語です。example.com中国語t.co/abcde", ["twitter.com", "example.com", "t.co/abcde"]),
    ("Go to http://twitter.com/Русские_слова", ["http://twitter.com/Русские_слова"]),
    ("MLB.tv vine.co twitch.tv t.co", ["MLB.tv", "vine.co", "twitch.tv", "t.co"]),
    ("test http://sub_domain-dash.twitter.com", ["http://sub_domain-dash.twitter.com"]),
    ("test http://-leadingdash.twitter.com", []),
    ("test http://trailingdash-.twitter.com", []),
    ("test http://twitter_underscore.com", []),
    ("test http://twitter.c_o_m", []),
    ("test ELPAÍS.com", ["ELPAÍS.com"]),
    ("test http://twitter.com/.", ["http://twitter.com/"]),
    ("periods http://example.com/path..........................................", ["http://example.com/path"]),
    ("http://example.com/path/!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", ["http://example.com/path/"]),
    ("#test.com @test.com #http://test.com @http://test.com #t.co/abcde @t.co/abcde", []),
    ("I really like http://t.co/pbY2NfTZ's website", ["http://t.co/pbY2NfTZ"]),
    ("Check this site out http://t.co/FNkPfmii- it's great", ["http://t.co/FNkPfmii"]),
    ("$http://twitter.com $twitter.com $t.co/abcde $TVI.CA", []),
    ("long.test.tar.bz2 test.tar.bz2 tar.bz2", []),
    ("john.doe.gov@mail.com", []),
    ("test http://xn--ls8h.XN--ls8h.la/", ["http://xn--ls8h.XN--ls8h.la/"]),
    ("test http://foobar.みんな/ http://foobar.中国/ ", ["http://foobar.みんな/", "http://foobar.中国/"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "weight"), WEIGHTS, ids=range(len(WEIGHTS)))
def test_a_text_weighs_what_twitter_text_says(text: str, weight: int) -> None:
    assert weight == weigh(text)


@pytest.mark.parametrize(("text", "urls"), URLS, ids=range(len(URLS)))
def test_each_link_weighs_23_and_nothing_else_does(text: str, urls: list[str]) -> None:
    rest = text
    for url in urls:
        assert url in rest
        rest = rest.replace(url, "", 1)
    plain = sum(1 if ord(sign) < 0x1100 else 2 for sign in rest)

    assert plain + LINK_WEIGHT * len(urls) == weigh(text)


@pytest.mark.parametrize(
    ("emoji", "weight"),
    [
        ("👍", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("☝🏽", 2),
        ("✌️🏽", 2),
        ("1️⃣", 2),
        ("🇰🇷", 2),
        ("🇷🇺🇰🇷", 4),
        ("🇦🇦", 4),  # no country's flag
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
        ("👩🏽‍⚕️", 2),
        ("👩‍⚕", 5),  # a sign that is not styled as an emoji
        ("🏋🏽‍♀️", 2),
        ("🧞‍♂️", 2),
        ("👩‍❤️‍💋‍👩", 2),
        ("👨‍👧‍👦", 2),
        ("🏳️‍🌈", 2),
        ("🏴‍☠️", 2),
        ("©", 1),
        ("©️", 2),
        ("☺︎", 4),
        ("🧑‍🤝‍🧑", 8),  # of Unicode 12, later than twitter-text: never less than its parts
    ],
)
def test_an_emoji_weighs_2_however_many_characters_it_has(emoji: str, weight: int) -> None:
    assert weight == weigh(emoji)
    assert 2 + weight == weigh(f"a{emoji}b")


def test_an_address_that_goes_on_in_emoji_weighs_what_twitter_text_says() -> None:
    # It takes the path, measured in units of UTF-16, off the emoji: a quirk of the published reference.
    assert 36 == weigh("Example.COM🇰🇷пример.рф/@user/_x.com")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://example.org/평화에서 and x", ["https://example.org/평화에서"]),  # Hangul is part of a path there
        ("https://example.org에서", ["https://example.org"]),
        ("https://example.org/a.", ["https://example.org/a"]),
        ("gemini://example.org/a", ["gemini://example.org/a"]),
        ("example.org", []),
        ("xhttps://example.org", []),
        ("https://example.corp/", []),  # no top-level domain that it knows
        ("https://" + "a" * 64 + ".org", []),
    ],
)
def test_mastodon_sees_links_with_a_scheme_only(text: str, links: list[str]) -> None:
    assert links == [text[start:end] for start, end in find_links(text)]


PIECES = st.sampled_from(
    ["https://", "a.com", "서울.한국", "/path", "?q=1", "(", ")", " ", "\n", "\n\n", "#", "@", "가", ".", "t.co/x"]
)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=12))
def test_no_link_goes_on_over_the_end_of_a_line(pieces: list[str]) -> None:
    text = "".join(pieces)
    one_by_one = [line[start:end] for line in text.split("\n") for start, end in find_links(line)]
    marks = text.replace("\n", "\u2028")  # a line end too, which find_links() does not cut at

    assert one_by_one == [marks[start:end] for start, end in find_links(marks)]
