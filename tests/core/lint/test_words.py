"""The catalogue of sentences: every code in three languages, every value filled in."""

import ast
import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from campaign.core.finding import Finding
from campaign.core.lint import lint, lint_pair, lint_tags
from campaign.core.lint.words import LETTERS, PAIR, SENTENCES, TYPOGRAPHY, sentence

LANGS = ("ko", "en", "ru")
BAD = (  # one text that has each kind of finding, or several
    ("ru", 'Он сказал:  "да" , да , т.е. 9288км и мир - это №5 #7 – и “нет” слово—слово 1911-1937 '),
    ("ru", "cело PRщик c Москвой \u200b \u0301 \u202e \u2067x\u2069 \ufffd \ue000 \u0378 \x07 \u2028 ＡＢ й\u0306"),
    ("ru", "й a\u0300\u0301\u0302\u0303 \ud800 "),
    ("en", 'It\'s "fine"'),
    ("ko", "서울를 3ㆍ1운동"),
    ("ko", "Мы прибыли в Москву"),
)
PAIRS = (
    ("2019 https://example.org/a @a {a} 가?", "2018 https://example.org/b @b {b} а."),
    ("가 나 다.", "а б в"),
    ("가나다라 마바사아 자차카타 파하", "가나다라 마바사아 자차카타 파하"),
)
TAGS = ["#I·SEOUL·U", "#2019", "#visit_seoul", "#a", "#a"]


def _all() -> list[Finding]:
    return [
        *(one for lang, text in BAD for one in lint(text, lang)),
        *(one for source, target in PAIRS for one in lint_pair(source, "ko", target, "ru")),
        *lint_tags(TAGS, "ru", required=["#b"]),
    ]


def test_every_code_of_the_lint_is_met_and_has_a_sentence_with_all_its_values() -> None:
    found = _all()

    assert {*LETTERS, *TYPOGRAPHY, *PAIR} == {one.code for one in found}
    for one in found:
        assert one.rule == one.message("en")
        for reader in LANGS:
            said = one.message(reader)
            assert said == sentence(one.code, reader, dict(one.told))
            assert not re.search(r"\{(?:value|fix|word|right|n|most|source|target)\}", said)


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_says_the_same_values_in_each_language(code: str) -> None:
    # What is called otherwise in each language, as a holiday, is told as name_ko, name_en, name_ru.
    own = re.compile("_(ko|en|ru)$")
    values = [{own.sub("", name) for _, name, _, _ in Formatter().parse(one) if name} for one in SENTENCES[code]]

    assert re.fullmatch(r"[a-z]+(?:-[a-z]+)*", code)
    if code not in {"apostrophe", "dash-style", "abbreviation-space"}:  # a language may name a sign by itself
        assert values[0] == values[1] == values[2]
    assert re.search("[가-힣]", SENTENCES[code][0]) and re.search("[а-я]", SENTENCES[code][2])


def test_a_value_with_braces_is_shown_as_it_is() -> None:
    (found, *_) = lint_pair("{name} 님", "ko", "{x} имя", "ru")

    assert "{name}" in found.message("ko")


@pytest.mark.parametrize("file", ["check.py", "glossary.py"])
def test_every_code_that_the_core_gives_has_its_sentence(file: str) -> None:
    tree = ast.parse((files("campaign.core") / file).read_text(encoding="utf-8"))
    codes = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant)
    }

    assert codes
    assert codes <= set(SENTENCES)


def test_the_readme_names_every_code_of_the_lint() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")

    assert [] == [code for code in (*LETTERS, *TYPOGRAPHY, *PAIR) if f"`{code}`" not in readme]
