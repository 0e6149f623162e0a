"""A sample sheet: a campaign's own columns, three examples, and what each column means, in three languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from campaign.core.schedule import FORMAT
from campaign.sheets.column import OF_MEDIA, SPOKEN, SYNONYMS, Column
from campaign.sheets.row import OVERFLOWS, STRATEGIES, Row, Shown, Words, cell
from campaign.sheets.workbook import workbook

READY = 2000  # rows that have the formats and the lists


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from.

    Attributes:
        langs: of the campaign, the source first.
        zone: of the campaign.
        legs, accounts: their names.
        starts: the local day of the first example.
    """

    campaign: str
    langs: Sequence[str]
    zone: str
    legs: Sequence[str]
    accounts: Sequence[str]
    starts: datetime


# Column → what it means, in Korean, English, Russian.
MEANS: dict[str, tuple[str, str, str]] = {
    "id": (
        "게시물의 번호. 캠페인에서 하나뿐이며, 같은 번호를 다시 가져오면 그 게시물이 바뀝니다.",
        "The post's id, unique in its campaign; the same id again changes that post.",
        "Номер публикации, один на кампанию; тот же номер ещё раз меняет эту публикацию.",
    ),
    "campaign": (
        "다른 캠페인의 게시물일 때만.",
        "Only where the row belongs to another campaign.",
        "Только если строка относится к другой кампании.",
    ),
    "at": (
        "그 시간대의 현지 시각: 2026-12-01 19:00. 날짜 셀도 됩니다.",
        "Local time in the zone: 2026-12-01 19:00. A date cell will do.",
        "Местное время: 2026-12-01 19:00. Подойдёт и ячейка с датой.",
    ),
    "tz": (
        "IANA 시간대. 비우면 구간의, 아니면 캠페인의 시간대.",
        "IANA zone; empty: the leg's, else the campaign's.",
        "Часовой пояс IANA; пусто: пояс этапа, иначе кампании.",
    ),
    "utc": ("읽기용: UTC 시각.", "To be read only: the time in UTC.", "Только для чтения: время UTC."),
    "leg": (
        "게시물이 속한 여정의 구간.",
        "The leg that the post belongs to.",
        "Этап, к которому относится публикация.",
    ),
    "to": (
        "계정 이름. 여럿이면 쉼표로.",
        "Names of accounts, with commas between.",
        "Имена аккаунтов через запятую.",
    ),
    "strategy": (
        "여러 언어를 쓰는 계정에: 따로(split), 한 게시물로(combined), 이어서(thread), 플랫폼의 여러 언어로(native).",
        "Where an account has several languages: a post each (split), one post (combined), a thread, or native.",
        "Если у аккаунта несколько языков: отдельно (split), вместе (combined), веткой (thread) или native.",
    ),
    "overflow": (
        "글이 길면: 거절(refuse), 나누기(thread), 번호를 붙여 나누기(numbered).",
        "A text that is too long: refused, cut into a thread, or into one with 1/3 (numbered).",
        "Слишком длинный текст: отказ (refuse), ветка (thread), ветка с 1/3 (numbered).",
    ),
    "gap": (
        "시계가 건너뛴 시각이면: 뒤(forward) 또는 앞(back).",
        "Where the clocks skip that time: forward or back.",
        "Если часы пропускают это время: forward (позже) или back (раньше).",
    ),
    "fold": (
        "두 번 오는 시각이면: 첫 번째(first) 또는 두 번째(second).",
        "Where that time happens twice: first or second.",
        "Если это время бывает дважды: first или second.",
    ),
    "anyway": (
        "조용한 시간에도 내보내는 이유.",
        "Why it goes out in quiet hours all the same (soft ones only).",
        "Почему публикуется и в тихие часы (только мягкие).",
    ),
    "langs": (
        "나갈 언어. 비우면 글이 있는 언어.",
        "The languages that it is to go out in; empty: those that have a text.",
        "Языки публикации; пусто: те, на которых есть текст.",
    ),
    "waive": (
        "새 게시물에서 그대로 둘 지적과 이유, 한 줄에 하나: ru:mixed-script=로고",
        "Of a new post: findings that may stand, and why, one a line: ru:mixed-script=a logo",
        "Для новой публикации: что можно оставить и почему, по одному в строке: ru:mixed-script=логотип",
    ),
    "state": ("읽기용: 상태.", "To be read only: how far it is.", "Только для чтения: состояние."),
    "remarks": ("읽기용: 비고.", "To be read only.", "Только для чтения."),
    "text": (
        "본문. 셀 안의 줄바꿈은 그대로 나갑니다. text.ko@kr은 계정 kr만의 본문.",
        "The text; line breaks in the cell are kept. text.ko@kr: other words for account kr only.",
        "Текст; переносы строк сохраняются. text.ko@kr: другие слова только для аккаунта kr.",
    ),
    "title": (
        "제목을 따로 보이는 플랫폼에만.",
        "For platforms that show a title by itself.",
        "Для платформ с отдельным заголовком.",
    ),
    "tags": ("해시태그: #평화 #서울", "Hashtags: #peace #Seoul", "Хештеги: #мир #Сеул"),
    "link": (
        "웹 주소. 열 이름이 link이면 모든 언어에 쓰이고, {lang}은 언어가 됩니다.",
        "A web address; a column named link is for all languages, and {lang} becomes the language.",
        "Веб-адрес; столбец link общий для всех языков, {lang} заменяется языком.",
    ),
    "media": (
        "파일 이름(표의 폴더에서) 또는 https 주소. 둘째는 media2.",
        "The name of a file (from the sheet's folder) or an https address; the second is media2.",
        "Имя файла (от папки таблицы) или адрес https; второй столбец media2.",
    ),
    "alt": (
        "그림에 무엇이 보이는지. 나가는 언어마다 필요합니다.",
        "What it shows; needed in each language that goes out.",
        "Что изображено; нужно на каждом языке публикации.",
    ),
    "captions": (
        "영상의 자막 파일(VTT, SRT).",
        "A clip's file of captions (VTT, SRT).",
        "Файл субтитров видео (VTT, SRT).",
    ),
    "place": ("어디에 관한 것인지.", "Where it is about.", "О каком месте речь."),
}
TEXTS = {
    "ko": ("여정을 시작합니다.", "오늘의 풍경입니다.", "함께해 주셔서 고맙습니다."),
    "ru": ("Мы отправляемся в путь.", "Виды сегодняшнего дня.", "Спасибо, что вы с нами."),
    "en": ("We set out.", "What we saw today.", "Thank you for coming along."),
}
_ANY = ("First example.", "Second example.", "Third example.")


