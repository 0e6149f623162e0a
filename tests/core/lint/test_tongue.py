"""Whether a text is in the language that it is declared to be in."""

from importlib.util import find_spec

import pytest

from campaign.core.lint import lint

LANGS = ("ko", "ru", "en")
KO = "모스크바에 도착했습니다. 내일은 음악 소식을 전합니다."
RU = "Мы прибыли в Москву. Завтра расскажем о музыке."
EN = "We have reached Moscow. Tomorrow we bring you news of music."


def _told(text: str, lang: str, among: tuple[str, ...] = LANGS) -> list[tuple[str, str]]:
    return [(one.value, one.severity) for one in lint(text, lang, among=among) if one.code == "tongue"]


@pytest.mark.parametrize(("text", "own"), [(KO, "ko"), (RU, "ru"), (EN, "en")])
def test_another_script_than_the_language_s_stops(text: str, own: str) -> None:
    for lang in LANGS:
        assert ([] if lang == own else [(own, "error")]) == _told(text, lang)


def test_the_language_of_the_campaign_is_named_where_several_share_the_script() -> None:
    assert [("uk", "error")] == _told("Ми прибули до Москви", "ko", ("ko", "uk"))
    assert [("de", "error")] == _told("Wir haben heute Moskau erreicht.", "ko", ("ko", "de"))
    assert [("ja", "error")] == _told("モスクワにとうちゃくしました", "ru", ())


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("COEX", "ko"),
        ("Привет", "ko"),
        ("I·SEOUL·U Festival", "ru"),
        ("9288", "ru"),
        ("", "ko"),
        ("😀😀😀", "ko"),
        ("https://example.org/a/long/english/address #VisitSeoulSomeDay @seoul_official", "ko"),
        ("오늘의 낱말은 ‘평화’. 러시아어로는 ‘мир’.", "ko"),
        ("Слово дня: 평화 (пхёнхва).", "ru"),
        ("Одно из: naver-blog, kakao-channel, weibo, odnoklassniki", "ru"),
        ("방탄소년단 “Permission to Dance on Stage, Seoul Olympic Stadium”", "ko"),
        ("大韓民國 서울特別市 文化本部", "ko"),
        ("Здраво, мы у Београду", "sr"),
        ("Zdravo iz Beograda, svima i svakome", "sr"),
        ("বাংলাদেশের রাজধানী ঢাকা", "bn"),
        ("မင်္ဂလာပါ ရန်ကုန်မြို့", "en"),
    ],
)
def test_no_verdict_where_a_reader_could_not_be_sure(text: str, lang: str) -> None:
    assert [] == _told(text, lang)


def test_letters_tell_ukrainian_from_russian() -> None:
    ukrainian = "Сьогодні делегація миру вирушає з Сеула у подорож Євразією, їхні мрії"

    assert [("uk", "warning")] == _told(ukrainian, "ru")
    assert [("ru", "warning")] == _told("Мы прибыли в Москву — последний город", "uk")
    assert [] == _told(ukrainian, "uk", ("uk", "ru"))


@pytest.mark.skipif(find_spec("py3langid") is None, reason="the extra `lang` is not installed")
def test_two_languages_of_one_script_are_told_apart_where_the_campaign_has_both() -> None:
    german = "Heute reist die Delegation von Seoul aus durch Eurasien und nach Moskau weiter."
    english = "Today the delegation sets out from Seoul across Eurasia and on to Moscow."

    assert [("de", "warning")] == _told(german, "en", ("en", "de"))
    assert [("en", "warning")] == _told(english, "de", ("en", "de"))
    assert [] == _told(german, "en", ("en", "ko"))
    assert [] == _told(english, "en", ("en", "de", "fr", "es"))
    assert [] == _told("Hotel Seoul Plaza", "en", ("en", "de"))
