"""The methods of Slack and each of their refusals, seen through slack_sdk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator

from campaign.sandbox import Twin
from campaign.sandbox.slack.refusals import HOOKS, REFUSALS
from campaign.sandbox.slack.rooms import SCOPES

pytestmark = pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing:UserWarning")
NOBODY = "1300000000.000100"
METADATA = {"event_type": "campaign_delivery", "event_payload": {"key": "k"}}


@pytest.fixture
def told(twin: Twin) -> dict[str, str]:
    return twin.opened["slack"]["peace_ko"]


@pytest.fixture
def bot(told: dict[str, str]) -> WebClient:
    return WebClient(told["token"], base_url=f"{told['base_url']}/api/")


@pytest.fixture
def another(twin: Twin, told: dict[str, str]) -> Callable[..., WebClient]:
    """Open another app's bot, with options of its account."""

    def opened(**options: str) -> WebClient:
        new = twin.ask("POST", "/_accounts", {"platform": "slack", "name": "new", "bot": "new", **options})
        return WebClient(new["token"], base_url=f"{told['base_url']}/api/")

    return opened


def books(twin: Twin) -> list[dict[str, Any]]:
    return twin.books(platform="slack")


def refused(call: Callable[..., Any], **options: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**options)
    return str(error.value.response["error"])


def test_a_bot_posts_answers_edits_and_deletes(twin: Twin, bot: WebClient, told: dict[str, str]) -> None:
    channel, who = told["channel"], bot.auth_test()
    first = bot.chat_postMessage(channel=channel, text="a &lt; b https://example.org/", metadata=METADATA)
    answer = bot.chat_postMessage(channel=channel, text="답", thread_ts=first["ts"])
    bot.chat_update(channel=channel, ts=first["ts"], text="고친 글")
    history = bot.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    thread = bot.conversations_replies(channel=channel, ts=first["ts"])["messages"]
    bot.chat_delete(channel=channel, ts=answer["ts"])

    assert (who["user_id"], "평화-여정") == (
        history[0]["user"],
        bot.conversations_info(channel=channel)["channel"]["name"],
    )
    assert "a &lt; b <https://example.org/>" == first["message"]["text"]
    assert [("고친 글", 1, METADATA)] == [(m["text"], m["reply_count"], m["metadata"]) for m in history]
    assert [first["ts"], answer["ts"]] == [message["ts"] for message in thread]
    assert [(False, ["a < b https://example.org/", "고친 글"], None), (True, ["답"], first["ts"])] == [
        (row["deleted"], row["versions"], row["in_reply_to_id"]) for row in books(twin)
    ]


def test_files_are_uploaded_and_then_shared_with_their_alt_texts(
    twin: Twin, bot: WebClient, told: dict[str, str]
) -> None:
    uploads = [
        {"filename": "a.png", "content": b"one", "alt_txt": "하나", "title": "a"},
        {"filename": "b.png", "content": b"two!", "alt_txt": "둘", "title": "b"},
    ]
    shared = bot.files_upload_v2(channel=told["channel"], initial_comment="글", file_uploads=uploads)
    info = bot.files_info(file=shared["files"][0]["id"])["file"]
    [row] = books(twin)

    assert "shares" not in shared["files"][0]  # it is told a moment later
    assert [(row["id"], "하나", 3)] == [
        (info["shares"]["public"][told["channel"]][0]["ts"], info["alt_txt"], info["size"])
    ]
    assert (["하나", "둘"], "글") == ([each["description"] for each in row["media"]], row["text"])
    assert b"two!" == httpx.get(f"{told['base_url']}/files/{row['media'][1]['id']}").content


def test_a_history_is_paged_and_lags_where_it_is_asked_to(twin: Twin, bot: WebClient, told: dict[str, str]) -> None:
    made = [bot.chat_postMessage(channel=told["channel"], text=str(number))["ts"] for number in range(5)]
    pages = bot.conversations_history(channel=told["channel"], limit=2)
    seen = [message["ts"] for page in pages for message in page["messages"]]
    later = bot.conversations_history(channel=told["channel"], oldest=made[2], inclusive=True)["messages"]
    twin.fault("lagging_list", seconds=600)

    assert (made[::-1], made[2:][::-1]) == (seen, [message["ts"] for message in later])
    assert [] == bot.conversations_history(channel=told["channel"])["messages"]


def test_a_text_of_over_forty_thousand_characters_is_cut(twin: Twin, bot: WebClient, told: dict[str, str]) -> None:
    bot.chat_postMessage(channel=told["channel"], text="가" * 40_001)

    assert 40_000 == len(books(twin)[0]["text"])


