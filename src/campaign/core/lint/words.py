"""The sentences of the findings in Korean, English and Russian: code → templates, filled by what a finding tells."""

from collections.abc import Mapping
from typing import Final

from campaign.core.finding import Reader
from campaign.core.lint.limits import CHECK
from campaign.core.lint.machine import MACHINE
from campaign.core.sentences import GLOSSARY, LIKENESS, STATE, TIME

Sentences = Mapping[str, tuple[str, str, str]]
_ORDER: Final[tuple[Reader, ...]] = ("ko", "en", "ru")


def sentence(code: str, reader: Reader, told: Mapping[str, str]) -> str | None:
    """Return the sentence of a code with its values filled in; None: the code has none, or a value is missing.

    >>> sentence("text-empty", "ru", {})
    'Заполните текст.'
    """
    templates = SENTENCES.get(code)
    if templates is None:
        return None
    try:
        return templates[_ORDER.index(reader)].format_map(told)
    except KeyError:
        return None


LETTERS: Final[Sentences] = {
    "not-nfc": (
        "자모나 부호가 풀려 있습니다. 한 글자로 합치세요(NFC).",
        "Written with decomposed letters: join them (NFC).",
        "Буквы разложены на части: соедините их (NFC).",
    ),
    "invisible": (
        "보이지 않는 문자가 있습니다({value}). 지우세요.",
        "An invisible character ({value}): remove it.",
        "Невидимый символ ({value}): удалите его.",
    ),
    "control": (
        "제어 문자가 있습니다({value}). 지우세요.",
        "A control character ({value}): remove it.",
        "Управляющий символ ({value}): удалите его.",
    ),
    "line-separator": (
        "드물게 쓰는 줄 바꿈 문자입니다({value}). 보통 줄 바꿈으로 바꾸세요.",
        "A rare line separator ({value}): use a line feed.",
        "Редкий разделитель строк ({value}): замените обычным переводом строки.",
    ),
    "bidi-unbalanced": (
        "글의 방향을 바꾸는 문자에 짝이 없습니다({value}). 읽는 사람에게 다른 글로 보일 수 있으니 지우세요.",
        "A sign that turns the writing direction has no partner ({value}): readers may see another text; remove it.",
        "Знак, меняющий направление письма, без пары ({value}): читатель может увидеть другой текст; удалите его.",
    ),
    "bidi-control": (
        "글의 방향을 바꾸는 문자가 있습니다({value}). 이 언어에는 필요 없으니 지우세요.",
        "A sign that turns the writing direction ({value}): this language needs none; remove it.",
        "Знак направления письма ({value}): в этом языке он не нужен; удалите его.",
    ),
    "lone-mark": (
        "글자 없이 홀로 선 결합 부호가 있습니다({value}). 지우세요.",
        "A combining mark without a letter ({value}): remove it.",
        "Надстрочный знак без буквы ({value}): удалите его.",
    ),
    "many-marks": (
        "한 글자에 결합 부호가 너무 많습니다. 제대로 보이지 않을 수 있습니다.",
        "Many combining marks on one letter: it may not be shown well.",
        "Слишком много надстрочных знаков на одной букве: она может отображаться плохо.",
    ),
    "private-use": (
        "글꼴마다 다르게 보이는 문자입니다({value}). 다른 문자로 바꾸세요.",
        "A private-use character ({value}), which others see otherwise or not at all: write it another way.",
        "Символ частного использования ({value}): у других он выглядит иначе; замените его.",
    ),
    "unassigned": (
        "유니코드에 없는 문자입니다({value}). 다른 문자로 바꾸세요.",
        "No character of Unicode has this number ({value}): write it another way.",
        "Такого символа в Юникоде нет ({value}): замените его.",
    ),
    "replacement-character": (
        "글자가 깨졌습니다({value}). 원래 글자를 다시 적어 주세요.",
        "A letter was lost in a conversion ({value}): write it again.",
        "Буква потеряна при перекодировке ({value}): наберите её заново.",
    ),
    "surrogate": (
        "글자의 반쪽만 남았습니다({value}). 지우고 다시 적어 주세요.",
        "Half of a character ({value}), which cannot be sent: remove it and write it again.",
        "Половина символа ({value}), отправить её нельзя: удалите и наберите заново.",
    ),
    "full-width": (
        "전각 문자입니다({value}). 반각 {fix}(으)로 쓰세요.",
        "Full-width {value}: write {fix}.",
        "Полноширинный знак {value}: пишите {fix}.",
    ),
    "mixed-script": (
        "한 낱말에 라틴 문자와 키릴 문자 따위가 섞였습니다: {letters}. {fix}(으)로 쓰세요.",
        "Letters of another alphabet that look alike in one word: {letters}; write {fix}.",
        "В слове есть похожие буквы другого алфавита: {letters}; пишите {fix}.",
    ),
    "mixed-word": (
        "낱말 ‘{value}’에 두 가지 문자가 섞였습니다. 맞는지 확인하세요.",
        "The word {value} mixes two alphabets: is that meant?",
        "В слове {value} смешаны два алфавита: так и задумано?",
    ),
    "latin-alone": (
        "라틴 문자 {value}입니다. 키릴 문자 {fix}(으)로 쓰세요.",
        "A Latin {value} stands for a Russian word: write the Cyrillic {fix}.",
        "Латинская {value} вместо русской {fix}: исправьте.",
    ),
}

