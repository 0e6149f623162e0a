"""Refusals as a Mastodon server says them, in the locale of whoever asks: no client can match on their text."""

from collections.abc import Mapping
from typing import Any

# en: https://github.com/mastodon/mastodon/blob/main/config/locales/en.yml and rails-i18n; the other locales say the
# same in our own words. An error's locale is the `lang` parameter, then the user's, then Accept-Language:
# https://github.com/mastodon/mastodon/blob/main/app/controllers/concerns/localized.rb
_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "invalid": "Validation failed: {errors}",
        "too_long": "Text character limit of {max} exceeded",
        "blank": "Text can't be blank",
        "visibility": "Visibility is not included in the list",
        "description": "Description is too long (maximum is {max} characters)",
        "file_blank": "File can't be blank",
        "file_type": "File content type is invalid, File is invalid",
        "file_size": "File file size must be less than {max} MB",
        "too_many": "Cannot attach more than 4 files",
        "media_gone": "Media {ids} not found or already attached to another post",
        "not_ready": "Cannot attach files that have not finished processing. Try again in a moment!",
        "mixed": "Cannot attach a video to a post that already contains images",
        "reply": "The post you are trying to reply to does not appear to exist.",
        "quote": "The post you are trying to quote does not appear to exist.",
        "scheduled": "Scheduled at The scheduled date must be in the future",
        "throttled": "Too many requests",
        "record": "Record not found",
        "used": "Media attachment is currently used by a status",
    },
    "ko": {
        "invalid": "유효성 검사에 실패했습니다: {errors}",
        "too_long": "본문은 최대 {max}자까지 입력할 수 있습니다",
        "blank": "본문에 내용을 입력해 주세요",
        "visibility": "공개 범위가 목록에 없는 값입니다",
        "description": "설명이 너무 깁니다 (최대 {max}자)",
        "file_blank": "파일을 선택해 주세요",
        "file_type": "파일 형식이 올바르지 않습니다",
        "file_size": "파일은 {max}MB보다 작아야 합니다",
        "too_many": "파일은 4개까지만 첨부할 수 있습니다",
        "media_gone": "미디어 {ids}를 찾을 수 없거나 이미 다른 게시물에 첨부되어 있습니다",
        "not_ready": "처리가 끝나지 않은 파일은 첨부할 수 없습니다. 잠시 후 다시 시도하세요!",
        "mixed": "이미 이미지가 있는 게시물에는 동영상을 첨부할 수 없습니다",
        "reply": "답글을 달려는 게시물이 존재하지 않습니다.",
        "quote": "인용하려는 게시물이 존재하지 않습니다.",
        "scheduled": "예약 날짜는 미래여야 합니다",
        "throttled": "요청이 너무 많습니다",
    },
    "ru": {
        "invalid": "Возникли ошибки: {errors}",
        "too_long": "Текст превышает лимит символов ({max})",
        "blank": "Текст не может быть пустым",
        "visibility": "Видимость имеет непредусмотренное значение",
        "description": "Описание слишком большой длины (не может быть больше чем {max} символов)",
        "file_blank": "Файл не может быть пустым",
        "file_type": "Файл имеет неверный тип",
        "file_size": "Файл должен быть меньше {max} МБ",
        "too_many": "Нельзя добавить более 4 файлов",
        "media_gone": "Медиа {ids} не найдены или уже прикреплены к другому посту",
        "not_ready": "Не удаётся прикрепить файлы, обработка которых не завершена. Повторите попытку чуть позже!",
        "mixed": "Нельзя добавить видео к посту с изображениями",
        "reply": "Пост, на который вы пытаетесь ответить, не существует.",
        "quote": "Пост, который вы пытаетесь процитировать, не существует.",
        "scheduled": "Запланированная дата должна быть в будущем",
        "throttled": "Слишком много запросов",
    },
    "de": {
        "invalid": "Gültigkeitsprüfung ist fehlgeschlagen: {errors}",
        "too_long": "Text: Begrenzung von {max} Zeichen überschritten",
        "blank": "Text muss ausgefüllt werden",
        "visibility": "Sichtbarkeit ist kein gültiger Wert",
        "description": "Beschreibung ist zu lang (mehr als {max} Zeichen)",
        "file_blank": "Datei muss ausgefüllt werden",
        "file_type": "Datei ist nicht gültig",
        "file_size": "Datei muss kleiner als {max} MB sein",
        "too_many": "Mehr als vier Dateien können nicht angehängt werden",
        "media_gone": "Medien {ids} nicht gefunden oder bereits an anderen Beitrag angehängt",
        "not_ready": "Dateien, die noch nicht verarbeitet wurden, können nicht angehängt werden!",
        "mixed": "Es kann kein Video an einen Beitrag mit Bildern angehängt werden",
        "reply": "Der Beitrag, auf den du antworten möchtest, scheint nicht zu existieren.",
        "quote": "Der Beitrag, den du zitieren möchtest, scheint nicht zu existieren.",
        "scheduled": "Das Datum für geplante Beiträge muss in der Zukunft liegen",
        "throttled": "Zu viele Anfragen",
    },
}


class Refusal(Exception):
    """An answer that is an error: a status and `{"error": …}`, and nothing was done."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.headers = status, error, dict(headers or {})


def says(key: str, locale: str, **values: Any) -> str:
    text = _TEXTS.get(locale, {}).get(key) or _TEXTS["en"][key]
    return text.format(**values)


def invalid(key: str, locale: str, **values: Any) -> Refusal:
    """A record that does not validate: the text is wrapped as ActiveRecord wraps it."""
    return Refusal(422, says("invalid", locale, errors=says(key, locale, **values)))


def unprocessable(key: str, locale: str, **values: Any) -> Refusal:
    """A Mastodon::ValidationError: the text stands alone."""
    return Refusal(422, says(key, locale, **values))


def not_found() -> Refusal:
    return Refusal(404, says("record", "en"))


def unauthorized(why: str = "The access token is invalid") -> Refusal:
    # https://github.com/doorkeeper-gem/doorkeeper/blob/main/config/locales/en.yml
    return Refusal(
        401, why, {"WWW-Authenticate": f'Bearer realm="Doorkeeper", error="invalid_token", error_description="{why}"'}
    )


def out_of_scope() -> Refusal:
    return Refusal(403, "This action is outside the authorized scopes")


def no_user() -> Refusal:
    return Refusal(422, "This method requires an authenticated user")
