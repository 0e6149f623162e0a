"""Each method and each refusal of the twin, seen through python-telegram-bot."""

import io
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from telegram import InputMediaDocument, InputMediaPhoto, InputMediaVideo, LinkPreviewOptions, ReplyParameters

from campaign.sandbox import Twin
from campaign.sandbox.serve import ask

from .bots import Line, opened
from .conftest import Hands, picture

KO = "@peace_ko"
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


@pytest.fixture
def line(twin: Twin) -> Iterator[Line]:
    yield from opened(twin)


def wide(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def test_the_bots_and_the_channel_are_told_as_the_client_expects_them(line: Line) -> None:
    me, chat = line.run(line.poster.get_me()), line.run(line.poster.get_chat(KO))
    own = line.run(line.poster.get_chat_member(chat.id, me.id))
    other = line.run(line.watcher.get_chat_member(KO, line.run(line.watcher.get_me()).id))

    assert ("peace_bot", True) == (me.username, me.is_bot)
    assert ("channel", "peace_ko", f"{line.twin.base_url}/t/peace_ko") == (chat.type, chat.username, chat.invite_link)
    assert chat.id < -1_000_000_000_000
    assert ("administrator", True, False) == (own.status, own.can_post_messages, other.can_post_messages)
    assert line.run(line.poster.get_chat_member_count(KO)) > 0
    assert chat.id == line.run(line.poster.get_chat(chat.id)).id


def test_a_text_is_posted_with_what_the_server_finds_in_it(line: Line) -> None:
    text = "😀 안녕 #평화 https://example.org/a?b=1 @peace_ru"
    preview = LinkPreviewOptions(is_disabled=True)
    made = line.run(line.poster.send_message(KO, f" {text}\n", link_preview_options=preview))
    answer = line.run(line.poster.send_message(KO, "reply", reply_parameters=ReplyParameters(made.message_id)))
    [row, other] = line.twin.books(platform="telegram")

    assert (1, 2, text) == (made.message_id, answer.message_id, made.text)
    assert ["#평화", "https://example.org/a?b=1", "@peace_ru"] == list(made.parse_entities().values())
    assert [("hashtag", 6), ("url", 10), ("mention", 36)] == [(str(e.type), e.offset) for e in made.entities]
    assert (made.message_id, True) == (answer.reply_to_message.message_id, made.link_preview_options.is_disabled)
    assert ("1", text, "peace_ko", None, [], False) == (
        row["id"], row["text"], row["account"], row["in_reply_to_id"], row["media"], row["deleted"],
    )  # fmt: skip
    assert ("2", "1") == (other["id"], other["in_reply_to_id"])


def test_a_picture_a_clip_and_an_album_are_posted(line: Line) -> None:
    one = line.run(line.poster.send_photo(KO, picture(2000, 1000), caption="그림 #a"))
    clip = line.run(
        line.poster.send_video(
            KO, CLIP, caption="영상", duration=7, width=640, height=360, supports_streaming=True, cover=picture()
        )
    )
    media = [
        InputMediaPhoto(picture(40, 30), caption="앨범"),
        InputMediaVideo(CLIP, width=64, height=36, duration=3),
        InputMediaPhoto(picture(colour="#ffffff")),
    ]
    album = line.run(line.poster.send_media_group(KO, media))
    rows = line.twin.books(platform="telegram")

    assert ("그림 #a", 1280, 640) == (one.caption, one.photo[-1].width, one.photo[-1].height)  # made smaller
    assert (640, 360, 7) == (clip.video.width, clip.video.height, clip.video.duration.total_seconds())
    assert ["앨범", None, None] == [message.caption for message in album]
    assert 1 == len({message.media_group_id for message in album})
    assert ["1", "2", "3+4+5"] == [row["id"] for row in rows]
    assert [1, 1, 3] == [len(row["media"]) for row in rows]
    assert rows[1]["media"][0]["cover"] and rows[1]["media"][0]["mime"] == "video/mp4"


def test_an_edit_replaces_text_or_caption_and_is_told(line: Line) -> None:
    text, photo = line.run(line.poster.send_message(KO, "a")), line.run(line.poster.send_photo(KO, picture()))
    edited = line.run(line.poster.edit_message_text("b", KO, text.message_id))
    caption = line.run(line.poster.edit_message_caption(KO, photo.message_id, caption="c"))

    assert ("b", "c") == (edited.text, caption.caption) and edited.edit_date
    assert [["a", "b"], ["", "c"]] == [row["versions"] for row in line.twin.books(platform="telegram")]
    assert ["channel_post", "channel_post", "edited_channel_post", "edited_channel_post"] == [
        "edited_channel_post" if update.edited_channel_post else "channel_post"
        for update in line.run(line.watcher.get_updates())
    ]


def test_messages_are_deleted_and_those_that_are_gone_are_passed_over(line: Line) -> None:
    ids = [line.run(line.poster.send_message(KO, text)).message_id for text in "abc"]

    assert line.run(line.poster.delete_message(KO, ids[0]))
    assert line.run(line.poster.delete_messages(KO, [*ids, 99]))
    assert [True] * 3 == [row["deleted"] for row in line.twin.books(platform="telegram")]
    assert "BadRequest: Message to delete not found" == line.refused(line.poster.delete_message(KO, ids[0]))


def test_after_two_days_a_message_stays(line: Line, hands: Hands) -> None:
    ident = line.run(line.poster.send_message(KO, "a")).message_id
    hands.set("2019-10-03T03:00:00+00:00")
    said = "BadRequest: Message can't be deleted for everyone"

    assert {said} == {
        line.refused(line.poster.delete_message(KO, ident)),
        line.refused(line.poster.delete_messages(KO, [ident])),
    }


@pytest.mark.parametrize(
    ("method", "args", "said"),
    [
        ("send_message", {"text": "😀" * 2049}, "Message is too long"),
        ("send_message", {"text": " \n"}, "Message text is empty"),
        ("send_message", {"text": "a", "chat_id": "@nobody"}, "Chat not found"),
        ("send_message", {"text": "a", "chat_id": ""}, "Chat_id is empty"),
        ("send_message", {"text": "a", "reply_parameters": ReplyParameters(7)}, "Message to be replied not found"),
        ("send_photo", {"photo": picture(), "caption": "x" * 1025}, "Message caption is too long"),
        ("send_photo", {"photo": b"no picture"}, "Image_process_failed"),
        ("send_photo", {"photo": wide(6000, 4001)}, "Photo_invalid_dimensions"),
        ("send_photo", {"photo": wide(2100, 100)}, "Photo_invalid_dimensions"),
        ("send_photo", {"photo": b""}, "File must be non-empty"),
        ("send_photo", {"photo": "AgACxyz"}, "Wrong file identifier/http url specified"),
        ("send_video", {"video": CLIP, "caption": "ж" * 1025}, "Message caption is too long"),
        ("send_video", {"video": CLIP, "cover": b"no picture"}, "Image_process_failed"),
        ("send_media_group", {"media": [InputMediaPhoto(picture())] * 11}, "Too many messages to send as an album"),
        ("send_media_group", {"media": [InputMediaPhoto("file id")]}, "Can't parse inputmedia: media not found"),
        (
            "send_media_group",
            {"media": [InputMediaDocument(b"a")]},
            'Can\'t parse inputmedia: type "document" is unsupported',
        ),
        (
            "send_media_group",
            {"media": [InputMediaPhoto(picture()), InputMediaPhoto(b"none")]},
            'Failed to send message #2 with the error message "image_process_failed"',
        ),
        ("edit_message_text", {"text": "a", "message_id": 7}, "Message to edit not found"),
        ("edit_message_text", {"text": "a", "message_id": 0}, "Message identifier is not specified"),
        ("edit_message_caption", {"caption": "a", "message_id": 7}, "Message to edit not found"),
        ("delete_message", {"message_id": 7}, "Message to delete not found"),
        ("delete_messages", {"message_ids": []}, "Message identifiers are not specified"),
        ("delete_messages", {"message_ids": list(range(1, 102))}, "Too many message identifiers specified"),
        ("get_chat", {"chat_id": -1001}, "Chat not found"),
        ("get_chat_member", {"user_id": 0}, "Invalid user_id specified"),
        ("get_chat_member", {"user_id": 5}, "Participant_id_invalid"),
        ("set_webhook", {"url": "http://example.org/"}, "Bad webhook: an https url must be provided for webhook"),
    ],
)
def test_what_is_refused_and_in_which_words(line: Line, method: str, args: dict[str, Any], said: str) -> None:
    chat = {} if method == "set_webhook" else {"chat_id": KO}
    words = line.refused(getattr(line.poster, method)(**{**chat, **args}))

    assert f"BadRequest: {said}".lower() == words.lower()
    assert [] == line.twin.books(platform="telegram")


def test_text_and_caption_are_not_edited_as_each_other_nor_as_they_are(line: Line) -> None:
    text, photo = line.run(line.poster.send_message(KO, "a")), line.run(line.poster.send_photo(KO, picture()))
    same = line.refused(line.poster.edit_message_text("a", KO, text.message_id))

    assert same.startswith("BadRequest: Message is not modified: specified new message content")
    assert "BadRequest: There is no text in the message to edit" == line.refused(
        line.poster.edit_message_text("b", KO, photo.message_id)
    )
    assert "BadRequest: There is no caption in the message to edit" == line.refused(
        line.poster.edit_message_caption(KO, text.message_id, caption="b")
    )


def test_who_may_not_post_and_who_is_not_there(line: Line) -> None:
    told = ask(line.twin.base_url, "POST", "/_accounts", {"platform": "telegram", "name": "other", "rights": "watches"})
    stranger = line.bot(told["token"])

    assert "Forbidden: Forbidden: bot is not a member of the channel chat" == line.refused(
        stranger.send_message("@other", "a")
    )
    assert "BadRequest: Need administrator rights in the channel chat" == line.refused(
        line.watcher.send_message(KO, "a")
    )
    assert "BadRequest: Member list is inaccessible" == line.refused(stranger.get_chat_member(KO, 5))
    assert line.run(line.watcher.leave_chat(KO))
    assert "Forbidden: Forbidden: bot is not a member of the channel chat" == line.refused(
        line.watcher.send_message(KO, "a")
    )


def test_a_token_that_no_bot_has(line: Line) -> None:
    assert "InvalidToken: Unauthorized" == line.refused(line.bot("1234:" + "x" * 30).get_me())
    assert "InvalidToken: Not Found" == line.refused(line.bot("nonsense").get_me())


def test_a_flood_is_told_to_wait_in_real_time(line: Line) -> None:
    for number in range(20):
        line.run(line.poster.send_message(KO, str(number)))
    words = line.refused(line.poster.send_message(KO, "one more"))

    assert words.startswith("RetryAfter: Flood control exceeded. Retry in ")
    assert line.run(line.poster.send_message("@peace_ru", "another channel")).message_id == 1
    assert 21 == len(line.twin.books(platform="telegram"))


def test_each_channel_counts_its_own_messages(line: Line) -> None:
    ids = [line.run(line.poster.send_message(name, "a")).message_id for name in (KO, "@peace_ru", KO)]

    assert [1, 1, 2] == ids
    assert ["1", "2"] == [row["id"] for row in line.twin.books("peace_ko", "telegram")]


@pytest.mark.parametrize("form", ["json", "data", "params"])
def test_parameters_come_in_any_form_and_a_method_in_any_case(line: Line, form: str) -> None:
    path = f"{line.twin.base_url}/bot{line.told['token']}"
    made = httpx.post(f"{path}/SENDmessage", **{form: {"chat_id": KO, "text": "글"}}).json()

    assert (True, "글", 1) == (made["ok"], made["result"]["text"], made["result"]["message_id"])


def test_what_no_client_would_send_is_refused_too(line: Line) -> None:
    path = f"{line.twin.base_url}/bot{line.told['token']}"

    def said(method: str, **body: Any) -> tuple[int, str]:
        answer = httpx.post(f"{path}/{method}", json={"chat_id": KO, **body})
        told = answer.json()
        assert (False, answer.status_code) == (told["ok"], told["error_code"])
        return answer.status_code, told["description"]

    assert (404, "Not Found: method not found") == said("sendNothing")
    assert (400, "Bad Request: there are no messages to send") == said("sendMediaGroup", media=[])
    assert (400, "Bad Request: can't parse media JSON object") == said("sendMediaGroup", media="{")
    assert (400, "Bad Request: there is no photo in the request") == said("sendPhoto")
    assert (400, "Bad Request: there is no photo in the request") == said("sendPhoto", photo="attach://nothing")
    assert 413 == httpx.post(f"{path}/sendPhoto", content=bytes(41 * 1024 * 1024)).status_code
    assert [] == line.twin.books(platform="telegram")


def test_a_page_shows_the_channel_escaped_and_nothing_that_was_deleted(line: Line) -> None:
    line.run(line.poster.send_message(KO, "<script>alert(1)</script>\n#평화"))
    album = [InputMediaPhoto(picture(), caption="앨범 & 그림"), InputMediaVideo(CLIP)]
    head = line.run(line.poster.send_media_group(KO, album))[0].message_id
    line.run(line.poster.send_video(KO, CLIP, cover=picture(colour="#fff")))
    gone = line.run(line.poster.send_message(KO, "사라진 글")).message_id
    line.run(line.poster.delete_message(KO, gone))
    base = f"{line.twin.base_url}/t/peace_ko"
    page, one = httpx.get(base), httpx.get(f"{base}/{head}")
    media = re.findall(r'(?:src|poster)="(/t/media/[0-9a-f]{64})"', page.text)

    assert (200, 200, 404, 404, 404) == tuple(
        each.status_code
        for each in (page, one, *(httpx.get(f"{base}/{ident}") for ident in (gone, "x")), httpx.get(f"{base}x"))
    )
    assert "<script" not in page.text and "&lt;script&gt;alert(1)&lt;/script&gt;<br>#평화" in page.text
    assert "사라진 글" not in page.text and "앨범 &amp; 그림" in one.text and "alert" not in one.text
    types = [httpx.get(line.twin.base_url + path).headers["content-type"] for path in media]
    assert ["video/mp4", "image/jpeg", "image/png", "video/mp4"] == types  # the last post first
    assert 404 == httpx.get(f"{line.twin.base_url}/t/media/{'0' * 64}").status_code