def test_a_webhook_answers_ok_and_names_nothing(twin: Twin, told: dict[str, str]) -> None:
    answer = hook(told).send(text="글 &amp;")

    assert (200, "ok") == (answer.status_code, answer.body)
    assert [("글 &", True)] == [(row["text"], row["by_webhook"]) for row in books(twin)]


def hook(told: dict[str, str], **parts: str) -> WebhookClient:
    team, ident, token = told["webhook"].split("/")[-3:]
    path = "/".join((parts.get("team", team), parts.get("ident", ident), parts.get("token", token)))
    return WebhookClient(f"{told['base_url']}/services/{path}")


@pytest.mark.parametrize(
    ("word", "method", "options"),
    [
        ("channel_not_found", "chat_postMessage", {"channel": "C0NOBODY00", "text": "a"}),
        ("channel_not_found", "conversations_info", {"channel": "C0NOBODY00"}),
        ("no_text", "chat_postMessage", {"text": "  "}),
        ("invalid_metadata_format", "chat_postMessage", {"text": "a", "metadata": {"event_type": "x"}}),
        ("thread_not_found", "chat_postMessage", {"text": "a", "thread_ts": NOBODY}),
        ("thread_not_found", "conversations_replies", {"ts": NOBODY}),
        ("message_not_found", "chat_update", {"ts": NOBODY, "text": "a"}),
        ("message_not_found", "chat_delete", {"ts": NOBODY}),
        ("invalid_cursor", "conversations_history", {"cursor": "nonsense"}),
        ("file_not_found", "files_info", {"file": "F0NOBODY00"}),
        ("file_not_found", "files_delete", {"file": "F0NOBODY00"}),
        ("file_not_found", "files_completeUploadExternal", {"files": [{"id": "F0NOBODY00", "title": "a"}]}),
        ("invalid_arguments", "files_getUploadURLExternal", {"filename": "a.png", "length": "many"}),
        ("alt_txt_too_large", "files_getUploadURLExternal", {"filename": "a", "length": 3, "alt_txt": "가" * 1001}),
        ("unknown_method", "admin_teams_list", {}),
    ],
)
def test_what_is_refused_and_by_which_word(
    twin: Twin, bot: WebClient, told: dict[str, str], word: str, method: str, options: dict[str, Any]
) -> None:
    if method.startswith(("chat", "conversations")):
        options = {"channel": told["channel"], **options}

    assert word == refused(getattr(bot, method), **options)
    assert [] == books(twin)


def test_a_text_too_long_for_an_edit(bot: WebClient, told: dict[str, str]) -> None:
    ts = bot.chat_postMessage(channel=told["channel"], text="a")["ts"]

    assert "msg_too_long" == refused(bot.chat_update, channel=told["channel"], ts=ts, text="가" * 4001)
    assert "no_text" == refused(bot.chat_update, channel=told["channel"], ts=ts, text=" ")


def test_a_file_that_was_not_uploaded_is_none(twin: Twin, bot: WebClient, told: dict[str, str]) -> None:
    place = bot.files_getUploadURLExternal(filename="a.png", length=3)
    files = [{"id": place["file_id"], "title": "a"}]

    assert 400 == httpx.post(place["upload_url"], content=b"four").status_code
    assert 404 == httpx.post(f"{place['upload_url']}x", content=b"one").status_code
    assert "file_not_found" == refused(bot.files_completeUploadExternal, files=files, channel_id=told["channel"])
    assert 200 == httpx.post(place["upload_url"], content=b"one").status_code
    assert "file_not_found" == refused(bot.files_info, file=place["file_id"])
    assert "channel_not_found" == refused(bot.files_completeUploadExternal, files=files, channel_id="C0NOBODY00")
    bot.files_completeUploadExternal(files=files, channel_id=told["channel"])
    bot.files_delete(file=place["file_id"])
    assert "file_deleted" == refused(bot.files_info, file=place["file_id"])
    assert "file_deleted" == refused(bot.files_delete, file=place["file_id"])


def test_who_may_not(bot: WebClient, told: dict[str, str], another: Callable[..., WebClient]) -> None:
    ts = bot.chat_postMessage(channel=told["channel"], text="a")["ts"]
    file = bot.files_upload_v2(channel=told["channel"], filename="a", content=b"one")["file"]["id"]
    stranger = another(member="no", **{"in": "peace_ko"})
    here = {"channel": told["channel"], "ts": ts}

    assert {"not_in_channel"} == {
        refused(stranger.chat_postMessage, channel=told["channel"], text="a"),
        refused(stranger.conversations_history, channel=told["channel"]),
    }
    guest = another(**{"in": "peace_ko"})
    assert "cant_update_message" == refused(guest.chat_update, **here, text="b")
    assert "cant_delete_message" == refused(guest.chat_delete, **here)
    assert "cant_delete_file" == refused(guest.files_delete, file=file)
    for token, word in (("xoxb-nobody", "invalid_auth"), ("", "not_authed")):
        assert word == refused(WebClient(token, base_url=bot.base_url).auth_test)