TYPOGRAPHY: Final[Sentences] = {
    "straight-quotes": (
        "곧은 따옴표 대신 {fix}을(를) 쓰세요.",
        "A straight quotation mark: write {fix}.",
        "Прямая кавычка: пишите {fix}.",
    ),
    "quote-style": (
        "이 언어에서는 {value} 대신 {fix}을(를) 씁니다.",
        "This language writes {fix} here, not {value}.",
        "Здесь ставят {fix}, а не {value}.",
    ),
    "apostrophe": (
        "곧은 아포스트로피 대신 ’를 쓰세요.",
        "A straight apostrophe: write ’.",
        "Прямой апостроф: пишите ’.",
    ),
    "double-space": ("빈칸이 두 개 이상 이어집니다.", "More than one space.", "Лишний пробел."),
    "space-before-mark": (
        "문장 부호 앞의 빈칸을 지우세요.",
        "A space before a punctuation mark: remove it.",
        "Пробел перед знаком препинания: уберите его.",
    ),
    "hyphen-as-dash": (
        "붙임표 대신 줄표({fix})를 쓰세요.",
        "A hyphen where a dash belongs: write {fix}.",
        "Дефис вместо тире: поставьте {fix}.",
    ),
    "dash-style": (
        "러시아어에서는 짧은 줄표 대신 {fix}를 씁니다.",
        "Russian writes {fix} here, not {value}.",
        "Здесь нужно тире {fix}, а не {value}.",
    ),
    "dash-spaces": (
        "줄표 앞뒤를 띄어 쓰세요.",
        "A dash has a space on both sides.",
        "Тире отбивается пробелами с обеих сторон.",
    ),
    "hyphen-in-range": (
        "범위는 {right}처럼 줄표로 쓰세요.",
        "A range is written with an en dash: {right}.",
        "Между числами ставят тире: {right}.",
    ),
    "abbreviation-space": (
        "러시아어 줄임말은 끊기지 않는 빈칸으로 띄웁니다: {fix}",
        "This abbreviation has a space that does not break: {fix}",
        "В сокращении нужен неразрывный пробел: {fix}",
    ),
    "unit-space": (
        "{before}와 {after} 사이에는 끊기지 않는 빈칸(U+00A0)을 쓰세요.",
        "A space that does not break (U+00A0) belongs between {before} and {after}.",
        "Между {before} и {after} нужен неразрывный пробел (U+00A0).",
    ),
    "number-sign": (
        "러시아어에서는 번호 앞에 №를 씁니다.",
        "Russian writes № before a number, not #.",
        "Перед номером ставят №, а не #.",
    ),
    "middle-dot": (
        "가운뎃점은 ·(U+00B7)로 쓰세요.",
        "A dot that only looks like the middle dot: write · (U+00B7).",
        "Похожая точка вместо средней: пишите · (U+00B7).",
    ),
    "particle": (
        "‘{word}’ 뒤에는 ‘{value}’ 대신 ‘{fix}’를 씁니다: {right}.",
        "After {word} the particle is {fix}, not {value}: {right}.",
        "После {word} ставят частицу {fix}, а не {value}: {right}.",
    ),
}

