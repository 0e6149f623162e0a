"""Typography: what Korean, Russian and English print otherwise, each with the fix of one click."""

import pytest

from campaign.core.lint import apply, lint, mend

N = "\u00a0"


@pytest.mark.parametrize(
    ("text", "code", "fixed"),
    [
        ('Зал "Зарядье" ждёт', "straight-quotes", "Зал «Зарядье» ждёт"),
        ('"Слово "мир" дня"', "straight-quotes", "«Слово „мир“ дня»"),
        ("Зал “Зарядье” ждёт", "quote-style", "Зал «Зарядье» ждёт"),
        ("Зал „Зарядье“ ждёт", "quote-style", "Зал «Зарядье» ждёт"),
        ('Зал «Театр "Мир"» ждёт', "straight-quotes", "Зал «Театр „Мир“» ждёт"),
        ("Сеул - город мира", "hyphen-as-dash", "Сеул — город мира"),
        ("Сеул -- город мира", "hyphen-as-dash", "Сеул — город мира"),
        ("Сеул – город мира", "dash-style", "Сеул — город мира"),
        ("Сеул— город мира", "dash-spaces", "Сеул — город мира"),
        ("Сеул —город мира", "dash-spaces", "Сеул — город мира"),
        ("Сеул—город мира", "dash-spaces", "Сеул — город мира"),
        ("в 1911-1937 годах", "hyphen-in-range", "в 1911–1937 годах"),
        ("Дети 8-10 лет", "hyphen-in-range", "Дети 8–10 лет"),
        ("мир, т.е. покой", "abbreviation-space", f"мир, т.{N}е. покой"),
        ("мир, т. е. покой", "abbreviation-space", f"мир, т.{N}е. покой"),
        ("музыка и т.д.", "abbreviation-space", f"музыка и т.{N}д."),
        ("г. Москва", "abbreviation-space", f"г.{N}Москва"),
        ("в 1919 г. и позже", "unit-space", f"в 1919{N}г. и позже"),
        ("в 1911–1937 гг. тоже", "unit-space", f"в 1911–1937{N}гг. тоже"),
        ("Дом №5", "unit-space", f"Дом №{N}5"),
        ("Дом № 5", "unit-space", f"Дом №{N}5"),
        ("Дом #5", "number-sign", f"Дом №{N}5"),
        ("столб 9288км", "unit-space", f"столб 9288{N}км"),
        ("столб 9288 км", "unit-space", f"столб 9288{N}км"),
        ("цена 100 ₽", "unit-space", f"цена 100{N}₽"),
        ("Сеул  ждёт", "double-space", "Сеул ждёт"),
        ("Сеул , Москва", "space-before-mark", "Сеул, Москва"),
        ("Ждём вас !", "space-before-mark", "Ждём вас!"),
    ],
)
def test_russian(text: str, code: str, fixed: str) -> None:
    found = lint(text, "ru")

    assert {(code, "warning")} == {(one.code, one.severity) for one in found}
    assert fixed == apply(text, found) == mend(text, "ru")


@pytest.mark.parametrize(
    ("text", "code", "fixed"),
    [
        ('the "best" city', "straight-quotes", "the “best” city"),
        ("the 'best' city", "straight-quotes", "the ‘best’ city"),
        ("«Zaryadye» hall", "quote-style", "“Zaryadye” hall"),
        ("It's 5 o'clock", "apostrophe", "It’s 5 o’clock"),
        ("the workers' day", "apostrophe", "the workers’ day"),
        ("the '90s", "apostrophe", "the ’90s"),
        ("from 1911-1937", "hyphen-in-range", "from 1911–1937"),
        ("Seoul - a city", "hyphen-as-dash", "Seoul – a city"),
        ("Seoul--a city", "hyphen-as-dash", "Seoul—a city"),
        ("Seoul  waits", "double-space", "Seoul waits"),
        ("Seoul , Moscow", "space-before-mark", "Seoul, Moscow"),
    ],
)
def test_english(text: str, code: str, fixed: str) -> None:
    found = lint(text, "en")

    assert {code} == {one.code for one in found}
    assert fixed == apply(text, found) == mend(text, "en")


@pytest.mark.parametrize(
    ("text", "code", "fixed"),
    [
        ('"평화"를 말합니다', "straight-quotes", "“평화”를 말합니다"),
        ("'평화'를 말합니다", "straight-quotes", "‘평화’를 말합니다"),
        ("3ㆍ1운동", "middle-dot", "3·1운동"),
        ("한・러 수교", "middle-dot", "한·러 수교"),
        ("서울  평화", "double-space", "서울 평화"),
        ("서울 , 모스크바", "space-before-mark", "서울, 모스크바"),
    ],
)
def test_korean(text: str, code: str, fixed: str) -> None:
    found = lint(text, "ko")

    assert {code} == {one.code for one in found}
    assert fixed == apply(text, found) == mend(text, "ko")


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Поезд Москва—Владивосток, 5–10 октября, «Театр «Мир»».", "ru"),
        ("— Вы были в Сеуле?\n— Да!\n- первый пункт\n- второй", "ru"),
        ("Тел. 8-800-555-35-35, 2019-10-08, счёт 2-1, Т-34-85, из-за, кто-то, по-русски", "ru"),
        ("5 октября 2019 года, 100 лет, 30-летие, 7 %, 19:30", "ru"),
        (f"9288{N}км, т.{N}е. №{N}5, 1919{N}г., 10 000 человек", "ru"),
        ("Он ждал…  ", "ru"),
        ("д’Артаньян и О'Генри", "ru"),
        ("8 - 5 = 3", "en"),
        ('6\'2" tall, a 5" screen', "en"),
        ("well-known, 24-7, ISBN 978-89-01-12345-6, “London–Paris”, 3-D", "en"),
        ("e.g. this, i.e. that. See example.org/a-b - c", "uk"),
        ("10~12시, 5~10km, “가” ‘나’ 「다」 『라』, I'm fine", "ko"),
        ("«Ça va ?» dit-il", "fr"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000  line:0\nДа", "ru"),
    ],
)
def test_good_print_is_left_alone(text: str, lang: str) -> None:
    assert [] == lint(text, lang, "captions" if "-->" in text else "text")


@pytest.mark.parametrize(
    "name", ["https://example.org/1911-1937--5км", "@o-neil.x--y", "#7чудес·света", "{a-b}", "a'b@example.org"]
)
def test_links_names_hashtags_and_placeholders_are_left_alone(name: str) -> None:
    for lang in ("ko", "ru", "en"):
        text = f"Да {name} да"
        assert name in apply(text, lint(text, lang))
        assert [] == [one for one in lint(text, lang) if one.place and one.code != "tongue"]


def test_a_mark_without_a_partner_is_left_to_a_person() -> None:
    for text in ('Экран 5" и всё', 'Он сказал: "да', 'да" и всё', '" "', '"один\nдва"', 'знак «"» в тексте'):
        assert text == mend(text, "ru")


def test_a_link_has_letters_only() -> None:
    assert [] == lint('https://example.org/a - "b"', "ru", "link")
