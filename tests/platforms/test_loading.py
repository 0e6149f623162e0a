"""Platforms are found by the names of their files, and by the entry points that other packages bring."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaign import platforms
from campaign.core.errors import Conflict, NotFound

MODULE = """
from campaign.platforms.mastodon import Adapter as Known


class Adapter(Known):
    name = "elsewhere"
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put packages beside the others as an installer would: a module, and a folder that says what it brings."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(package: str, points: str, module: str = MODULE) -> None:
        about = tmp_path / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[campaign.platforms]\n{points}\n")
        (tmp_path / f"{package}.py").write_text(module)
        platforms.forget()

    yield put
    platforms.forget()
    for package in ("brought", "another"):
        sys.modules.pop(package, None)


def test_a_package_brings_a_platform(install: Callable[..., None]) -> None:
    install("brought", "elsewhere = brought:Adapter")

    assert {"bluesky", "elsewhere", "mastodon", "telegram"} <= set(platforms.available())
    assert "elsewhere" == platforms.load("elsewhere").name


def test_a_name_is_brought_by_one_alone(install: Callable[..., None]) -> None:
    install("brought", "elsewhere = brought:Adapter")
    install("another", "elsewhere = another:Adapter")
    with pytest.raises(Conflict, match=r"'elsewhere'.*another.*brought|'elsewhere'.*brought.*another"):
        platforms.available()


def test_no_package_takes_the_name_of_a_platform_of_ours(install: Callable[..., None]) -> None:
    install("brought", "mastodon = brought:Adapter")
    with pytest.raises(Conflict, match="'mastodon' is brought by the package brought and by campaign itself"):
        platforms.load("mastodon")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("", "AttributeError"),
        ("Adapter = 5", "is no core.adapter.Adapter of that name"),
        (MODULE.replace('"elsewhere"', '"other"'), "is no core.adapter.Adapter of that name"),
    ],
)
def test_a_broken_platform_is_named_with_its_package_and_the_others_go_on(
    install: Callable[..., None], module: str, said: str
) -> None:
    install("brought", "elsewhere = brought:Adapter", module)
    with pytest.raises(Conflict, match="'elsewhere', which the package brought brings as brought:Adapter") as told:
        platforms.load("elsewhere")

    assert said in str(told.value)
    assert "mastodon" == platforms.load("mastodon").name


def test_what_nobody_brings_is_not_found_and_the_nearest_is_named() -> None:
    with pytest.raises(NotFound, match="did you mean mastodon"):
        platforms.load("mastadon")
