"""The only code that speaks to tools that translate: one file each, imported when it is used."""

import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from campaign.core.translation import Translator

if TYPE_CHECKING:  # the HTTP stack is loaded by what uses it
    from campaign.net.reply import Reply

    # Client.ask of net/, which asks again where that may help.
    Ask = Callable[..., Awaitable[Reply]]
else:
    Ask = Callable[..., Awaitable[Any]]


def open_translator(tool: str, ask: Ask, key: str) -> Translator:
    """Return a tool: a file here has its name and a class `Tool`.

    Args:
        ask: sends a request that may be repeated. key: who pays; empty: nobody is asked for it.
    """
    made: Translator = importlib.import_module(f"{__name__}.{tool}").Tool(ask, key)
    return made


def home_of(tool: str, key: str) -> str:
    """Return the base URL where a tool is at home; empty: each office has a server of its own."""
    found: str = importlib.import_module(f"{__name__}.{tool}").home(key)
    return found
