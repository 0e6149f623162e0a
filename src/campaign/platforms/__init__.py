"""The only code that speaks to platforms: one file each, found by its name, imported on first use.

A package of somebody else's brings a platform by an entry point of the group `campaign.platforms`: its name is the
platform's, its value a subclass of core.adapter.Adapter ("mypackage.myplatform:Adapter").
"""

import difflib
import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from campaign.core.adapter import Adapter
from campaign.core.errors import Conflict, NotFound

GROUP = "campaign.platforms"  # https://packaging.python.org/en/latest/specifications/entry-points/


@cache
def available() -> tuple[str, ...]:
    """Return the names of the platforms there are: by the names of files here, and those that packages bring.

    Raises:
        Conflict: two bring the same name.
    """
    return tuple(sorted({*_own(), *_brought()}))


def load(name: str) -> type[Adapter]:
    """Return the class `Adapter` of a platform.

    Raises:
        NotFound: there is none of that name; the message names the nearest.
        Conflict: a package brings it, but it cannot be loaded; the message names the package.
    """
    if name not in available():
        near = difflib.get_close_matches(name, available(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(available())}"
        raise NotFound("platform", name, hint)
    if name in _brought():
        return _plugged(_brought()[name])
    adapter: type[Adapter] = importlib.import_module(f"{__name__}.{name}").Adapter
    return adapter


def forget() -> None:
    """Look for platforms anew: a package was installed while this process runs."""
    available.cache_clear()
    _brought.cache_clear()


@cache
def _own() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(__path__))


@cache
def _brought() -> dict[str, EntryPoint]:
    """Return the entry points by their names. Raises: Conflict, when a name is taken."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        before = found.setdefault(point.name, point)
        # The same package may be found twice on the path; that is no clash.
        if point.name in _own() or before != point:
            other = "campaign itself" if point.name in _own() else _package(before)
            raise Conflict(
                f"platform '{point.name}' is brought by {_package(point)} and by {other}; uninstall one of them"
            )
    return found


def _plugged(point: EntryPoint) -> type[Adapter]:
    where = f"platform '{point.name}', which {_package(point)} brings as {point.value},"
    try:
        adapter = point.load()
    except Exception as error:
        raise Conflict(f"{where} cannot be loaded: {type(error).__name__}: {error}; repair or uninstall it") from error
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)) or adapter.name != point.name:
        raise Conflict(f"{where} is no core.adapter.Adapter of that name; repair or uninstall it")
    return adapter


def _package(point: EntryPoint) -> str:
    return f"the package {point.dist.name}" if point.dist is not None else point.value
