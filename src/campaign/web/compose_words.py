"""The sentences of the compose page in Korean, English and Russian."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "compose.errors": (
        "고칠 것이 {n}개 있습니다. 아무것도 저장하지 않았습니다.",
        "There are {n} things to correct; nothing was kept yet.",
        "Нужно исправить: {n}. Пока ничего не сохранено.",
    ),
    "compose.good": (
        "이대로 저장할 수 있습니다.",
        "It can be kept as it is.",
        "Можно сохранять как есть.",
    ),
    "compose.id": ("게시물 번호", "Id of the post", "Номер поста"),
    "compose.source": ("원문", "source", "исходный текст"),
    "compose.place": ("장소", "Place", "Место"),
    "compose.link": (
        "링크 ({{lang}} 자리에 언어가 들어갑니다)",
        "Link ({{lang}} becomes the language)",
        "Ссылка ({{lang}} заменяется языком)",
    ),
    "compose.add_media": ("그림이나 영상 더하기", "Add pictures or a clip", "Добавить изображения или видео"),
    "compose.upload": ("올리기", "Upload", "Загрузить"),
    "compose.media_note": (
        "올린 뒤에 언어별 대체 텍스트(영상은 자막 파일도)를 적습니다. 위치 정보는 지우고 내보냅니다.",
        "After the upload each file asks for an alt text per language (a clip for captions, too). Where it was taken "
        "is removed before it leaves.",
        "После загрузки для каждого файла нужно описание на каждом языке (для видео ещё и субтитры). Сведения о месте "
        "съёмки удаляются.",
    ),
    "compose.remove": ("이 파일 빼기", "Take this file off", "Убрать этот файл"),
    "compose.captions": ("자막(VTT, SRT)", "Captions (VTT, SRT)", "Субтитры (VTT, SRT)"),
    "compose.there": ("있음", "there", "есть"),
    "compose.when": ("언제", "When", "Когда"),
    "compose.zone": ("다른 시간대", "Another zone", "Другой пояс"),
    "compose.where": ("어디로", "Where to", "Куда"),
    "compose.strategy": (
        "여러 언어 계정에는",
        "An account of several languages gets",
        "Аккаунту с несколькими языками",
    ),
    "compose.strategy.split": ("언어마다 하나씩", "a post each", "по посту на язык"),
    "compose.strategy.combined": ("한 게시물에 모아서", "one post with all", "один пост со всеми"),
    "compose.title": ("제목", "Title", "Заголовок"),
    "compose.strategy.native": (
        "한 게시물에 언어별로 (유튜브)",
        "one post, in each language (YouTube)",
        "один пост на всех языках (YouTube)",
    ),
    "compose.strategy.thread": ("이어지는 글로", "a thread", "ветку"),
    "compose.overflow": ("글이 너무 길면", "A text that is too long", "Слишком длинный текст"),
    "compose.overflow.refuse": ("알려 주기", "is refused", "не принимать"),
    "compose.overflow.thread": ("이어지는 글로 나누기", "becomes a thread", "разбить на ветку"),
    "compose.overflow.numbered": (
        "번호를 붙여 나누기 (1/3)",
        "becomes a thread, numbered 1/3",
        "разбить на ветку с номерами 1/3",
    ),
    "compose.check": ("확인", "Check", "Проверить"),
    "compose.approve": ("저장하고 바로 예약", "Save and schedule", "Сохранить и запланировать"),
    "compose.preview": ("실제로 나갈 모습", "What would leave", "Что выйдет"),
    "compose.nothing": (
        "아직 나갈 것이 없습니다. 글을 쓰고 계정을 고르세요.",
        "Nothing would leave yet: write a text and choose an account.",
        "Пока выходить нечему: напишите текст и выберите аккаунт.",
    ),
    "compose.warning": ("참고:", "Note:", "Обратите внимание:"),
    "compose.over": ("{n} 초과", "{n} too many", "лишних: {n}"),
    "compose.forecast": (
        "아직 쓰지 않은 언어의 예상 길이",
        "What is not written yet, by forecast",
        "Ещё не написано: прогноз длины",
    ),
    "compose.forecast.fits": ("들어갈 길이", "will fit", "поместится"),
    "compose.forecast.may not fit": ("넘칠 수 있음", "may not fit", "может не поместиться"),
    "compose.forecast.does not fit": ("들어가지 않을 길이", "will not fit", "не поместится"),
    "compose.unit.graphemes": ("자", "characters", "знаков"),
    "compose.unit.characters": ("자", "characters", "знаков"),
    "compose.unit.bytes": ("바이트", "bytes", "байт"),
    "compose.unit.x": ("자 (한글은 2)", "characters (Hangul counts 2)", "знаков (хангыль — за 2)"),
    "compose.unit.threads": (
        "자 (이모지는 바이트 수)",
        "characters (an emoji: its bytes)",
        "знаков (эмодзи — по байтам)",
    ),
    "compose.unit.linkedin": ("자", "characters", "знаков"),
    "compose.unit.utf16": ("단위(UTF-16)", "UTF-16 units", "единиц UTF-16"),
}