def columns_of(langs: Sequence[str]) -> list[Column]:
    """Return the columns of a sample."""
    return [
        *(Column(kind) for kind in ("id", "at", "tz", "leg", "to", "strategy", "overflow")),
        *(Column(kind, lang) for lang in langs for kind in ("title", "text", "tags", "link")),
        Column("media", None, 1),
        *(Column("alt", lang, 1) for lang in langs),
        *(Column("place", lang) for lang in langs),
        Column("remarks"),
    ]


def examples(offer: Offer) -> list[Row]:
    """Return three posts that may be imported as they are, if they are still to come."""
    rows = []
    for number in range(3):
        at = offer.starts + timedelta(days=number)
        words = {lang: Words(TEXTS.get(lang, _ANY)[number], "", (), "") for lang in offer.langs}
        rows.append(
            Row(
                where="",
                id=f"EXAMPLE{number + 1}",
                at=at.strftime(FORMAT),
                tz=offer.zone,
                to=tuple(offer.accounts[:2]),
                words=words,
                leg=offer.legs[0] if offer.legs else "",
                strategy="split",
                overflow="refuse",
                media=tuple[Shown, ...](),
            )
        )
    return rows


def write_sample(file: Path, offer: Offer) -> None:
    """Write a sample as XLSX: posts with date cells and lists to choose from, and a sheet that explains the columns.

    Raises:
        Invalid: XlsxWriter is not installed.
    """
    made = workbook(file)
    try:
        posts, told = made.add_worksheet("Posts"), made.add_worksheet("Columns")
        bold = made.add_format({"bold": True})
        dated = made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        plain = made.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        columns = columns_of(offer.langs)
        lists = {
            "leg": list(offer.legs),
            "to": list(offer.accounts),
            "strategy": list(STRATEGIES),
            "overflow": list(OVERFLOWS),
        }
        posts.freeze_panes(1, 1)
        for number, one in enumerate(columns):
            width = {"text": 50, "alt": 30, "at": 17, "tz": 16}.get(one.kind, 14)
            posts.set_column(number, number, width, dated if one.kind == "at" else plain)
            posts.write_string(0, number, one.name, bold)
            choice = lists.get(one.kind)
            if choice and len(",".join(choice)) <= 255:  # Excel takes no longer list
                # Several accounts, with commas between, are no item of the list: told, and not refused.
                rule = {"validate": "list", "source": choice, "ignore_blank": True, "error_type": "information"}
                posts.data_validation(1, number, READY, number, rule)
        for line, row in enumerate(examples(offer), 1):
            for number, one in enumerate(columns):
                if one.kind == "at":
                    posts.write_datetime(line, number, datetime.strptime(row.at or "", FORMAT), dated)  # noqa: DTZ007
                elif value := cell(row, one):
                    posts.write_string(line, number, value, plain)
        heads = ("column", "한국어", "English", "Русский", "한국어 이름", "Русские названия")
        for number, head in enumerate(heads):
            told.set_column(number, number, 16 if number in (0, 4, 5) else 60)
            told.write_string(0, number, head, bold)
        for line, (kind, said) in enumerate(MEANS.items(), 1):
            names = SYNONYMS.get(kind, ())
            korean = ", ".join(name for name in names if any("가" <= letter <= "힣" for letter in name))
            russian = ", ".join(name for name in names if any("а" <= letter <= "я" for letter in name))
            for number, text in enumerate((_named(kind, offer.langs[0]), *said, korean, russian)):
                told.write_string(line, number, text, plain)
        told.freeze_panes(1, 1)
    finally:
        made.close()


def _named(kind: str, lang: str) -> str:
    spoken = lang if kind in SPOKEN or kind in ("alt", "captions") else None
    return Column(kind, spoken, 1 if kind in OF_MEDIA else None).name
