"""The usual errors in Korean, English and Russian; reasons.py finds the one that fits."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "reason.gap": (
        "시계를 앞당기는 때라 없는 시각입니다. {back} 또는 {forward} 가운데 고르세요.",
        "The clocks skip this time: choose {back} or {forward}.",
        "Часы перескакивают это время: выберите {back} или {forward}.",
    ),
    "reason.fold": (
        "시계를 늦추는 때라 두 번 오는 시각입니다. {first} 또는 {second} 가운데 고르세요.",
        "This time comes twice: choose {first} or {second}.",
        "Это время бывает дважды: выберите {first} или {second}.",
    ),
    "reason.due_past": (
        "예정 시각이 지났습니다. 먼저 시각을 옮기세요.",
        "Its time has passed; move it first.",
        "Назначенное время прошло; сначала перенесите пост.",
    ),
    "reason.past": (
        "지난 시각입니다(지금 {now}). 더 늦은 시각을 적어 주세요.",
        "This time has passed (it is {now} now); give a later one.",
        "Это время прошло (сейчас {now}); укажите более позднее.",
    ),
    "reason.blackout_free": (
        "아무것도 내보내지 않는 날입니다({name}, {days}). 다음으로 비는 날: {free}.",
        "Nothing goes out that day ({name}, {days}); the next free day is {free}.",
        "В этот день ничего не выходит ({name}, {days}). Ближайший свободный день: {free}.",
    ),
    "reason.blackout": (
        "아무것도 내보내지 않는 날입니다({name}, {days}). 다른 날을 고르세요.",
        "Nothing goes out that day ({name}, {days}); choose another.",
        "В этот день ничего не выходит ({name}, {days}); выберите другой.",
    ),
    "reason.quiet": (
        "독자를 방해하지 않기로 한 시간입니다. 다음으로 비는 시각: {free}.",
        "These are hours in which the audience is not disturbed; the next free time is {free}.",
        "В эти часы аудиторию не беспокоят. Ближайшее свободное время: {free}.",
    ),
    "reason.time": (
        "날짜와 시각을 모두 적어 주세요.",
        "Give a date and a time.",
        "Укажите дату и время.",
    ),
    "reason.zone": (
        "모르는 시간대입니다. Asia/Seoul처럼 적어 주세요.",
        "There is no such time zone; write it as Asia/Seoul.",
        "Такого часового пояса нет; пишите, например, Asia/Seoul.",
    ),
    "reason.no_lang": (
        "계정 {account}의 언어({langs})로 쓴 글이 없습니다. 글을 쓰거나 계정을 빼세요.",
        "Account {account} speaks {langs}, and there is no such text: write one, or leave the account out.",
        "Аккаунт {account} пишет на {langs}, такого текста нет: напишите его или снимите аккаунт.",
    ),
    "reason.no_account": (
        "계정을 하나 이상 고르세요.",
        "Choose at least one account.",
        "Выберите хотя бы один аккаунт.",
    ),
    "reason.no_text": (
        "한 언어 이상으로 글을 쓰세요.",
        "Write a text in at least one language.",
        "Напишите текст хотя бы на одном языке.",
    ),
    "reason.alt": (
        "대체 텍스트가 없습니다: {language}.",
        "An alt text is missing: {language}.",
        "Нет описания: {language}.",
    ),
    "reason.captions": (
        "자막이 없습니다: {language}.",
        "Captions are missing: {language}.",
        "Нет субтитров: {language}.",
    ),
    "reason.too_long": (
        "{where}에는 너무 깁니다(한도 {limit}). {n}만큼 줄이거나 이어지는 글로 나누세요.",
        "Too long for {where} (limit {limit}): shorten it by {n}, or let it become a thread.",
        "Слишком длинно для {where} (предел {limit}): сократите на {n} или разбейте на ветку.",
    ),
    "reason.too_long_bytes": (
        "{where}에는 너무 큽니다(한도 {limit}바이트). 줄이세요.",
        "Too long for {where} (limit {limit} bytes): shorten it.",
        "Слишком длинно для {where} (предел {limit} байт): сократите.",
    ),
    "reason.too_long_alt": (
        "{where}에는 대체 텍스트가 너무 깁니다(한도 {limit}).",
        "The alt text is too long for {where} (limit {limit}).",
        "Описание слишком длинное для {where} (предел {limit}).",
    ),
    "reason.too_many": (
        "{where}에는 게시물마다 {n}개까지 올릴 수 있습니다.",
        "{where} takes at most {n} in a post.",
        "{where} принимает не больше {n} в одном посте.",
    ),
    "reason.kind": (
        "{where}에 올릴 수 없는 파일입니다. 가능한 종류: {list}.",
        "{where} does not take this file; it takes: {list}.",
        "{where} не принимает такой файл; можно: {list}.",
    ),
    "reason.title": (
        "{where}에는 제목이 필요합니다. 제목을 적어 주세요.",
        "{where} needs a title: give one.",
        "{where} требует заголовок: укажите его.",
    ),
    "reason.media_needed": (
        "{where}에는 그림이나 영상이 적어도 {n}개 필요합니다. 더하거나 계정을 빼세요.",
        "{where} needs at least {n} picture or clip: add one, or leave the account out.",
        "{where} требует изображение или видео (не меньше {n}): добавьте или снимите аккаунт.",
    ),
    "reason.hashtags": (
        "해시태그가 {n}개입니다. {platform}에는 {most}개까지 쓸 수 있으니 줄이세요.",
        "There are {n} hashtags; {platform} takes at most {most}: leave some out.",
        "Хештегов {n}; {platform} принимает не больше {most}: уберите лишние.",
    ),
    "reason.forbidden": (
        "{platform}에는 {signs} 문자를 쓸 수 없습니다. 다르게 적어 주세요.",
        "{platform} does not take {signs}: write it another way.",
        "{platform} не принимает {signs}: напишите иначе.",
    ),
    "reason.price": (
        "{platform}이(가) 게시물 하나에 받는 요금: {usd} USD.",
        "{platform} asks {usd} USD for this post.",
        "{platform} берёт за этот пост {usd} USD.",
    ),
    "reason.price_link": (
        "{platform}이(가) 링크가 있는 게시물 하나에 받는 요금: {usd} USD.",
        "{platform} asks {usd} USD for this post, which has a link.",
        "{platform} берёт за этот пост со ссылкой {usd} USD.",
    ),
    "reason.share": (
        "플랫폼이 파일을 스스로 가져가는데 밖에서 닿을 수 없습니다. 관리자에게 web.url 또는 버킷 설정을 부탁하세요.",
        "This platform fetches media by itself, and cannot reach ours: ask an admin to set web.url, or a bucket.",
        "Платформа сама забирает файлы, но наши ей недоступны: попросите администратора задать web.url или бакет.",
    ),
    "reason.id_used": (
        "게시물 번호 {name}은(는) 이미 쓰였습니다. 다른 번호를 적어 주세요.",
        "The id {name} is used already; choose another.",
        "Номер {name} уже занят; выберите другой.",
    ),
    "reason.id": (
        "글자, 숫자, - _ .만 쓸 수 있고 64자까지입니다.",
        "Only letters, digits, - _ and . are taken, at most 64.",
        "Только буквы, цифры, - _ и ., не больше 64.",
    ),
    "reason.empty": ("빈칸을 채우세요.", "It must be filled in.", "Заполните это поле."),
    "reason.https": (
        "링크는 https://로 시작해야 합니다.",
        "A link begins with https://",
        "Ссылка начинается с https://",
    ),
    "reason.tag": (
        "해시태그는 # 다음에 글자, 숫자, _만 씁니다.",
        "A hashtag is # and then letters, digits or _.",
        "Хештег – это # и затем буквы, цифры или _.",
    ),
    "reason.file_gone": (
        "파일이 더는 남아 있지 않습니다. 다시 고르세요.",
        "The file is not kept any more; choose it again.",
        "Файл больше не хранится; выберите его снова.",
    ),
    "reason.own_post": (
        "자기가 쓴 게시물은 승인할 수 없습니다. 다른 사람에게 승인을 부탁하세요.",
        "Nobody approves a post of their own: ask another person to.",
        "Свой пост одобрить нельзя: попросите другого человека.",
    ),
    "reason.own_wording": (
        "{language} 글을 쓴 사람({person})은 그 글을 승인할 수 없습니다. 다른 사람에게 부탁하세요.",
        "{person} wrote the {language} text and cannot pass it: ask another person to.",
        "Этот текст ({language}) написан тем же человеком ({person}): попросите другого его одобрить.",
    ),
    "reason.step_given": (
        "{person} 님은 다른 단계를 이미 승인했습니다({language}). 이 단계는 다른 사람에게 부탁하세요.",
        "{person} has given another step already ({language}): ask another person for this one.",
        "Другой шаг уже пройден тем же человеком ({person}; {language}): для этого шага нужен кто-то ещё.",
    ),
    "reason.reads": (
        "{person} 님이 맡은 언어는 {tongues}입니다({language} 아님). 그 언어를 맡은 사람에게 부탁하세요.",
        "{person} reads {tongues}, not {language}: ask somebody who does.",
        "Языки, за которые отвечает {person}: {tongues}. {language}: попросите того, кто читает на нём.",
    ),
    "reason.approves_for": (
        "{person} 님이 맡은 계정은 {list}입니다({account} 아님). 그 계정을 맡은 사람에게 부탁하세요.",
        "{person} approves for {list}, not for {account}: ask somebody who does.",
        "Аккаунты, за которые отвечает {person}: {list}. Для {account} попросите другого человека.",
    ),
    "reason.no_admin": (
        "규칙과 다르게 승인하는 일은 관리자만 할 수 있습니다. 관리자에게 부탁하세요.",
        "Only an admin approves against the rule: ask one.",
        "Одобрить в обход правил может только администратор: попросите его.",
    ),
    "reason.source_lang": (
        "{language}: 원문은 글쓴이만 고칩니다. 글쓴이에게 부탁하세요.",
        "{language} is the source, which an author writes: ask one.",
        "{language}: исходный текст правит автор, попросите его.",
    ),
    "reason.translates": (
        "{person} 님이 옮기는 언어는 {tongues}입니다({language} 아님). 그 언어를 맡은 사람에게 부탁하세요.",
        "{person} translates into {tongues}, not into {language}: ask somebody who does.",
        "Языки, на которые переводит {person}: {tongues}. {language}: попросите другого переводчика.",
    ),
    "reason.no_such_lang": (
        "그 언어는 없습니다. 있는 언어: {tongues}.",
        "There is no such language here; there are: {tongues}.",
        "Такого языка здесь нет; есть: {tongues}.",
    ),
    "reason.second_person": (
        "이 캠페인은 다른 사람의 승인이 필요합니다.",
        "This campaign wants a second person's approval.",
        "В этой кампании нужно одобрение второго человека.",
    ),
    "reason.role": (
        "이 일을 할 권한이 없습니다. 필요한 역할: {roles}.",
        "You may not do this; it needs the role: {roles}.",
        "У вас нет такого права; нужна роль: {roles}.",
    ),
    "reason.newer": (
        "그사이 {person} 님이 글을 고쳤습니다(판 {n}). 새 글을 보고 다시 고치세요.",
        "{person} has changed the text meanwhile (revision {n}); look at it, then edit again.",
        "Тем временем {person} изменил текст (редакция {n}); посмотрите и правьте снова.",
    ),
    "reason.own_words": (
        "{account} 계정에는 따로 쓴 글({language})이 있습니다. 그 글을 먼저 고치거나, 그대로 맞다고 표시하세요.",
        "Account {account} has words of its own ({language}): revise them first, or say that they still hold.",
        "У аккаунта {account} свой текст ({language}): сначала измените его или отметьте, что он по-прежнему верен.",
    ),
    "reason.tick": (
        "바꾼 것이 없습니다. 그대로 맞는 칸에 표시해 주세요.",
        "Nothing was changed: tick the fields that still hold as they are.",
        "Ничего не изменено: отметьте поля, которые по-прежнему верны.",
    ),
    "reason.meanwhile": (
        "그사이 다른 사람이 바꾸었습니다. 아무것도 저장하지 않았습니다. 다시 보고 저장하세요.",
        "It was changed meanwhile; nothing was kept. Look at it, then save again.",
        "Тем временем это изменили; ничего не сохранено. Посмотрите и сохраните снова.",
    ),
    "reason.same": (
        "바뀐 것이 없습니다.",
        "Nothing was changed: it says this already.",
        "Ничего не изменено: текст тот же.",
    ),
    "reason.first": (
        "그 뒤에 승인할 수 있습니다.",
        "It can be approved after that.",
        "После этого можно одобрить.",
    ),
    "reason.out_together": (
        "다른 언어와 함께 한 게시물로 이미 나갔습니다({language}). 언어를 더하려면 새 게시물을 쓰세요.",
        "It is out already as one post ({language}): for another language, write a new post.",
        "Уже вышло одним постом ({language}); для другого языка напишите новый пост.",
    ),
    "reason.out_in_part": (
        "이어지는 글의 앞부분이 이미 나가서 나머지는 고칠 수 없습니다. 그대로 두거나 나머지를 취소하세요.",
        "A part of the thread is out, so the rest cannot be revised: leave it, or cancel the rest.",
        "Часть ветки уже вышла, остальное изменить нельзя: оставьте как есть или отмените остаток.",
    ),
    "reason.out_in_parts": (
        "{n}개로 나뉘어 이미 나갔으므로 {most}개로 바꿀 수 없습니다. 그만큼의 길이로 쓰세요.",
        "It is out in {n} parts and cannot become {most}: write it in that length.",
        "Уже вышло в {n} частях, {most} сделать нельзя: сохраните прежнюю длину.",
    ),
    "reason.under_way": (
        "지금 보내는 중이거나 결과를 모릅니다. 정해진 뒤에 다시 하세요.",
        "It is under way or in doubt; wait until it is settled.",
        "Отправка идёт или исход неясен; дождитесь, пока решится.",
    ),
    "reason.sent_once": (
        "한 번 보낸 적이 있어 고칠 수 없습니다. 취소하고 새로 쓰거나 그대로 내보내세요.",
        "It was sent once and cannot be revised: cancel it and write it anew, or let it go out as it is.",
        "Это уже отправлялось, изменить нельзя: отмените и напишите заново или оставьте как есть.",
    ),
    "reason.nothing_left": (
        "이미 나갔거나 취소되어 할 것이 없습니다.",
        "It is out or cancelled already; there is nothing to do.",
        "Уже вышло или отменено; делать нечего.",
    ),
    "reason.other_state": (
        "그사이 상태가 바뀌어 할 수 없습니다.",
        "Its state has changed meanwhile and does not admit this.",
        "Состояние тем временем изменилось, это невозможно.",
    ),
    "reason.address": (
        "플랫폼에 있는 그 게시물의 주소를 적어 주세요.",
        "Give the post's own address on the platform.",
        "Укажите адрес самого поста на платформе.",
    ),
    "reason.proof": (
        "게시물의 주소나 화면 사진 가운데 하나를 주세요.",
        "Give the address of the post, or a screenshot of it.",
        "Укажите адрес поста или приложите снимок экрана.",
    ),
    "reason.picture": (
        "그림 파일로 읽을 수 없습니다. JPEG, PNG, WebP, GIF로 다시 저장해 주세요.",
        "This cannot be read as a picture: save it anew as JPEG, PNG, WebP or GIF.",
        "Файл не читается как изображение: сохраните его заново в JPEG, PNG, WebP или GIF.",
    ),
    "reason.owned": (
        "이 게시물은 이미 다른 발송의 것으로 기록되어 있습니다.",
        "This post is on record for another delivery already.",
        "Этот пост уже записан за другой отправкой.",
    ),
    "reason.attempts": (
        "시도가 너무 많았습니다. {n}초 뒤에 다시 하세요.",
        "Too many attempts; try again in {n} seconds.",
        "Слишком много попыток; повторите через {n} с.",
    ),
    "reason.too_long_remark": (
        "{n}자입니다. {most}자까지 쓸 수 있으니 줄이세요.",
        "It has {n} characters; at most {most} are kept: shorten it.",
        "Знаков: {n}; можно не больше {most}, сократите.",
    ),
    "reason.too_many_remarks": (
        "이 링크로는 의견을 {n}개까지 남길 수 있습니다. 보낸 사람에게 새 링크를 부탁하세요.",
        "This link takes {n} remarks: ask who sent it for a new one.",
        "По этой ссылке принимается замечаний: {n}. Попросите новую у того, кто её прислал.",
    ),
    "reason.no_hour": (
        "이 언어의 독자 모두에게 내보낼 수 있는 시간이 없습니다. 언어별로 따로 보내세요.",
        "There is no hour at which all of these audiences may be reached: send the languages separately.",
        "Нет часа, подходящего для всех этих аудиторий: отправьте языки по отдельности.",
    ),
    "reason.series_close": (
        "연재의 두 게시물이 너무 가까워집니다({times}). 다른 시각을 고르세요.",
        "Two posts of the series would be too close ({times}): choose another time.",
        "Два поста серии окажутся слишком близко ({times}): выберите другое время.",
    ),
    "reason.passed_already": (
        "{language}: 이미 그대로 두기로 했습니다({code}). 바뀐 것이 없습니다.",
        "{language}: {code} was let stand already; nothing was changed.",
        "{language}: уже решено оставить как есть ({code}). Ничего не изменено.",
    ),
    "reason.no_finding": (
        "{language}: 그런 점검 결과가 더는 없습니다. 페이지를 다시 열어 주세요.",
        "{language}: the check finds nothing of the kind any more; open the page again.",
        "{language}: проверка этого больше не находит. Откройте страницу ещё раз.",
    ),
    "reason.must_mend": (
        "그대로 둘 수 없습니다. 글을 고치세요.",
        "This cannot stand as it is: mend the text.",
        "Так оставить нельзя: исправьте текст.",
    ),
    "reason.too_large": (
        "파일까지 합쳐 {n} MiB까지 보낼 수 있습니다.",
        "At most {n} MiB can be sent at once, files included.",
        "За раз можно отправить не больше {n} МиБ вместе с файлами.",
    ),
    "reason.form": (
        "양식이 오래되었거나 다른 곳에서 왔습니다. 페이지를 다시 열어 주세요.",
        "The form is too old, or was sent from elsewhere: open the page again.",
        "Форма устарела или отправлена с другого сайта: откройте страницу ещё раз.",
    ),
    "reason.login": (
        "먼저 로그인하세요. 적은 것은 저장되지 않았습니다.",
        "Log in first; nothing was kept.",
        "Сначала войдите; ничего не сохранено.",
    ),
    "reason.link": (
        "이미 썼거나 오래된 링크입니다. 관리자에게 새 링크를 부탁하세요.",
        "The link is used up or too old; ask an admin for a new one.",
        "Ссылка использована или устарела; попросите у администратора новую.",
    ),
    "reason.review_link": (
        "오래되었거나 거두어들인 링크입니다. 보낸 사람에게 새 링크를 부탁하세요.",
        "The link is too old, or was taken back: ask who sent it for a new one.",
        "Ссылка устарела или отозвана: попросите новую у того, кто её прислал.",
    ),
    "reason.not_found": ("찾을 수 없습니다.", "It was not found.", "Не найдено."),
}
