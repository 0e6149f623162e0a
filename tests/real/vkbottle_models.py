"""Holds calls of VK's API against vkbottle-types, which is made of VK's schema; run by the Python of its environment.

Reads one call a line: {"method": …, "fields": …, "answer": …}. Writes one list of complaints a line.
"""

import asyncio
import importlib
import inspect
import json
import re
import sys
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

ALWAYS = {"access_token", "v", "lang"}


class Answering:
    """Stands where the client of vkbottle would: it has the answer already."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def request(self, method: str, params: dict[str, Any]) -> Any:
        return self.answer


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda letter: "_" + letter[1].lower(), name)


def lists(kind: Any) -> bool:
    return typing.get_origin(kind) is list or any(lists(one) for one in typing.get_args(kind))


def complaints(call: dict[str, Any]) -> Iterator[str]:
    section, _, name = call["method"].partition(".")
    try:
        module = importlib.import_module(f"vkbottle_types.methods.{snake(section)}")
        category = getattr(module, f"{section[0].upper()}{section[1:]}Category")(Answering(call["answer"]))
        method = getattr(category, snake(name))
    except (ImportError, AttributeError):
        yield f"{call['method']} is no method"
        return
    known = inspect.signature(method).parameters
    given: dict[str, Any] = {}
    for field, value in call["fields"].items():
        if field in ALWAYS:
            continue
        if field not in known or known[field].kind is inspect.Parameter.VAR_KEYWORD:
            yield f"{call['method']} knows no {field}"
            continue
        kind = known[field].annotation
        try:
            told = value.split(",") if lists(kind) else value
            given[field] = TypeAdapter(kind).validate_python(told)
        except ValidationError as error:
            yield from (f"{call['method']} {field}: {each['msg']}" for each in error.errors())
    if call["answer"] is None:
        return
    try:
        asyncio.run(method(**given))
    except ValidationError as error:
        yield from (f"{call['method']} → {each['loc']}: {each['msg']}" for each in error.errors())
    except TypeError as error:  # a field that it must have
        yield str(error)


for line in sys.stdin:
    print(json.dumps(list(complaints(json.loads(line)))))
