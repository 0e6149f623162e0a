"""The sentences of what the glossary, other posts and the state of a post tell: code → Korean, English, Russian."""

from collections.abc import Mapping
from typing import Final

from campaign.core.finding import Finding, Severity

GLOSSARY: Final[Mapping[str, tuple[str, str, str]]] = {
    "glossary-forbidden": (
        "용어집에 따라 ‘{shown}’ 대신 ‘{wanted}’(으)로 적어 주세요.",
        "The glossary wants “{wanted}”, not “{shown}”.",
        "По глоссарию пишется «{wanted}», а не «{shown}».",
    ),
    "glossary-expired": (
        "‘{shown}’은(는) {until}까지만 쓰는 말입니다. 바뀐 말로 적거나 그대로 두는 까닭을 남겨 주세요.{note}",
        "“{shown}” was in use until {until} only: write what took its place, or say why it stands.{note}",
        "«{shown}» употребляется только до {until}: замените или укажите, почему оставлено.{note}",
    ),
    "glossary-altered": (
        "‘{shown}’은(는) 모든 언어에서 ‘{wanted}’ 그대로 적습니다.",
        "“{shown}” stands as it is in every language: “{wanted}”.",
        "«{shown}» на всех языках пишется одинаково: «{wanted}».",
    ),
    "glossary-missing": (
        "원문의 ‘{said}’에 해당하는 용어집의 ‘{wanted}’이(가) 번역에 없습니다.",
        "The source says “{said}”; the glossary’s “{wanted}” for it does not stand here.",
        "В исходном тексте «{said}», а слова из глоссария «{wanted}» в переводе нет.",
    ),
}

LIKENESS: Final[Mapping[str, tuple[str, str, str]]] = {
    "same-text": (
        "{account} 계정에 같은 글이 이미 있습니다: {post}, {when}.",
        "{account} has the same text already: {post}, {when}.",
        "В {account} этот текст уже есть: {post}, {when}.",
    ),
    "similar-text": (
        "{account} 계정에 거의 같은 글이 있습니다({percent}%): {post}, {when}.",
        "{account} has nearly the same text ({percent} %): {post}, {when}.",
        "В {account} есть почти такой же текст ({percent} %): {post}, {when}.",
    ),
    "same-hour": (
        "{account} 계정에 한 시간 안에 다른 게시물이 있습니다: {post}, {when}.",
        "{account} has another post within the hour: {post}, {when}.",
        "В {account} в пределах часа есть другой пост: {post}, {when}.",
    ),
}

STATE: Final[Mapping[str, tuple[str, str, str]]] = {
    "language-missing": (
        "{lang} 글이 아직 없습니다.",
        "There is no text in {lang} yet.",
        "Текста на языке {lang} ещё нет.",
    ),
    "outdated": (
        "원문({source})이 판 {revision}에서 바뀌었습니다. 번역을 다시 확인해 주세요.",
        "The source ({source}) has changed since, in revision {revision}: translate it again.",
        "Исходный текст ({source}) с тех пор изменён (редакция {revision}): обновите перевод.",
    ),
    "machine-words": (
        "{tool}이(가) 번역한 글입니다. 사람이 확인하고 저장해야 나갑니다.",
        "{tool} translated it: a person must save it before it goes out.",
        "Перевёл {tool}: перед отправкой текст должен сохранить человек.",
    ),
    "link-unreachable": (
        "링크가 열리지 않습니다({why}).",
        "The link does not open ({why}).",
        "Ссылка не открывается ({why}).",
    ),
}

TIME: Final[Mapping[str, tuple[str, str, str]]] = {
    "blackout": (
        "{days}은(는) {lang} 독자에게 아무것도 내보내지 않는 날입니다({name}). 다음으로 비는 날: {free}.",
        "Nothing goes out to the {lang} audience on {days} ({name}); the next free day is {free}.",
        "{days} для аудитории {lang} ничего не выходит ({name}). Ближайший свободный день: {free}.",
    ),
    "blackout-soft": (
        "{days}은(는) ‘{name}’입니다. {lang} 독자에게 이 날 내보내도 되는지 확인해 주세요.",
        "{days} is “{name}”: look whether it should go out to the {lang} audience that day.",
        "{days} — «{name}». Проверьте, стоит ли публиковать в этот день для аудитории {lang}.",
    ),
    "holiday": (
        "{day}은(는) {lang} 독자의 공휴일입니다({country}): {name_ko}.",
        "{day} is a holiday of the {lang} audience ({country}): {name_en}.",
        "{day} — праздничный день у аудитории {lang} ({country}): {name_ru}.",
    ),
    "working-weekend": (
        "{day}은(는) {lang} 독자가 일하는 주말입니다({country}): {name_ko}.",
        "{day} is a weekend on which the {lang} audience works ({country}): {name_en}.",
        "{day} — выходной, в который аудитория {lang} работает ({country}): {name_ru}.",
    ),
    "spacing": (
        "{account} 계정의 다른 게시물과 간격이 {minutes}분이 안 됩니다: {post}, {when}. 다음으로 비는 시간: {free}.",
        "Nearer than {minutes} minutes to another post of {account}: {post}, {when}; the next free time is {free}.",
        "Меньше {minutes} минут до другого поста в {account}: {post}, {when}. Ближайшее свободное время: {free}.",
    ),
}


def told(severity: Severity, field: str, value: str, code: str, **values: str) -> Finding:
    """Return a finding of this catalogue; its rule is the English sentence."""
    catalogue = {**GLOSSARY, **LIKENESS, **STATE}
    return Finding(severity, field, value, catalogue[code][1].format(**values), code=code, told=tuple(values.items()))
