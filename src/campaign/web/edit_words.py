"""The sentences of the editor in Korean, English and Russian."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "edit.write": ("글 쓰기", "Write the text", "Написать текст"),
    "edit.write_in": ("{which}로 쓰기", "Write in {which}", "Написать: {which}"),
    "edit.only": ("{account} 계정만", "{account} alone", "только {account}"),
    "edit.languages": ("게시물의 언어", "Languages of the post", "Языки поста"),
    "edit.missing": ("아직 없음", "not written yet", "ещё нет"),
    "edit.removed": ("삭제:", "removed:", "удалено:"),
    "edit.added": ("추가:", "added:", "добавлено:"),
    "edit.error": ("고칠 것:", "To correct:", "Исправьте:"),
    "edit.note_of": ("참고:", "Note:", "Обратите внимание:"),
    "edit.fix": ("고치기", "Fix", "Исправить"),
    "edit.nothing": ("(지움)", "(removed)", "(удалить)"),
    "edit.fix_all": ("모두 고치기({n})", "Fix all ({n})", "Исправить всё ({n})"),
    "edit.forecast": ("예상:", "Forecast:", "Прогноз:"),
    "edit.machine": ("기계 번역({tool})", "Translated by {tool}", "Машинный перевод ({tool})"),
    "edit.machine.text": (
        "기계가 만든 초안입니다. 사람이 저장하기 전에는 나가지 않습니다. 저장하면 글을 모두 읽고 확인했다는 뜻입니다.",
        "A machine's draft: nothing of it goes out before a person has saved it. Saving says that you read all of it.",
        "Машинный черновик: он не выйдет, пока его не сохранит человек. Сохраняя, вы подтверждаете, что прочли всё.",
    ),
    "edit.source_moved": (
        "그사이 원문({which})이 판 {n}에서 바뀌었습니다. 아직 저장하지 않았습니다. 바뀐 곳을 보고 다시 저장하세요.",
        "The source ({which}) has changed meanwhile, in revision {n}. Nothing was kept yet: look at it, then save.",
        "Исходный текст ({which}) тем временем изменён (редакция {n}). Пока ничего не сохранено: посмотрите, что "
        "изменилось, и сохраните снова.",
    ),
    "edit.faster": ("그사이 다른 사람이 고쳤습니다", "Somebody was faster", "Кто-то успел раньше"),
    "edit.faster.text": (
        "적은 글은 아래 칸에 그대로 있습니다. 손대지 않은 칸에는 저장된 새 글이 있습니다. 아직 저장하지 않았습니다.",
        "What you typed stands below as it was; fields that you left alone hold the new words. Nothing was kept yet.",
        "Набранное вами стоит ниже без изменений; в полях, которых вы не трогали, – новый текст. Пока ничего не "
        "сохранено.",
    ),
    "edit.theirs": ("저장된 글", "What is kept now", "Сохранено сейчас"),
    "edit.mine": ("내가 적은 글(저장된 글과 비교)", "Yours, compared with it", "Ваш вариант в сравнении с ним"),
    "edit.nothing_mine": (
        "적은 글이 저장된 글과 같습니다.",
        "Yours does not differ from what is kept.",
        "Ваш вариант не отличается от сохранённого.",
    ),
    "edit.keep_mine": ("그 위에 내 글로 저장", "Keep mine on top of it", "Сохранить мой вариант поверх"),
    "edit.take_theirs": ("저장된 글로 하기", "Take theirs", "Взять сохранённый"),
    "edit.whose": ("글을 쓸 계정", "Words for", "Текст для"),
    "edit.everybody": ("모든 계정", "all accounts", "всех аккаунтов"),
    "edit.has_own": ("따로 쓴 글 있음", "words of its own", "свой текст"),
    "edit.open": ("열기", "Open", "Открыть"),
    "edit.file": ("자막 파일 보기", "Look at the captions", "Посмотреть субтитры"),
    "edit.file_taken": (
        "새 자막 파일을 받았습니다. 저장하면 바뀝니다.",
        "A new file is here; saving puts it in place.",
        "Новый файл получен; он заменит прежний при сохранении.",
    ),
    "edit.since": (
        "번역한 뒤 바뀐 원문(판 {n})",
        "Changed in the source since (revision {n})",
        "С тех пор изменено в исходном тексте (редакция {n})",
    ),
    "edit.common": ("모든 계정의 글:", "All accounts:", "У всех аккаунтов:"),
    "edit.common_changed": (
        "그 뒤 바뀐 모든 계정의 글:",
        "All accounts, changed since:",
        "У всех аккаунтов с тех пор изменено:",
    ),
    "edit.copy": ("원문 그대로 넣기", "Copy the source", "Скопировать исходный текст"),
    "edit.copied": (
        "원문을 넣었습니다. 아직 저장하지 않았습니다.",
        "The source was put in; it is not kept yet.",
        "Исходный текст вставлен; пока не сохранено.",
    ),
    "edit.fixed": (
        "고쳤습니다. 아직 저장하지 않았습니다.",
        "It was put right; it is not kept yet.",
        "Исправлено; пока не сохранено.",
    ),
    "edit.holds": ("이대로도 맞습니다", "It still holds as it is", "По-прежнему верно"),
    "edit.holds.alt": ("모두 이대로도 맞습니다", "All of them still hold", "Все по-прежнему верны"),
    "edit.hold_all": ("번역 전체가 그대로 맞음", "All of it still holds", "Весь перевод по-прежнему верен"),
    "edit.loose": ("그 밖에 알아 둘 것", "Also to be known", "Что ещё нужно знать"),
    "edit.owners": (
        "따로 쓴 글이 있는 계정",
        "Accounts with words of their own",
        "Аккаунты со своим текстом",
    ),
    "edit.keep_own": (
        "따로 쓴 글은 바꾸지 않아도 맞습니다",
        "Their own words still hold",
        "Их собственный текст по-прежнему верен",
    ),
    "edit.take_common": ("모든 계정의 글로 되돌리기", "Back to the common words", "Вернуть общий текст"),
    "edit.affirmed": (
        "글은 그대로이고, 맞다고 확인했습니다.",
        "The words stayed: they were said to hold.",
        "Слова те же: подтверждено, что они верны.",
    ),
    "edit.was_typo": ("오탈자만 고침", "typo only", "только опечатка"),
    "edit.fits": ("이제 모두 들어갑니다.", "All of it fits now.", "Теперь всё помещается."),
    "edit.change": ("무엇이 바뀌었나요?", "What has changed?", "Что изменилось?"),
    "edit.meaning": (
        "뜻이 바뀌었습니다 – 다시 번역할 때까지 보류하고, 승인도 다시 받습니다: {list}",
        "The meaning – held back until translated again, and approved again: {list}",
        "Смысл – будет задержано до нового перевода и нового одобрения: {list}",
    ),
    "edit.typo": (
        "오탈자만 고쳤습니다 – 번역과 그 승인은 그대로 둡니다",
        "Only a typo – the translations and their approvals stay as they are",
        "Только опечатка – переводы и их одобрения остаются",
    ),
    "edit.note": (
        "바뀐 글은 다시 승인되어야 나갑니다.",
        "What has changed goes out once it was approved again.",
        "Изменённый текст выйдет после нового одобрения.",
    ),
}
