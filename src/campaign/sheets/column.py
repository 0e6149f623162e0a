"""The columns of a sheet: their names in three languages, and what a cell may hold.

Cells come from anybody: what is in them is text, a date, or something odd that is told; nothing is ever evaluated.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from campaign.core.errors import Invalid, ManyInvalid

WIDE = 500  # columns of a sheet
MEDIA = 20  # media of a post


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell that cannot be taken as it is: a formula, an error value, a part of merged cells."""

    value: str
    rule: str


Value = str | datetime | Odd | None


class Column(NamedTuple):
    """What stands in one column: `at`, `text` of a language, `alt` of a medium in a language."""

    kind: str
    lang: str | None = None  # empty: of all languages (link)
    number: int | None = None  # of the medium, from 1
    account: str | None = None  # that has other words than the rest

    @property
    def name(self) -> str:
        """Its name in a header: at, text.ko, media1, alt1.ko, text.ko@kr."""
        number = "" if self.number is None else str(self.number)
        whose = f"@{self.account}" if self.account else ""
        return f"{self.kind}{number}{'.' + self.lang if self.lang else ''}{whose}"


# The words of a header, beside the name itself: Korean and Russian.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": ("번호", "아이디", "номер", "код"),
    "campaign": ("캠페인", "кампания"),
    "at": ("시각", "일시", "날짜", "время", "дата", "когда"),
    "tz": ("시간대", "zone", "timezone", "пояс", "часовой пояс"),
    "utc": ("협정 세계시", "всемирное время"),
    "leg": ("구간", "여정", "этап", "участок"),
    "to": ("계정", "채널", "받는 곳", "accounts", "аккаунты", "каналы", "куда"),
    "strategy": ("방식", "전략", "способ", "стратегия"),
    "overflow": ("길 때", "넘칠 때", "если длинно", "длинный текст"),
    "gap": ("빠진 시각", "пропуск"),
    "fold": ("겹친 시각", "повтор"),
    "anyway": ("야간 사유", "почему ночью"),
    "waive": ("허용", "допущено"),
    "langs": ("언어", "languages", "языки"),
    "state": ("상태", "состояние"),
    "remarks": ("비고", "메모", "примечания", "заметки"),
    "text": ("본문", "글", "내용", "текст"),
    "title": ("제목", "заголовок"),
    "tags": ("태그", "해시태그", "hashtags", "теги", "хештеги"),
    "link": ("링크", "주소", "ссылка"),
    "place": ("장소", "место"),
    "media": ("미디어", "그림", "사진", "영상", "медиа", "картинка", "фото", "видео"),
    "alt": ("대체텍스트", "대체 텍스트", "설명", "альт", "описание"),
    "captions": ("자막", "субтитры"),
}
PLAIN = (
    *("id", "campaign", "at", "tz", "utc", "leg", "to", "strategy", "overflow", "gap", "fold", "anyway", "langs"),
    *("waive", "state", "remarks"),
)
TOLD = ("state", "utc", "remarks")  # for people to read; an import leaves them alone
WORDING = ("title", "text", "tags", "link")  # one column a language, and one more for an account with words of its own
SPOKEN = (*WORDING, "place")
OF_MEDIA = ("media", "alt", "captions")  # media1; alt1.ko
_KINDS = {word.casefold(): kind for kind, words in SYNONYMS.items() for word in (kind, *words)}
_HEAD = re.compile(
    r"(?P<name>.*?)\s*(?P<number>\d{0,3})\s*(?:[._\s(\[]\s*(?P<lang>[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*[)\]]?)?"
)
# What a spreadsheet may run when a cell begins with it, the full-width forms of Korean and Japanese ones included:
# https://owasp.org/www-community/attacks/CSV_Injection
_RUNS = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


def column(name: str) -> Column:
    """Return which column a header means.

    Raises:
        Invalid: there is none of that name; the rule names the nearest.
    """
    said, at, account = " ".join(name.split()).partition("@")
    if at:
        one = column(said)
        if one.kind in WORDING and one.lang and account:
            return one._replace(account=account)
        raise Invalid("header", name, "only words of one language can be an account's own, as in text.ko@kr")
    if kind := _KINDS.get(said.casefold()):
        if kind in PLAIN:
            return Column(kind)
        if kind == "link":
            return Column("link", "")
    found = _HEAD.fullmatch(said)
    kind = _KINDS.get(found["name"].casefold()) if found else None
    if found and kind:
        lang, number = found["lang"], int(found["number"]) if found["number"] else None
        if kind in SPOKEN and lang and number is None:
            return Column(kind, lang)
        if kind in OF_MEDIA and (number is None or 1 <= number <= MEDIA) and bool(lang) == (kind != "media"):
            return Column(kind, lang, number or 1)
    if kind in SPOKEN:
        raise Invalid("header", name, f"needs its language, as in {kind}.ko")
    if kind in OF_MEDIA:
        raise Invalid("header", name, f"must be written as {'media1' if kind == 'media' else kind + '1.ko'}")
    word, lang = (found["name"], found["lang"]) if found else (said, None)
    near = difflib.get_close_matches(word.casefold(), _KINDS, n=1) or difflib.get_close_matches(
        said.casefold(), _KINDS, n=1
    )
    hint = f"; did you mean {_hinted(near[0], lang)}?" if near else ""
    raise Invalid("header", name, f"is no column of a sheet of posts{hint}")


def _hinted(word: str, lang: str | None) -> str:
    kind = _KINDS[word]
    number = "1" if kind in OF_MEDIA else ""
    return kind + number + (f".{lang or 'ko'}" if kind in (*SPOKEN, "alt", "captions") else "")


def head(cells: Sequence[Value]) -> list[Column | None]:
    """Return the columns of a header; None for one that is empty.

    Raises:
        Invalid: a name is unknown or stands there twice, or there is no column `id` (several at once: ManyInvalid).
    """
    wrong: list[Invalid] = []
    found: list[Column | None] = []
    if len(cells) > WIDE:
        raise Invalid("header", str(len(cells)), f"has more than {WIDE} columns")
    for value in cells:
        name = value.value if isinstance(value, Odd) else "" if value is None else str(value)
        if not name.strip():
            found.append(None)
            continue
        try:
            if isinstance(value, Odd):
                raise Invalid("header", name, value.rule)
            one = column(unguarded(name))
            if one in found:
                raise Invalid("header", name, f"stands there twice (as {one.name})")
            found.append(one)
        except Invalid as error:
            wrong.append(error)
    if not wrong and Column("id") not in found:
        names = ", ".join(item.name for item in found if item) or "nothing"
        wrong.append(
            Invalid("header", names, "has no column id; the first row names the columns: id, at, to, text.ko …")
        )
    if wrong:
        raise wrong[0] if len(wrong) == 1 else ManyInvalid(wrong)
    return found


def guarded(text: str) -> str:
    """Return a text as it may stand in a cell: what a spreadsheet could run has a ' before it.

    >>> guarded("=1+1"), guarded("'=1"), guarded("서울")
    ("'=1+1", "''=1", '서울')
    """
    return "'" + text if _RUNS.match(text) else text


def unguarded(text: str) -> str:
    """Undo exactly what guarded() does.

    >>> unguarded("'=1+1"), unguarded("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text.startswith("'") and _RUNS.match(text) else text


def letters(number: int) -> str:
    """Return what a spreadsheet calls its n-th column.

    >>> letters(1), letters(27)
    ('A', 'AA')
    """
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name
