"""How a bot speaks to Telegram: methods, their answers, and what stands in them."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeGuard

from campaign.core.errors import Refused, Unauthorized
from campaign.net.client import Client
from campaign.net.reply import Reply

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")  # it stands in a path: nothing else may get there
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,32}")


async def ask(
    client: Client, token: str, method: str, *, kind: type[Any] = dict, reading: bool = True, **fields: Any
) -> Any:
    """Return the result of a method that may be called again. Raises: any Outcome."""
    with explained():
        reply = await client.ask("POST", path_of(token, method), json=fields, reading=reading)
    result = result_of(reply)
    if not isinstance(result, kind) or (method == "getMe" and not isinstance(result.get("id"), int)):
        raise reply.bad(f"the answer to {method} is not what was asked for")
    return result


async def rights(asking: Callable[..., Awaitable[Any]], chat: int, bot: int) -> Mapping[str, Any]:
    """Return a bot's own rights in a channel; empty when it is no administrator of it."""
    try:
        member: Mapping[str, Any] = await asking("getChatMember", chat_id=chat, user_id=bot)
    except Refused as error:
        if error.status in (400, 403):  # a bot that is not there may not even ask
            return {}
        raise
    return member if member.get("status") == "administrator" else {}


@contextmanager
def explained() -> Iterator[None]:
    """Say what Telegram's own words about a token or a channel mean here."""
    try:
        yield
    except Refused as error:
        body = error.body if isinstance(error.body, dict) else {}
        if error.status == 404 and body.get("description") == "Not Found":  # what no bot's token looks like
            raise Unauthorized(f"{error}: there is no bot of this token", status=404) from error
        parameters = body.get("parameters")
        moved = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
        if isinstance(moved, int):
            raise Refused(f"{error}; its id is {moved} now: connect it again with that channel", status=400) from error
        raise


def path_of(token: str, method: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise Unauthorized("telegram: a bot's token looks like 123456789:AAE…; @BotFather gives it")
    return f"/bot{token}/{method}"


def result_of(reply: Reply) -> Any:
    answer = reply.json()
    return answer.get("result") if isinstance(answer, dict) and answer.get("ok") is True else None


def is_message(message: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(message, dict) and type(message.get("message_id")) is int and message["message_id"] > 0


def is_in(update: Mapping[str, Any], channel: str) -> bool:
    chat = update.get("chat")
    return isinstance(chat, dict) and str(chat.get("id")) == channel


def username_of(chat: Any) -> str | None:
    name = chat.get("username") if isinstance(chat, dict) else None
    return name if isinstance(name, str) and _USERNAME.fullmatch(name) else None


def instant_of(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if type(seconds) is int and 0 < seconds < 2**33 else None
