"""Terms are found in any inflection, and what must not stand is shown in its place with what should."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.finding import Finding
from campaign.core.glossary import Glossary
from campaign.core.plan import Form, Term

DAY = date(2019, 10, 1)


def term(name: str, *, ko: Form | None = None, ru: Form | None = None, en: Form | None = None, **rest: object) -> Term:
    forms = {lang: form for lang, form in (("ko", ko), ("ru", ru), ("en", en)) if form is not None}
    return Term(name, None, name, forms, **rest)  # type: ignore[arg-type]


VLADIVOSTOK = term(
    "블라디보스토크",
    ko=Form("블라디보스토크", forbidden=("블라디보스톡",)),
    ru=Form("Владивосток", forbidden=("Владивасток",)),
    en=Form("Vladivostok"),
)
SEOUL = term("서울", ko=Form("서울"), ru=Form("Сеул"), en=Form("Seoul"))
CITY_OF_PEACE = term("평화도시 서울", ko=Form("평화도시 서울"), ru=Form("Сеул — город мира"))
PALACE = term("경복궁", ko=Form("경복궁"), ru=Form("Кёнбоккун"))
SINHANCHON = term(
    "신한촌",
    ko=Form("신한촌"),
    ru=Form("Синханчхон (Новая Корейская слободка)", ("Синханчхон*", "Нов* Корейск* слободк*")),
)
SLOGAN = term("I·SEOUL·U", ko=Form("I·SEOUL·U"), translate=False, valid_until=date(2023, 12, 31))
GLOSSARY = Glossary((VLADIVOSTOK, SEOUL, CITY_OF_PEACE, PALACE, SINHANCHON, SLOGAN))


def missing(source: str, text: str, lang: str = "ru") -> list[str]:
    return [dict(one.told)["wanted"] for one in GLOSSARY.compare(source, "ko", text, lang, "text")]


def look(text: str, lang: str, day: date = DAY) -> list[Finding]:
    return GLOSSARY.look(text, lang, "text", day)


def fixed(text: str, found: Finding) -> str:
    assert found.place is not None
    return text[: found.place[0]] + str(found.fix) + text[found.place[1] :]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("블라디보스토크에서", "Мы во Владивостоке."),
        ("서울보다 한 시간 느립니다", "отстают от сеульских на один час"),
        ("‘평화도시 서울’을 알리겠습니다", "о Сеуле\u00a0– городе мира"),
        ("경복궁에 갑니다", "Идём в Кенбоккун"),
        ("신한촌이 있었습니다", "жили в Новой Корейской слободке"),
        ("I·SEOUL·U가 떠납니다", "Делегация I·SEOUL·U отправляется"),
        ("경남산업", "Завод"),
        ("", ""),
    ],
)
def test_a_term_is_found_in_any_case_and_spelling(source: str, text: str) -> None:
    assert [] == missing(source, text)


def test_a_term_that_the_translation_leaves_out_is_missed() -> None:
    assert ["Владивосток", "I·SEOUL·U"] == missing("I·SEOUL·U 블라디보스토크", "Мы на вокзале, я·сеул·ты")
    assert ["Vladivostok"] == missing("블라디보스토크에서", "from Wladiwostok", "en")
    assert [] == missing("경복궁", "the palace", "en"), "the glossary has no English for it"


def test_what_the_longer_term_says_is_not_asked_of_the_shorter_one() -> None:
    assert ["평화도시 서울"] == [hit.term.name for hit in GLOSSARY.hits("‘평화도시 서울’에서", "ko")]


@pytest.mark.parametrize(
    ("text", "lang", "better"),
    [
        ("블라디보스톡에서", "ko", "블라디보스토크에서"),
        ("블라디보스톡은 멉니다", "ko", "블라디보스토크는 멉니다"),
        ("블라디보스톡으로", "ko", "블라디보스토크로"),
        ("블라디보스톡이라는 도시", "ko", "블라디보스토크라는 도시"),
        ("во Владивастоке", "ru", "во Владивостоке"),
    ],
)
def test_a_forbidden_form_is_shown_with_what_should_stand_there(text: str, lang: str, better: str) -> None:
    (found,) = look(text, lang)

    assert ("error", "glossary-forbidden") == (found.severity, found.code)
    assert better == fixed(text, found)
    assert [] == look(better, lang)


def test_a_longer_form_that_may_stand_excuses_the_one_within_it() -> None:
    river = term("한강", en=Form("Han River", forbidden=("Han",)))

    assert [] == Glossary([river]).look("The Han River", "en", "text", DAY)
    assert ["Han"] == [one.value for one in Glossary([river]).look("The Han flows", "en", "text", DAY)]


def test_a_form_that_inflects_otherwise_is_left_to_a_person() -> None:
    capital = term("서울", ru=Form("Сеул", forbidden=("Хансон*", "столица Кореи")))
    first, second = Glossary([capital]).look("Из Хансона в столицу Кореи", "ru", "text", DAY)

    assert (None, None) == (first.fix, second.fix)


def test_a_term_that_has_expired_is_an_error_after_its_day() -> None:
    assert [] == look("I·SEOUL·U", "ru", date(2023, 12, 31))

    (found,) = look("I·SEOUL·U и снова I·SEOUL·U", "ru", date(2024, 1, 1))
    assert ("error", "glossary-expired", (0, 9)) == (found.severity, found.code, found.place)


def test_a_name_that_stays_as_it_is_must_stand_so() -> None:
    (found,) = look("Делегация I•Seoul•U", "ru")

    assert ("warning", "I·SEOUL·U") == (found.severity, found.fix)


def test_a_finding_speaks_three_languages() -> None:
    found = [*look("블라디보스톡 I•SEOUL•U", "ko", date(2026, 1, 1)), *look("i·seoul·u", "ru")]
    found += GLOSSARY.compare("서울", "ko", "…", "ru", "text")

    assert 4 == len({one.code for one in found})
    assert all(len({one.message(reader) for reader in ("ko", "en", "ru")}) == 3 for one in found)


@given(
    st.text(
        alphabet=st.sampled_from("Владивостокеё블라디보스톡크은을로 서울SEOULIU·—-İ\n«»") | st.characters(), max_size=60
    )
)
def test_whatever_is_written_places_lie_within_it(text: str) -> None:
    for lang in ("ko", "ru", "en", "de"):
        for found in look(text, lang, date(2026, 1, 1)):
            assert found.place is not None
            assert found.value == text[slice(*found.place)]
        for hit in GLOSSARY.hits(text, lang):
            assert 0 <= hit.start < hit.end <= len(text)
        GLOSSARY.compare(text, "ko", text, lang, "text")
