"""Holds calls of the Bot API against aiogram's models of it; run by the Python of aiogram's own environment.

Reads one call a line: {"method": …, "fields": …, "result": …}. Writes one list of complaints a line.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import aiogram.methods
from pydantic import BaseModel, TypeAdapter, ValidationError


def strange(value: Any, where: str) -> Iterator[str]:
    """Return the names that a model does not know; it takes them without a word."""
    if isinstance(value, BaseModel):
        yield from (f"{where}.{name} is unknown" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from strange(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from strange(item, f"{where}[{number}]")


def complaints(call: dict[str, Any]) -> Iterator[str]:
    name = call["method"][0].upper() + call["method"][1:]
    model = getattr(aiogram.methods, name, None)
    if model is None:
        yield f"{name} is no method"
        return
    try:
        yield from strange(model.model_validate(call["fields"]), name)
        if call.get("result") is not None:
            yield from strange(TypeAdapter(model.__returning__).validate_python(call["result"]), f"{name} →")
    except ValidationError as error:
        yield from (f"{name} {each['loc']}: {each['msg']}" for each in error.errors())


for line in sys.stdin:
    print(json.dumps(list(complaints(json.loads(line)))))
