"""The sentences of a hand-off in Korean, English and Russian: its package and its page say the same."""

from collections.abc import Mapping
from typing import Final

LANGS: Final = ("ko", "en", "ru")

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "handoff": ("사람이 직접 올리는 게시물", "To be put up by a person", "Публикует человек"),
    "handoff.go": ("올릴 내용 보기", "See what to put up", "Что опубликовать"),
    "handoff.waits": (
        "아래 발송은 담당자가 직접 올려야 합니다. 올린 뒤 주소나 화면 사진으로 알려 주세요.",
        "These are put up by a person, who then gives the address or a screenshot.",
        "Это публикует человек и затем сообщает адрес или присылает снимок экрана.",
    ),
    "handoff.person": ("담당자", "Who", "Кто"),
    "handoff.nobody": ("정해지지 않음", "nobody is named", "не назначен"),
    "handoff.place": ("올릴 곳", "Where", "Где"),
    "handoff.account": ("계정", "Account", "Аккаунт"),
    "handoff.due": ("올릴 시각", "When", "Когда"),
    "handoff.langs": ("언어", "Language", "Язык"),
    "handoff.open": ("올릴 곳 열기(새 창)", "Open the place (new window)", "Открыть площадку (новое окно)"),
    "handoff.title": ("제목", "Title", "Заголовок"),
    "handoff.text": ("본문", "Text", "Текст"),
    "handoff.alt": ("대체 텍스트", "Alt text", "Описание изображения"),
    "handoff.copy": ("복사", "Copy", "Копировать"),
    "handoff.copy.what": ("복사: {what}", "Copy: {what}", "Копировать: {what}"),
    "handoff.copied": ("복사했습니다: {what}", "Copied: {what}", "Скопировано: {what}"),
    "handoff.media": ("그림과 영상", "Pictures and clips", "Изображения и видео"),
    "handoff.media.none": ("그림이나 영상이 없습니다.", "There are none.", "Их нет."),
    "handoff.download": ("내려받기: {name}", "Download: {name}", "Скачать: {name}"),
    "handoff.captions": ("자막({language})", "Captions ({language})", "Субтитры ({language})"),
    "handoff.zip": ("모두 내려받기(ZIP)", "Download everything (ZIP)", "Скачать всё (ZIP)"),
    "handoff.zip.note": (
        "압축을 풀어 index.html을 열면 인터넷 없이도 볼 수 있습니다.",
        "Unpack it and open index.html: it works without the internet.",
        "Распакуйте и откройте index.html: работает и без интернета.",
    ),
    "handoff.checklist": ("할 일", "Checklist", "Что сделать"),
    "check.there": (
        "이미 올라가 있지 않은지 먼저 확인합니다.",
        "Look first whether it is up already.",
        "Сначала проверьте, не опубликовано ли это уже.",
    ),
    "check.account": (
        "{handle} 계정으로 로그인했는지 확인합니다: {place}",
        "Log in as {handle}: {place}",
        "Войдите как {handle}: {place}",
    ),
    "check.time": (
        "올릴 시각: {due}. 그 전에는 올리지 않습니다.",
        "Put it up at {due}, not before.",
        "Публикуйте в {due}, не раньше.",
    ),
    "check.text": (
        "승인된 글을 그대로 붙여 넣습니다. 고칠 것이 있으면 올리지 말고 데스크에 알립니다.",
        "Paste the text as it was approved. If something is wrong with it, do not put it up; tell the desk.",
        "Вставьте текст так, как он одобрен. Если в нём ошибка, не публикуйте, а сообщите на пульт.",
    ),
    "check.media": (
        "그림과 영상 {n}개를 번호 순서대로 넣고, 대체 텍스트 칸이 있으면 채웁니다.",
        "Put in the {n} pictures and clips by their numbers, with their alt texts where there is a field for it.",
        "Добавьте изображения и видео ({n}) по порядку номеров; где есть поле для описания, заполните его.",
    ),
    "check.public": (
        "올린 뒤 모두에게 보이는지, 줄바꿈과 링크와 해시태그가 맞는지 확인합니다.",
        "Afterwards see that everybody can read it, and that line breaks, links and hashtags are right.",
        "После публикации проверьте, что пост видят все и что переносы строк, ссылки и хештеги верны.",
    ),
    "check.answer": (
        "게시물의 주소를 데스크에 적습니다. 주소가 없으면 화면 사진을 올립니다.",
        "Give its address at the desk; where it has none, a screenshot.",
        "Укажите адрес поста на пульте; если адреса нет, приложите снимок экрана.",
    ),
    "check.answer.desk": ("답하는 곳: {url}", "Answer here: {url}", "Ответить здесь: {url}"),
    "check.answer.line": (
        "명령줄에서는: {command}",
        "Or at the command line: {command}",
        "Или в командной строке: {command}",
    ),
    "handoff.answer": ("올렸습니다", "It is up", "Опубликовано"),
    "handoff.url": ("게시물의 주소", "Address of the post", "Адрес поста"),
    "handoff.shot": ("화면 사진(JPEG, PNG, WebP)", "Screenshot (JPEG, PNG, WebP)", "Снимок экрана (JPEG, PNG, WebP)"),
    "handoff.either": (
        "주소와 화면 사진 가운데 하나는 있어야 합니다. 둘 다 주면 더 좋습니다. 기록에 함께 남습니다.",
        "Give one of the two; both are better. They stay on record with the post.",
        "Нужно хотя бы одно из двух, лучше оба. Они останутся в архиве вместе с постом.",
    ),
    "handoff.again": (
        "화면 사진은 다시 골라 주세요.",
        "Choose the screenshot again.",
        "Выберите снимок экрана ещё раз.",
    ),
    "handoff.send": ("올렸다고 알리기", "Say that it is up", "Сообщить о публикации"),
    "handoff.give_up": ("올리지 않습니다", "It will not be put up", "Публиковаться не будет"),
    "handoff.give_up.text": (
        "‘실패’로 남습니다. 나중에 다시 예약하거나 취소할 수 있습니다.",
        "It then counts as failed, and can be scheduled again or cancelled.",
        "Это будет отмечено как ошибка; позже можно запланировать снова или отменить.",
    ),
    "handoff.give_up.go": ("올리지 않기로 함", "Give it up", "Отказаться"),
    "handoff.done": (
        "게시된 것으로 기록되었습니다.",
        "It is up, and on record.",
        "Опубликовано и записано.",
    ),
    "handoff.not_now": (
        "지금은 답할 것이 없습니다.",
        "There is nothing to answer now.",
        "Сейчас отвечать не на что.",
    ),
    "handoff.seen": ("받은 화면 사진", "The screenshot that was given", "Присланный снимок экрана"),
    "state.with_person": ("담당자에게 넘김", "with a person", "у исполнителя"),
    "notice.delivery.processing": (
        "담당자가 직접 올려야 하는 발송 {subject}건: 올린 뒤 주소나 화면 사진을 주세요.",
        "Deliveries that a person puts up: {subject}. Put them up, then give the address or a screenshot.",
        "Отправки, которые публикует человек: {subject}. Опубликуйте и укажите адрес или приложите снимок экрана.",
    ),
}


def sentence(key: str, lang: str, **values: object) -> str:
    """Return a sentence, filled in; in English for a language that has none. Raises KeyError for an unknown key."""
    return CATALOGUE[key][LANGS.index(lang if lang in LANGS else "en")].format(**values)
