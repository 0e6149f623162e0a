"""Our counting against the counters that X and Bluesky published: npm's twitter-text and @atproto/api.

`make test-real` fetches them (tests/real/fetch_counting.sh); TEST_COUNTING names another folder with `node` and
`node_modules`.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaign.core.adapter import Source, TextRule
from campaign.core.count import count
from campaign.core.tlds import TLDS

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("counting")]

HERE = Path(__file__).parent
NOWHERE = Source("", "")
Counts = Callable[[str], list[int]]


def _folder() -> Path:
    folder = Path(os.environ.get("TEST_COUNTING") or HERE.parent.parent / ".cache" / "counting")
    if not (folder / "node_modules" / "twitter-text").is_dir():
        pytest.skip("the counters of X and Bluesky are not here: run `make test-real`")
    return folder


@pytest.fixture(scope="module")
def published() -> Iterator[Counts]:
    """Return what X and Bluesky count: [weight, graphemes, bytes]."""
    folder = _folder()
    with subprocess.Popen(
        [folder / "node" / "bin" / "node", "--no-warnings", HERE / "counting.cjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin and process.stdout
        stdin, stdout = process.stdin, process.stdout

        def ask(text: str) -> list[int]:
            stdin.write(json.dumps(text) + "\n")
            stdin.flush()
            answer: list[int] = json.loads(stdout.readline())
            return answer

        yield ask
        stdin.close()


KOREAN = ["평화를 ", "위해", "갑니다.", "서울에서", "가요! ", "ㅋㅋ", "각"]
RUSSIAN = ["мир ", "Москва", "й", "е\u0308", "«Привет!»", " — ", "Дети…", "д. 5"]
ENGLISH = ["peace ", "We go. ", "don’t", "3.14", "e.g.", "“Why?”", "(a)", "ñ", "ß"]
LINKS = [
    "http://", "https://", "HTTPS://", "ftp://", "example.com", "Example.COM", "example.org/path", "example.org/평화",
    "t.co/abc", "https://t.co/abcdefghijkl", "https://t.co/" + "a" * 41, "foo.co.uk", "foo.jp", "пример.рф",
    "서울.한국", "москва.москва/путь", "a.b", "x.corp", "xn--e1afmkfd.xn--p1ai", "_x.com", "a_b.com", "a-.com", "www.",
    "?q=1&b=가", "?q=1", "#frag", "/a(b)c", "/(a(b))", "/a.", "/@user/", ":8080", "中文.com", "a" * 64 + ".com",
    "가" * 40 + ".com", "user@mail.com", "@user", "#태그", "＠", "＃", "com", ".com", ".kr", "%20", "bit.ly/x",
]  # fmt: skip
EMOJI = [
    "👨‍👩‍👧‍👦", "👍🏽", "🇰🇷", "🇦🇦", "🇷🇺🇷", "☺️", "☺", "❤️", "1️⃣", "#️⃣", "⚽️", "⏩️", "☝🏽", "✌️🏽", "🏳️‍🌈", "🏴‍☠️", "👩🏽‍⚕️",
    "👩‍⚕", "🏋️‍♀️", "🏋🏽‍♂️", "🧞‍♀️", "👯‍♂️", "👨‍❤️‍💋‍👨",
    "👩‍❤️‍👨", "👁‍🗨", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🫱🏽‍🫲🏿", "🧑‍🤝‍🧑", "©️", "™", "♀️", "👨‍👩", "👩‍👦‍👧",
    "\ufe0f", "\ufe0e", "\u200d", "🏽", "\u20e3",
]  # fmt: skip
SIGNS = [*" \n.,!?()/-_@#$\"'…—。~|&=[]+*;:–", "\u3000", "\u00a0", "\u200e", "\ufeff"]
PIECES = st.sampled_from(KOREAN + RUSSIAN + ENGLISH + LINKS + EMOJI + SIGNS)
ANYTHING = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=3)
TEXTS = st.lists(PIECES | ANYTHING, max_size=14).map("".join)
SLOWLY = settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))


@SLOWLY
@given(TEXTS)
@example("Example.COM🇰🇷пример.рф/@user/_x.com")
@example("example.com🏋🏽‍♂️москва.москва/путь")
def test_x_counts_as_we_do(published: Counts, text: str) -> None:
    assert published(text)[0] == count(text, TextRule(280, "x", NOWHERE))


@SLOWLY
@given(TEXTS)
def test_bluesky_counts_as_we_do(published: Counts, text: str) -> None:
    _, graphemes, size = published(text)

    assert graphemes == count(text, TextRule(300, "graphemes", NOWHERE))
    assert size == count(text, TextRule(3000, "bytes", NOWHERE))


def test_the_top_level_domains_are_those_of_twitter_text() -> None:
    rules = _folder() / "node_modules" / "twitter-text" / "dist" / "esm" / "regexp"
    found: set[str] = set()
    for name in ("validGTLD.js", "validCCTLD.js"):
        spelled = "".join(re.findall(r"'([^']*)'", (rules / name).read_text(encoding="utf-8").partition("RegExp(")[2]))
        found |= set(spelled.partition("(?:(?:")[2].partition(")(?=")[0].split("|"))

    assert found == TLDS
