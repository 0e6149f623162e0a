"""Why something waits or does not go out, in Korean, English and Russian; holds.py finds which sentence it is."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "hold.whole": (
        "이 캠페인은 모든 언어가 준비되어야 게시물을 내보냅니다.",
        "This campaign sends a post only once all of it is ready.",
        "В этой кампании пост выходит только целиком, когда готовы все языки.",
    ),
    "hold.taken_back": (
        "나갈 시각 30분 전에도 준비되지 않아 취소했습니다.",
        "It was cancelled: half an hour before its time it was not ready.",
        "Отменено: за полчаса до выхода ещё не было готово.",
    ),
    "hold.ready_only": (
        "이 캠페인은 준비된 언어만 내보냅니다.",
        "This campaign sends the languages that are ready.",
        "В этой кампании выходят только готовые языки.",
    ),
    "hold.unapproved": (
        "{language}: 아직 승인되지 않았습니다.",
        "{language}: not approved yet.",
        "{language}: ещё не одобрено.",
    ),
    "hold.unapproved.more": (
        "{language}: 아직 승인되지 않았습니다({more}).",
        "{language}: not approved yet ({more}).",
        "{language}: ещё не одобрено ({more}).",
    ),
    "hold.approve": (
        "승인을 받으면 나갑니다.",
        "It goes out once it is approved.",
        "Выйдет, когда будет одобрено.",
    ),
    "hold.step": ("{of}단계 중 {n}단계", "step {n} of {of}", "шаг {n} из {of}"),
    "hold.another_time": (
        "나갈 시각이 바뀜",
        "the approval was for another time",
        "время выхода изменилось",
    ),
    "hold.expired": ("승인 기한이 지남", "the approval has expired", "срок одобрения истёк"),
    "hold.void": ("승인이 취소됨", "the approval was taken back", "одобрение снято"),
    "hold.sent_back": ("{person} 님이 돌려보냄", "{person} returned it", "возвращено на доработку: {person}"),
    "hold.source": (
        "{which} 원문의 뜻이 바뀜",
        "the {which} text says something else now",
        "изменился смысл исходного текста ({which})",
    ),
    "hold.outdated": (
        "{language}: {which} 원문이 바뀌어(판 {n}) 오래된 번역입니다. 고치거나 그대로 맞다고 표시하세요.",
        "{language}: outdated since revision {n} of the {which} text. Revise it, or say that it still holds.",
        "{language}: перевод устарел, исходный текст ({which}) изменён (редакция {n}). "
        "Исправьте его или отметьте, что он по-прежнему верен.",
    ),
    "hold.copied": (
        "{language}: 다른 게시물에서 가져온 글입니다. 맞는지 보고 저장하세요.",
        "{language}: copied from another post. Look whether it holds, and save it.",
        "{language}: текст взят из другого поста. Проверьте, верен ли он, и сохраните.",
    ),
    "hold.machine": (
        "{language}: 기계({tool})가 옮긴 글입니다. 사람이 읽고 저장해야 합니다.",
        "{language}: translated by a machine ({tool}). A person must read it and save it.",
        "{language}: машинный перевод ({tool}). Человек должен прочитать его и сохранить.",
    ),
    "hold.returned": (
        "{language}: {person} 님이 돌려보냈습니다(“{text}”). 글을 고쳐 주세요.",
        "{language}: returned by {person} (“{text}”). Revise the text.",
        "{language}: возвращено на доработку, {person}: «{text}». Исправьте текст.",
    ),
    "hold.missing": (
        "{language}: 아직 쓰지 않았습니다. 글을 쓰세요.",
        "{language}: not written yet. Write it.",
        "{language}: ещё не написано. Напишите текст.",
    ),
    "hold.expires": (
        "{language}: 나가기 전에 승인 기한이 끝납니다. 다시 승인받으세요.",
        "{language}: the approval expires before its time. Have it approved again.",
        "{language}: срок одобрения истечёт до выхода. Попросите одобрить ещё раз.",
    ),
    "hold.blackout": (
        "{language} 독자에게 아무것도 내보내지 않는 날입니다({name}, {days}). 다른 날로 옮기세요.",
        "Nothing goes out to this audience on that day ({language}; {name}, {days}). Move it to another day.",
        "В этот день для этой аудитории ничего не выходит ({language}; {name}, {days}). Перенесите на другой день.",
    ),
    "hold.fault": (
        "점검을 통과하지 못했습니다. 게시물 페이지의 ‘점검’을 보고 고치세요.",
        "It does not pass the check. See “Checked” on the page of the post, and mend it.",
        "Проверка не пройдена. Посмотрите раздел «Проверка» на странице поста и исправьте.",
    ),
    "hold.word": (
        "{language}: 점검에서 걸린 것이 있습니다({code}). 게시물 페이지의 ‘점검’을 보고 고치세요.",
        "{language}: the check stops it ({code}). See “Checked” on the page of the post, and mend it.",
        "{language}: не пройдена проверка ({code}). Посмотрите раздел «Проверка» на странице поста и исправьте.",
    ),
    "hold.word.told": (
        "{language}: {what} ({code})",
        "{language}: {what} ({code})",
        "{language}: {what} ({code})",
    ),
    "hold.quiet": (
        "{language} 독자를 방해하지 않는 시간({hours}) 뒤로",
        "after the quiet hours of the {language} audience ({hours})",
        "чтобы не беспокоить аудиторию ({language}, {hours})",
    ),
    "hold.quiet.hard": (
        "{language} 독자에게 내보내면 안 되는 시간({hours}) 뒤로",
        "after the hours in which nothing goes out to the {language} audience ({hours})",
        "в эти часы для аудитории ничего не выходит ({language}, {hours})",
    ),
    "hold.leg": ("그 구간의 시각", "local time of the leg", "местное время этапа"),
    "hold.rescheduled": (
        "{person} 님이 시각을 새로 정함",
        "{person} gave it a new time",
        "новое время от {person}",
    ),
    "hold.too_late": (
        "준비하는 동안 시각이 지났습니다. 시각을 새로 정하거나 취소하세요.",
        "Its time passed while it was prepared. Give it another time, or cancel it.",
        "Время прошло, пока пост готовился. Назначьте новое время или отмените.",
    ),
    "hold.late": (
        "제때 내보내지 못해 취소했습니다. 이 캠페인은 늦은 것을 취소합니다.",
        "Its time passed before it could be sent, and this campaign cancels what is late.",
        "Отправить вовремя не удалось; в этой кампании опоздавшее отменяется.",
    ),
    # What the desk could not tell before: each kind of news needs its sentence.
    "notice.tzdata": (
        "시간대 데이터베이스가 바뀌었습니다({subject}). 적은 현지 시각과 다르게 나갈 게시물이 있습니다. "
        "관리자에게 campaign time check 명령을 부탁하세요.",
        "The time zone database has changed ({subject}): some posts would go out at another local time than was "
        "written. Ask an admin to run: campaign time check",
        "База часовых поясов обновилась ({subject}): некоторые посты выйдут не в то местное время, что указано. "
        "Попросите администратора выполнить campaign time check.",
    ),
}
