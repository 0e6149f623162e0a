"""The sentences of the page that a guest reads one post on, in Korean, English and Russian."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "review": ("게시물 검토", "Review of a post", "Проверка поста"),
    "review.for": (
        "{guest} 님, {person} 님이 이 게시물을 읽어 달라고 부탁했습니다.",
        "{guest}, {person} asks you to read this post before it goes out.",
        "{guest}, {person} просит вас прочитать этот пост до публикации.",
    ),
    "review.secret": (
        "이 주소는 비밀입니다. 이 게시물 하나만 보여 주며 {until}까지 열립니다. 남긴 말은 이름과 함께 기록됩니다.",
        "This address is secret. It shows this one post, until {until}. What you say is kept with your name.",
        "Этот адрес секретный. Он показывает только этот пост и открыт до {until}. Ваши слова сохраняются с именем.",
    ),
    "review.due": ("나갈 시간", "Goes out", "Выйдет"),
    "review.place": ("보낼 곳", "Where it goes", "Куда пойдёт"),
    "review.as_sent": ("실제로 나갈 모습", "As it will go out", "Как это выйдет"),
    "review.answer": ("{which} 글에 대한 의견", "Your word on the {which} text", "Ваше мнение: {which}"),
    "review.pass": ("이대로 좋습니다", "It is good as it is", "Так хорошо"),
    "review.return": ("고쳐야 합니다", "It must be changed", "Нужно исправить"),
    "review.comment": ("의견만 남깁니다", "Just a remark", "Только замечание"),
    "review.about": ("무엇에 대해", "What about", "О чём"),
    "review.about.all": ("전체", "all of it", "обо всём"),
    "review.field.text": ("글", "the text", "о тексте"),
    "review.field.title": ("제목", "the title", "о заголовке"),
    "review.field.tags": ("해시태그", "the hashtags", "о хештегах"),
    "review.field.link": ("링크", "the link", "о ссылке"),
    "review.field.alt": ("그림 설명", "the picture description", "об описании картинки"),
    "review.field.captions": ("자막", "the captions", "о субтитрах"),
    "review.why": (
        "설명 (고쳐야 한다면 꼭 적어 주세요)",
        "In words (needed where it must be changed)",
        "Пояснение (обязательно, если нужно исправить)",
    ),
    "review.send": ("보내기", "Send", "Отправить"),
    "review.said": ("지금까지 남긴 의견", "What you have said so far", "Что вы уже сказали"),
    "review.kept": (
        "{which}: 의견을 받았습니다. 고맙습니다.",
        "{which}: your word is kept. Thank you.",
        "{which}: ваш ответ сохранён. Спасибо.",
    ),
    "review.over": (
        "이 글은 이미 나갔거나 취소되었습니다.",
        "It is out already, or was taken back.",
        "Это уже опубликовано или отменено.",
    ),
    "review.changed": (
        "읽는 사이에 글이 바뀌었습니다. 새 글을 읽고 다시 보내 주세요.",
        "The text has changed since you opened this page: read it again, then send your word.",
        "Пока вы читали, текст изменился: прочитайте его ещё раз и отправьте ответ.",
    ),
    "review.reason_needed": (
        "무엇을 어떻게 고쳐야 하는지 적어 주세요.",
        "Say in words what is to be changed.",
        "Напишите, что нужно исправить.",
    ),
    "review.decision.passed": ("이대로 좋다고 함", "good as it is", "так хорошо"),
    "review.decision.returned": ("고쳐 달라고 함", "to be changed", "исправить"),
    "review.decision.comment": ("의견", "a remark", "замечание"),
    "review.decision.ready": ("검토를 부탁함", "review asked for", "просит проверить"),
    "review.guest": ("손님", "a guest", "гость"),
    "approval.step": ("{of}단계 중 {n}단계", "step {n} of {of}", "шаг {n} из {of}"),
    "approval.void": ("무효", "void", "недействительно"),
    "review.stage.missing": ("아직 없음", "not written yet", "ещё не написано"),
    "notice.post.held": (
        "{subject}: 이대로는 나가지 않습니다",
        "{subject} does not go out as it is",
        "{subject}: в таком виде не выйдет",
    ),
    "notice.post.unready": (
        "{subject}: 30분 뒤에 나가야 하는데 준비되지 않았습니다",
        "{subject} is not ready half an hour before its time",
        "{subject}: за полчаса до выхода ещё не готово",
    ),
    "notice.post.unapproved": (
        "{subject}: 하루 안에 나가야 하는데 준비되지 않았습니다",
        "{subject} is due within a day and not ready",
        "{subject}: выходит в ближайшие сутки и ещё не готово",
    ),
    "notice.review.wanted": (
        "{subject}: 검토를 기다립니다",
        "{subject} waits for its review",
        "{subject}: ждёт проверки",
    ),
    "notice.review.returned": (
        "{subject}: 돌려보냈습니다",
        "{subject} was returned",
        "{subject}: возвращено",
    ),
}
