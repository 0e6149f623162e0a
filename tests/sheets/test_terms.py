"""The glossary goes out as CSV and comes in again unchanged; what cannot be read is named by its row."""

import string
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.plan import Form, Term
from campaign.service.glossary import checked
from campaign.sheets.terms import read_terms, write_terms

WORDS = st.text(
    st.sampled_from("블라디보스토크ВладивостокёSeoul·'\"=+-@,;:*« »()") | st.sampled_from(string.ascii_letters),
    min_size=1,
    max_size=12,
).filter(lambda text: bool(text.strip(" *")) and any(c.isalnum() for c in text))
FORMS = st.builds(
    lambda text, stems, forbidden: Form(
        text, tuple(stems), tuple(one for one in forbidden if one not in (text, *stems))
    ),
    WORDS,
    st.lists(WORDS, max_size=2),
    st.lists(WORDS, max_size=2),
)
TERMS = st.builds(
    Term,
    st.just(""),
    st.none(),
    WORDS,
    st.dictionaries(st.sampled_from(["ko", "ru", "en", "de"]), FORMS, min_size=1),
    st.booleans(),
    st.text(st.sampled_from("замечание=\n,\"'"), max_size=9),
    st.sampled_from(["", "NIKL 2005-32"]),
    st.none() | st.dates(date(1990, 1, 1)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(TERMS, min_size=1, max_size=3))
def test_import_undoes_export(tmp_path: Path, terms: list[Term]) -> None:
    try:
        clean = [checked(term) for term in terms]
    except Invalid:
        return  # a stem became what is forbidden once its blanks were cut
    file = tmp_path / "terms.csv"
    file.write_text(write_terms(clean, ["ko", "ru", "en"]), encoding="utf-8-sig", newline="")

    _, read = read_terms(file)
    assert clean == [checked(term) for _, term in read]


def csv(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "terms.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_forbidden_form_is_of_the_language_that_its_letters_tell(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "term;ko;ru;forbidden;valid_until\nВ;블라디보스토크;Владивосток|Владивосток*;블라디보스톡|Владивасток;2023\n",
    )

    [(number, term)] = read_terms(file)[1]
    assert (2, date(2023, 12, 31)) == (number, term.valid_until)
    assert ("블라디보스톡",) == term.forms["ko"].forbidden
    assert Form("Владивосток", ("Владивосток*",), ("Владивасток",)) == term.forms["ru"]


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("", "file", "is empty"),
        ("ko,ru\na,b\n", "header", "must name the columns"),
        ("term,ko,colour\na,b,c\n", "header", "must name the columns"),
        ("term,ko\n,글\n", "row 2 term", "must not be empty"),
        ("term,ko,forbidden\na,,글\n", "row 2 forbidden", "fill in the column ko"),
        ("term,ko,forbidden\na,글,123\n", "row 2 forbidden", "which language"),
        ("term,ko,translate\na,글,maybe\n", "row 2 translate", "yes or no"),
        ("term,ko,valid_until\na,글,soon\n", "row 2 valid_until", "YYYY-MM-DD"),
        ("term,ko\na,|글*\n", "row 2 ko", "must begin with the form"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_row(tmp_path: Path, text: str, field: str, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_terms(csv(tmp_path, text))

    assert field == refused.value.field
    assert rule in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManyInvalid) as refused:
        read_terms(csv(tmp_path, "term,ko,valid_until\n,글,\na,글,soon\n"))

    assert ["row 2 term", "row 3 valid_until"] == [one.field for one in refused.value.findings]