PAIR: Final[Sentences] = {
    "number-missing": (
        "원문의 수 {value}이(가) 번역에 없습니다.",
        "The number {value} of the source is missing.",
        "В переводе нет числа {value} из оригинала.",
    ),
    "number-extra": (
        "번역의 수 {value}은(는) 원문에 없습니다.",
        "The number {value} is not in the source.",
        "Числа {value} нет в оригинале.",
    ),
    "link-missing": (
        "원문의 링크가 번역에 없습니다: {value}.",
        "A link of the source is missing: {value}.",
        "В переводе нет ссылки из оригинала: {value}.",
    ),
    "link-extra": (
        "번역의 링크가 원문에 없습니다: {value}.",
        "This link is not in the source: {value}.",
        "Этой ссылки нет в оригинале: {value}.",
    ),
    "mention-missing": (
        "원문의 {value}이(가) 번역에 없습니다.",
        "The source names {value}, the translation does not.",
        "В переводе нет упоминания {value}.",
    ),
    "mention-extra": (
        "번역의 {value}은(는) 원문에 없습니다.",
        "The source does not name {value}.",
        "Упоминания {value} нет в оригинале.",
    ),
    "placeholder-missing": (
        "원문의 자리 표시 {value}이(가) 번역에 없습니다.",
        "The placeholder {value} of the source is missing.",
        "В переводе нет метки {value} из оригинала.",
    ),
    "placeholder-extra": (
        "번역의 자리 표시 {value}은(는) 원문에 없습니다.",
        "The placeholder {value} is not in the source.",
        "Метки {value} нет в оригинале.",
    ),
    "question-count": (
        "물음표 수가 다릅니다(원문 {source}, 번역 {target}).",
        "The source asks {source} question(s), the translation {target}.",
        "Число вопросов различается: в оригинале {source}, в переводе {target}.",
    ),
    "terminal-mark": (
        "원문과 번역의 끝 부호가 다릅니다(원문 {source}, 번역 {target}).",
        "The ends differ: the source ends in {source}, the translation in {target}.",
        "Концовки различаются: в оригинале {source}, в переводе {target}.",
    ),
    "untranslated": (
        "원문이 그대로 남았습니다: {value}.",
        "Still as in the source: {value}.",
        "Осталось без перевода: {value}.",
    ),
    "tongue": (
        "이 글은 {declared}(이)라고 되어 있지만 {found}(으)로 보입니다. 언어를 확인하세요.",
        "The text is declared {declared}, but reads as {found}: check the language.",
        "Указан язык {declared}, но текст похож на {found}: проверьте язык.",
    ),
    "tag-required": (
        "꼭 넣어야 할 해시태그가 없습니다: {value}.",
        "A required hashtag is missing: {value}.",
        "Нет обязательного хештега: {value}.",
    ),
    "tags-many": (
        "해시태그가 {n}개입니다. {most}개까지가 좋습니다.",
        "{n} hashtags: more than {most} are rarely read.",
        "Хештегов {n}: больше {most} обычно лишние.",
    ),
    "tag-sign": (
        "해시태그 {value}은(는) 중간에서 잘립니다. {fix}처럼 쓰세요.",
        "The hashtag {value} is cut short by platforms: write {fix}.",
        "Хештег {value} обрежется: пишите {fix}.",
    ),
    "tag-empty": (
        "해시태그에 글자가 없습니다: {value}.",
        "A hashtag without letters: {value}.",
        "В хештеге нет букв: {value}.",
    ),
    "tag-case": (
        "해시태그 {value}은(는) 낱말마다 대문자로 시작하면 읽기 쉽습니다({fix}).",
        "The hashtag {value} is easier to read, and to hear, with a capital for each word: {fix}.",
        "Хештег {value} легче читать, если каждое слово с заглавной: {fix}.",
    ),
    "tag-twice": (
        "해시태그 {value}이(가) 두 번 나옵니다.",
        "The hashtag {value} stands there twice.",
        "Хештег {value} повторяется.",
    ),
}

SENTENCES: Final[Sentences] = {
    **CHECK,
    **LETTERS,
    **TYPOGRAPHY,
    **PAIR,
    **MACHINE,
    **GLOSSARY,
    **LIKENESS,
    **STATE,
    **TIME,
}
