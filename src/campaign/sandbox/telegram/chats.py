"""Who is who: the bot itself, the channel, and who may do what there."""

from typing import Any

from campaign.sandbox import engagement
from campaign.sandbox.telegram import entities
from campaign.sandbox.telegram.asking import Asking, bad


def get_me(ask: Asking) -> Any:
    return entities.me(ask.bot)


def get_chat(ask: Asking) -> Any:
    return entities.full_chat(ask.sandbox, ask.channel())


def get_chat_member(ask: Asking) -> Any:
    channel, books = ask.channel(), ask.sandbox.books
    if not ask.number("user_id"):
        raise bad("invalid user_id specified")
    sql = "SELECT * FROM telegram_admins WHERE channel = ? AND bot = ?"
    own = books.one(sql, channel["id"], ask.bot["id"])
    if own is None or own["kicked"]:
        raise bad("member list is inaccessible")
    bot = books.one("SELECT * FROM telegram_bots WHERE id = ?", ask.number("user_id"))
    if bot is None:
        raise bad("PARTICIPANT_ID_INVALID")
    return entities.member(bot, books.one(sql, channel["id"], bot["id"]))


def get_chat_member_count(ask: Asking) -> Any:
    channel = ask.channel()
    age = (ask.now - channel["created_at"]) / 1000
    return engagement.followers(ask.sandbox.seed, str(channel["username"]), age)


def leave_chat(ask: Asking) -> Any:
    channel = ask.channel()
    sql = "DELETE FROM telegram_admins WHERE channel = ? AND bot = ?"
    if not ask.sandbox.books.do(sql, channel["id"], ask.bot["id"]):
        raise bad("CHANNEL_PRIVATE")
    return True