def test_a_scope_that_the_app_has_not_is_named(told: dict[str, str], another: Callable[..., WebClient]) -> None:
    poor = another(scopes="channels:read", **{"in": "peace_ko"})
    with pytest.raises(SlackApiError) as error:
        poor.chat_postMessage(channel=told["channel"], text="a")

    assert ("missing_scope", "chat:write") == (error.value.response["error"], error.value.response["needed"])
    assert "channels:read" == poor.auth_test().headers["x-oauth-scopes"] != SCOPES


def test_an_archived_channel_takes_nothing(twin: Twin, told: dict[str, str], another: Callable[..., WebClient]) -> None:
    client = another(archived="yes")
    new = twin.ask("POST", "/_accounts", {"platform": "slack", "name": "new", "bot": "new"})

    assert "is_archived" == refused(client.chat_postMessage, channel=new["channel"], text="a")
    assert "channel_is_archived" == hook(new).send(text="a").body


@pytest.mark.parametrize(
    ("parts", "body", "word"),
    [
        ({"ident": "B0NOBODY"}, {"text": "a"}, "no_service"),
        ({"team": "T0NOBODY"}, {"text": "a"}, "no_service"),
        ({"token": "x"}, {"text": "a"}, "invalid_token"),
        ({}, {"mrkdwn": True}, "no_text"),
        ({}, [], "invalid_payload"),
    ],
)
def test_a_webhook_refuses_by_a_word(
    twin: Twin, told: dict[str, str], parts: dict[str, str], body: Any, word: str
) -> None:
    answer = hook(told, **parts).send_dict(body) if body != [] else httpx.post(hook(told).url, content=b"[]")

    assert (HOOKS[word], word) == (answer.status_code, answer.text if body == [] else answer.body)
    assert [] == books(twin)


def test_troubles_are_said_as_slack_says_them(twin: Twin, bot: WebClient, told: dict[str, str]) -> None:
    for fault, status, word in (
        ("429", 429, "ratelimited"), ("500_before", 500, "internal_error"), ("503", 503, "service_unavailable"),
        ("expired_token", 200, "token_expired"),
    ):  # fmt: skip
        twin.fault(fault, path="/slack/*")
        with pytest.raises(SlackApiError) as error:
            bot.chat_postMessage(channel=told["channel"], text="a")
        assert (status, word) == (error.value.response.status_code, error.value.response["error"])
        assert fault != "429" or "60" == error.value.response.headers["retry-after"]


def test_a_consent_gives_a_token_once(bot: WebClient, told: dict[str, str]) -> None:
    back = "http://localhost/back"
    ask = AuthorizeUrlGenerator(
        client_id="1.2",
        scopes=SCOPES.split(","),
        redirect_uri=back,
        authorization_url=f"{told['base_url']}/oauth/v2/authorize",
    )
    codes = [dict(parse_qsl(urlsplit(httpx.get(ask.generate("st")).headers["location"]).query)) for _ in range(2)]
    given = {"client_id": "1.2", "client_secret": "s", "redirect_uri": back}
    nobody = WebClient(base_url=bot.base_url)
    made = nobody.oauth_v2_access(code=codes[0]["code"], **given)

    assert ("st", told["token"], SCOPES) == (codes[0]["state"], made["access_token"], made["scope"])
    assert "invalid_code" == refused(nobody.oauth_v2_access, code=codes[0]["code"], **given)
    other = {**given, "redirect_uri": "http://localhost/other"}
    assert "bad_redirect_uri" == refused(nobody.oauth_v2_access, code=codes[1]["code"], **other)


def test_each_refusal_of_the_tables_is_met_in_these_tests() -> None:
    text = Path(__file__).read_text(encoding="utf-8")

    assert set() == {word for word in (*REFUSALS, *HOOKS) if f'"{word}"' not in text}


def test_a_page_shows_the_message_escaped(twin: Twin, bot: WebClient, told: dict[str, str]) -> None:
    ts = bot.chat_postMessage(channel=told["channel"], text="&lt;script&gt;alert(1)")["ts"]
    page = httpx.get(books(twin)[0]["url"])
    bot.chat_delete(channel=told["channel"], ts=ts)

    assert "<script>alert" not in page.text and "&lt;script&gt;alert(1)" in page.text
    assert 404 == httpx.get(books(twin)[0]["url"]).status_code
