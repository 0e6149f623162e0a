"""The rooms of Discord and each of their refusals, seen through discord.py."""

import asyncio
import io
import warnings
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from campaign.sandbox import Twin
from campaign.sandbox.discord.refusals import REFUSALS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop, which Python 3.13 drops
    import discord
    from discord.http import Route

NOBODY = 1_300_000_000_000_000_000


@dataclass
class Line:
    """A bot, its channel and the channel's webhook, on one event loop."""

    twin: Twin
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    clients: list[discord.Client] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @property
    def told(self) -> dict[str, str]:
        return self.twin.opened["discord"]["peace_ko"]

    def bot(self, token: str) -> discord.Client:
        async def login() -> discord.Client:
            client = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=30)
            self.clients.append(client)
            await client.login(token)
            return client

        client: discord.Client = self.run(login())
        return client

    def channel(self, token: str | None = None, channel: str | None = None) -> Any:
        client = self.bot(token or self.told["token"])
        return self.run(client.fetch_channel(int(channel or self.told["channel"])))

    @property
    def hook(self) -> discord.SyncWebhook:
        return discord.SyncWebhook.from_url(self.told["webhook"])

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Speak as the bot without the client's own objects."""
        client = self.clients[-1] if self.clients else self.bot(self.told["token"])
        return client.http.request(Route(method, path), **options)

    def refused(self, work: Any) -> tuple[int, int, str]:
        with pytest.raises(discord.HTTPException) as error:
            self.run(work) if asyncio.iscoroutine(work) else work()
        return error.value.status, error.value.code, error.value.text


@pytest.fixture
def line(twin: Twin) -> Iterator[Line]:
    base, found = Route.BASE, Line(twin)
    Route.BASE = f"{found.told['base_url']}/api/v10"
    yield found
    for client in found.clients:
        found.run(client.close())
    found.runner.close()
    Route.BASE = base


def books(line: Line) -> list[dict[str, Any]]:
    return line.twin.books(platform="discord")


def file(alt: str | None = None, size: int = 9) -> discord.File:
    return discord.File(io.BytesIO(bytes(size)), "a.png", description=alt)


def test_a_bot_posts_answers_edits_and_deletes(line: Line) -> None:
    channel = line.channel()
    first = line.run(channel.send("안녕", files=[file("하나"), file("둘")]))
    answer = line.run(channel.send("답", reference=first))
    line.run(first.edit(content="안녕!"))
    seen = line.run(channel.fetch_message(first.id))
    line.run(answer.delete())

    async def history() -> list[int]:
        return [message.id async for message in channel.history(limit=5, after=discord.Object(1))]

    assert ("평화-여정", ["하나", "둘"]) == (channel.name, [each.description for each in first.attachments])
    assert (first.id, "안녕!", True) == (answer.reference.message_id, seen.content, seen.edited_at is not None)
    assert [first.id] == line.run(history())
    assert [(False, ["안녕", "안녕!"], None), (True, ["답"], str(first.id))] == [
        (row["deleted"], row["versions"], row["in_reply_to_id"]) for row in books(line)
    ]


def test_a_nonce_gives_the_first_message_once_more(line: Line) -> None:
    channel = line.channel()
    one, same, other = (
        line.run(channel.send(text, nonce=nonce)) for text, nonce in (("a", "1"), ("b", "1"), ("c", "2"))
    )
    line.twin.fault("ignore_key")
    again = line.run(channel.send("d", nonce="1"))

    assert (one.id, "a", "1") == (same.id, same.content, one.nonce)
    assert 3 == len({one.id, other.id, again.id}) == len(books(line))
    assert line.run(channel.fetch_message(one.id)).nonce is None


def test_a_webhook_posts_edits_shows_and_deletes_its_own(line: Line) -> None:
    made = line.hook.send("글", wait=True, files=[file("그림")])
    line.hook.edit_message(made.id, content="고친 글")
    shown = line.hook.fetch_message(made.id)
    line.hook.send("조용히")  # without wait nothing is told
    line.hook.delete_message(made.id)

    assert (str(line.hook.id), "고친 글", "그림") == (
        str(made.webhook_id), shown.content, shown.attachments[0].description,
    )  # fmt: skip
    assert line.told["channel"] == str(line.hook.fetch().channel_id)
    assert [True, False] == [row["deleted"] for row in books(line)]


def test_what_others_wrote_is_empty_for_a_bot_without_the_intent(line: Line) -> None:
    made = line.hook.send("글", wait=True, files=[file("그림")])
    seen = line.run(line.channel(line.told["reader"]).fetch_message(made.id))

    assert ("", [], made.id) == (seen.content, seen.attachments, seen.id)


def test_who_may_not_read_the_history_is_shown_nothing(line: Line) -> None:
    told = line.twin.ask(
        "POST", "/_accounts", {"platform": "discord", "name": "mute", "bot": "mute", "rights": "posts"}
    )
    channel = line.channel(told["token"], told["channel"])
    line.run(channel.send("글"))

    async def history() -> list[Any]:
        return [message async for message in channel.history(limit=5)]

    assert [] == line.run(history())
    assert REFUSALS["permissions"] == line.refused(channel.fetch_message(int(books(line)[0]["id"])))


def test_a_list_lags_where_it_is_asked_to(line: Line) -> None:
    channel = line.channel()
    line.run(channel.send("글"))
    line.twin.fault("lagging_list", seconds=600)

    assert [] == line.run(line.ask("GET", f"/channels/{channel.id}/messages"))


