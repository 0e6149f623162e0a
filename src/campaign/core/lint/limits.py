"""The sentences of check(): what a platform takes, in Korean, English and Russian."""

from collections.abc import Mapping
from typing import Final

CHECK: Final[Mapping[str, tuple[str, str, str]]] = {
    "text-empty": ("글을 적어 주세요.", "The text must not be empty.", "Заполните текст."),
    "text-forbidden": (
        "{platform}에는 {signs} 문자를 쓸 수 없습니다. 다르게 적어 주세요.",
        "{platform} does not take {signs}: write it another way.",
        "{platform} не принимает {signs}: напишите иначе.",
    ),
    "text-over-limit": (
        "{where}에는 너무 깁니다({length}, 한도 {limit}). {n}만큼 줄이거나 이어지는 글로 나누세요.",
        "Too long for {where} ({length}, limit {limit}): shorten it by {n}, or let it become a thread.",
        "Слишком длинно для {where} ({length}, предел {limit}): сократите на {n} или разбейте на ветку.",
    ),
    "text-over-bytes": (
        "{where}에는 너무 큽니다({length}바이트, 한도 {limit}바이트). 줄이세요.",
        "Too long for {where} ({length} bytes, limit {limit}): shorten it.",
        "Слишком длинно для {where} ({length} байт, предел {limit}): сократите.",
    ),
    "hashtags-over-limit": (
        "해시태그가 {n}개입니다. {platform}에는 {most}개까지 쓸 수 있으니 줄이세요.",
        "There are {n} hashtags; {platform} takes at most {most}: leave some out.",
        "Хештегов {n}; {platform} принимает не больше {most}: уберите лишние.",
    ),
    "title-missing": (
        "{where}에는 제목이 필요합니다. 제목을 적어 주세요.",
        "{where} needs a title: give one.",
        "{where} требует заголовок: укажите его.",
    ),
    "title-over-limit": (
        "{where}에는 제목이 너무 깁니다({length}, 한도 {limit}). {n}만큼 줄이세요.",
        "The title is too long for {where} ({length}, limit {limit}): shorten it by {n}.",
        "Заголовок слишком длинный для {where} ({length}, предел {limit}): сократите на {n}.",
    ),
    "price": (
        "{platform}에서 게시물 하나에 받는 요금: {usd} USD.",
        "{platform} asks {usd} USD for this post.",
        "{platform} берёт за этот пост {usd} USD.",
    ),
    "price-with-link": (
        "{platform}에서 링크가 있는 게시물 하나에 받는 요금: {usd} USD.",
        "{platform} asks {usd} USD for this post, which has a link.",
        "{platform} берёт за этот пост со ссылкой {usd} USD.",
    ),
    "media-kind": (
        "{where}에 올릴 수 없는 파일입니다({mime}). 가능한 종류: {list}.",
        "{where} does not take {mime}; it takes: {list}.",
        "{where} не принимает {mime}; можно: {list}.",
    ),
    "media-over-count": (
        "{where}에는 게시물마다 {most}개까지 올릴 수 있습니다(지금 {n}개).",
        "{where} takes at most {most} in a post; there are {n}.",
        "{where} принимает не больше {most} в одном посте, а здесь {n}.",
    ),
    "media-over-bytes": (
        "{where}에는 파일이 너무 큽니다({n}바이트, 한도 {limit}바이트). 줄여서 다시 저장하세요.",
        "The file is too large for {where} ({n} bytes, limit {limit}): save it smaller.",
        "Файл слишком велик для {where} ({n} байт, предел {limit}): сохраните его меньшим.",
    ),
    "media-over-pixels": (
        "{where}에는 그림이 너무 큽니다({n}픽셀, 한도 {limit}). 크기를 줄이세요.",
        "The picture is too large for {where} ({n} pixels, limit {limit}): make it smaller.",
        "Изображение слишком велико для {where} ({n} пикселей, предел {limit}): уменьшите его.",
    ),
    "media-over-sides": (
        "{where}에는 그림이 너무 큽니다({shape}). 너비와 높이를 더해 {limit}까지입니다.",
        "The picture is too large for {where} ({shape}): width + height may be {limit}.",
        "Изображение слишком велико для {where} ({shape}): ширина + высота не больше {limit}.",
    ),
    "media-shape": (
        "{where}에 맞지 않는 비율입니다({shape}). 너비가 높이의 {least}~{most}배가 되도록 자르세요.",
        "{where} does not take this shape ({shape}): crop it to a width of {least} to {most} times the height.",
        "{where} не принимает такую форму ({shape}): обрежьте, ширина должна быть от {least} до {most} высоты.",
    ),
    "media-too-long-shape": (
        "{where}에는 너무 긴 그림입니다({shape}). 긴 변은 짧은 변의 {limit}배까지입니다.",
        "{where} does not take this shape ({shape}): at most {limit} times as long as wide.",
        "{where} не принимает такую форму ({shape}): длинная сторона не больше {limit} коротких.",
    ),
    "media-over-seconds": (
        "{where}에는 영상이 너무 깁니다({n}초, 한도 {limit}초). 자르세요.",
        "The clip is too long for {where} ({n} s, limit {limit} s): cut it.",
        "Видео слишком длинное для {where} ({n} с, предел {limit} с): обрежьте.",
    ),
    "media-under-seconds": (
        "{where}에는 영상이 너무 짧습니다({n}초). 적어도 {limit}초여야 합니다.",
        "The clip is too short for {where} ({n} s): at least {limit} s are needed.",
        "Видео слишком короткое для {where} ({n} с): нужно не меньше {limit} с.",
    ),
    "media-missing": (
        "{where}에는 그림이나 영상이 적어도 {least}개 필요합니다. 더하거나 계정을 빼세요.",
        "{where} needs at least {least} picture or clip: add one, or leave the account out.",
        "{where} требует изображение или видео (не меньше {least}): добавьте или снимите аккаунт.",
    ),
    "media-mixed": (
        "{where}에는 서로 다른 종류의 파일을 한 게시물에 올릴 수 없습니다. 따로 올리세요.",
        "{where} does not mix kinds of media in a post: give them a post each.",
        "{where} не смешивает разные виды файлов в одном посте: разнесите их по разным.",
    ),
    "alt-missing": (
        "대체 텍스트가 없습니다: {langs}.",
        "An alt text is missing: {langs}.",
        "Нет описания: {langs}.",
    ),
    "alt-over-limit": (
        "{where}에는 대체 텍스트가 너무 깁니다({n}, 한도 {limit}). 줄이세요.",
        "The alt text is too long for {where} ({n}, limit {limit}): shorten it.",
        "Описание слишком длинное для {where} ({n}, предел {limit}): сократите.",
    ),
    "alt-repeats-text": (
        "대체 텍스트가 글과 같습니다. 그림에 보이는 것을 적어 주세요.",
        "The alt text repeats the post: say what the picture shows.",
        "Описание повторяет текст поста: напишите, что изображено.",
    ),
    "language-tags": (
        "{platform}에는 언어 표시가 {most}개까지 붙습니다. {lang}(으)로 표시됩니다.",
        "{platform} takes {most} language tag(s); it will be tagged {lang}.",
        "{platform} принимает не больше {most} меток языка; будет указан {lang}.",
    ),
}
