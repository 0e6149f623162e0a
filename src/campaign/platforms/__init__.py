"""The only code that speaks to platforms: one file each, found by its name, imported on first use."""

import difflib
import importlib
import pkgutil
from functools import cache

from campaign.core.adapter import Adapter
from campaign.core.errors import NotFound


@cache
def available() -> tuple[str, ...]:
    """Return the names of the platforms there are, by the names of their files."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str) -> type[Adapter]:
    """Return the class `Adapter` of a platform. Raises: NotFound, which names the nearest."""
    if name not in available():
        near = difflib.get_close_matches(name, available(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(available())}"
        raise NotFound("platform", name, hint)
    adapter: type[Adapter] = importlib.import_module(f"{__name__}.{name}").Adapter
    return adapter