@pytest.mark.parametrize(
    ("row", "method", "path", "body"),
    [
        ("channel", "GET", "/channels/{nobody}", None),
        ("guild", "GET", "/guilds/{nobody}", None),
        ("member", "GET", "/guilds/1/members/{nobody}", None),
        ("message", "GET", "/channels/{channel}/messages/{nobody}", None),
        ("message", "DELETE", "/channels/{channel}/messages/{nobody}", None),
        ("path", "GET", "/nothing", None),
        ("empty", "POST", "/channels/{channel}/messages", {"content": "  "}),
        ("webhook", "GET", "/webhooks/{nobody}/token", None),
        ("webhook token", "GET", "/webhooks/{hook}/token", None),
    ],
)
def test_what_is_refused_and_by_which_code(line: Line, row: str, method: str, path: str, body: Any) -> None:
    given = {"nobody": NOBODY, "channel": line.told["channel"], "hook": line.hook.id}
    options = {} if body is None else {"json": body}

    assert REFUSALS[row] == line.refused(line.ask(method, path.format(**given), **options))
    assert [] == books(line)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"content": "가" * 2001}, "In content: Must be 2000 or fewer in length."),
        ({"content": "a", "nonce": "1" * 26}, "In nonce: Must be 25 or fewer in length."),
        ({"content": 5}, "In content: Could not interpret as string."),
        ({"content": "a", "message_reference": {"message_id": str(NOBODY)}}, "In message_reference: Unknown message"),
    ],
)
def test_a_form_that_breaks_a_rule_names_its_field(line: Line, given: dict[str, Any], said: str) -> None:
    status, code, text = line.refused(line.ask("POST", f"/channels/{line.told['channel']}/messages", json=given))

    assert (400, 50035, f"Invalid Form Body\n{said}") == (status, code, text)
    assert [] == books(line)


def test_files_that_are_too_many_too_large_or_described_too_long(line: Line) -> None:
    channel = line.channel()

    assert REFUSALS["too large"] == line.refused(channel.send("a", file=file(size=10_485_761)))
    assert (
        "In attachments.0.description: Must be 1024 or fewer in length."
        in line.refused(channel.send("a", file=file("a" * 1025)))[2]
    )
    assert (
        "In limit: int value should be less than or equal to 100."
        in line.refused(line.ask("GET", f"/channels/{channel.id}/messages", params={"limit": 101}))[2]
    )
    parts = {f"files[{n}]": ("a.png", b"a", "image/png") for n in range(11)}
    header = {"Authorization": f"Bot {line.told['token']}"}
    url = f"{Route.BASE}/channels/{channel.id}/messages"
    many = httpx.post(url, headers=header, files=parts, data={"payload_json": "{}"}).json()
    broken = httpx.post(url, headers={**header, "Content-Type": "application/json"}, content=b"{")

    assert ({"files"}, REFUSALS["json"][:2]) == (set(many["errors"]), (broken.status_code, broken.json()["code"]))
    assert [] == books(line)


def test_who_may_not(line: Line) -> None:
    made = line.hook.send("글", wait=True)
    reader = line.channel(line.told["reader"])
    stranger = line.bot(line.twin.opened["discord"]["peace_ru"]["token"])
    other = line.twin.ask("POST", "/_accounts", {"platform": "discord", "name": "other", "bot": "other"})
    line.bot(other["token"])

    assert REFUSALS["permissions"] == line.refused(reader.send("a"))
    assert REFUSALS["another's"] == line.refused(stranger.http.edit_message(reader.id, made.id, params=_text("a")))
    assert REFUSALS["access"] == line.refused(line.ask("GET", f"/channels/{reader.id}"))
    with pytest.raises(discord.LoginFailure) as error:
        line.bot("nobody")
    assert error.value.__cause__ is not None and REFUSALS["token"][0] == error.value.__cause__.status  # type: ignore[attr-defined]


def _text(content: str) -> Any:
    return discord.http.handle_message_parameters(content)


def test_troubles_are_said_as_discord_says_them(line: Line) -> None:
    channel = line.channel()
    line.twin.fault("429", path="/discord/*", retry_after=99)
    with pytest.raises(discord.RateLimited) as error:
        line.run(channel.send("a"))
    line.twin.fault("503", path="/discord/*")
    assert REFUSALS["temporary"] == line.refused(channel.send("a"))
    line.twin.fault("500_before", path="/discord/*")
    answer = httpx.get(f"{Route.BASE}/users/@me")  # the client would wait and ask again

    assert 99 == error.value.retry_after
    assert (REFUSALS["internal"][0], REFUSALS["internal"][2]) == (answer.status_code, answer.json()["message"])
    assert [] == books(line)


def test_each_refusal_of_the_table_is_met_in_these_tests() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    form = {"form"}  # its words are asserted field by field

    assert set() == {row for row in REFUSALS if f'"{row}"' not in text} - form


def test_a_page_shows_the_message_escaped(line: Line) -> None:
    made = line.hook.send("<script>alert(1)</script>", wait=True, files=[file()])
    row = books(line)[0]
    page, medium = httpx.get(row["url"]), httpx.get(made.attachments[0].url)
    line.hook.delete_message(made.id)

    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text
    assert (200, bytes(9), 404) == (medium.status_code, medium.content, httpx.get(row["url"]).status_code)
