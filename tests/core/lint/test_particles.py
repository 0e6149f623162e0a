"""Korean particles: judged where they can be nothing else, by the last sound that is read."""

import pytest

from campaign.core.lint import apply, lint


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("서울를 떠나", "서울을 떠나"),
        ("학생와 선생님", "학생과 선생님"),
        ("러시아은 넓다", "러시아는 넓다"),
        ("모스크바을 떠나", "모스크바를 떠나"),
        ("서울으로 간다", "서울로 간다"),
        ("모스크바으로.", "모스크바로."),
        ("KBS은 방송", "KBS는 방송"),
        ("KTX을 타고", "KTX를 타고"),
        ("MBN는 방송", "MBN은 방송"),
        ("BTS이 온다", "BTS가 온다"),
        ("Seoul를 걷다", "Seoul을 걷다"),
        ("Moscow을 걷다", "Moscow를 걷다"),
        ("London와 Paris", "London과 Paris"),
        ("9288km을 새긴", "9288km를 새긴"),
        ("5kg를 들다", "5kg을 들다"),
        ("2019을 기억", "2019를 기억"),
        ("1919은 백 년 전", "1919는 백 년 전"),
        ("100를 넘다", "100을 넘다"),
        ("50%은 넘다", "50%는 넘다"),
        ("‘평화’은 말", "‘평화’는 말"),
        ("‘신한촌’가 있었다", "‘신한촌’이 있었다"),
        ("“서울”으로 간다", "“서울”로 간다"),
        ("서울(Seoul)를 걷다", "서울(Seoul)을 걷다"),
        ("‘평화’과의 만남", "‘평화’와의 만남"),
        ("Seoul으로는 못 간다", "Seoul로는 못 간다"),
    ],
)
def test_a_particle_that_does_not_fit_is_told_with_the_one_that_does(text: str, fixed: str) -> None:
    found = lint(text, "ko")

    assert [("particle", "warning")] == [(one.code, one.severity) for one in found]
    assert fixed == apply(text, found)
    assert dict(found[0].told)["right"].endswith(found[0].fix or "?")


@pytest.mark.parametrize(
    "text",
    [
        "마을을 지나 가을을 맞다. 한인마을 저녁노을 늦가을",  # nouns that end in 을
        "지은 집, 관련지은 말, 나은 곳, 김하은, 시인 고은, 수은, 보은",  # 은 that is no particle
        "작가 국가 평가, 효과 결과 학과, 종로 경로 세종로, 아이 사이, 있는 먹는 좋은 높은",
        "들를 곳, 모를 일, 도와 나와, 기와",
        "서울로 모스크바로 집으로 길로 물로",
        "KBS는 MBN은 KTX를 Seoul을 Moscow를 9288km를 5kg을 2019를 100을 3이 7로 8과",
        "Facebook은 Facebook는 STORE은 BOOK을 BOOK를 2.0은 2.0는 F4는 G7은 -r을 R를",  # readers differ
        "종로3가, 제2과, 5로",
        "%s은(는) %s이(가) $HOME를 {name}를 이름을(를)",
        "мир을 мир를 ®은 é는",
        "‘мир(미르)’라고 합니다. ‘신한촌’이 ‘평화’. ‘평화도시 서울’을",
        "이 가 은 는 을 를",
    ],
)
def test_what_may_be_no_particle_is_left_alone(text: str) -> None:
    assert [] == [one for one in lint(text, "ko") if one.code == "particle"]


def test_other_languages_have_no_particles() -> None:
    assert [] == lint("Слово дня: 서울를", "ru")
