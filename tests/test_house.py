"""The rules of the house: where things live, what may use what, what never enters the repository."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from campaign.config import Translation

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "campaign"
MODULES = sorted(SRC.rglob("*.py"))

WORDS = {
    "compose": "service/compose.py",
    "check": "core/check.py",
    "approve": "service/approve.py",
    "enqueue": "service/enqueue.py",
    "claim": "store/outbox.py",
    "publish": "service/publish.py",
    "record": "store/outbox.py",
    "archive": "service/archive.py",
    "measure": "service/measure.py",
    "report": "service/report.py",
}

# Who may read time: everyone else is handed a Clock. A folder ends with a slash.
TIME = {
    "clock.py": "the two clocks themselves",
    "bootstrap.py": "a UUIDv7 begins with the time",
    "sandbox/": "a program of its own, which imports nothing of campaign",
    "engine/supervise.py": "how long a child process lived is real time, with no installation open",
    "demo/": "how long the rehearsal really took, and how long to wait for child processes",
}
# Who may draw random values: everyone else is handed new_id, new_key.
CHANCE = {
    "bootstrap.py": "where ids and keys come from",
    "sandbox/": "a program of its own",
    "store/vault.py": "the vault makes its key and the name of a temporary file",
    "web/server.py": "the name of a temporary file",
}
# Who may read the environment.
ENVIRONMENT = {
    "config.py": "the only reader of settings",
    "cli/": "which user of the operating system asks, and what a child process inherits",
    "engine/supervise.py": "what a child process inherits",
    "demo/": "what a child process inherits",
}
SQL = {"store/": "the only folder with SQL"}
HTTP = {"net/": "the one user of httpx"}
S3 = {"net/bucket.py": "the one user of obstore"}

_TIME = re.compile(
    r"^(datetime\.(datetime\.)?(now|utcnow|today)|(datetime\.)?date\.today|time\.(time|monotonic|perf_counter)(_ns)?)$"
)
_CHANCE = re.compile(r"^(random|secrets)\.|^uuid\.uuid[14]$|^os\.urandom$")
_ENVIRONMENT = re.compile(r"^os\.(environ|getenv|environb)$")


def test_each_of_the_ten_words_is_one_function_in_its_room() -> None:
    found = {word: [] for word in WORDS}
    for module in MODULES:
        for match in re.finditer(r"^(?:async )?def (\w+)\b", module.read_text(encoding="utf-8"), re.MULTILINE):
            if match[1] in found:
                found[match[1]].append(_name(module))

    assert {word: [room] for word, room in WORDS.items()} == found


def test_each_platform_has_an_adapter_a_twin_and_a_test() -> None:
    adapters = {file.stem for file in (SRC / "platforms").iterdir() if not file.stem.startswith("_")}
    assert adapters
    for name in adapters:
        assert (ROOT / "tests" / "platforms" / f"test_{name}.py").is_file(), f"{name} has no test"
        twin = SRC / "sandbox" / name
        assert twin.is_dir() or twin.with_suffix(".py").is_file(), f"{name} has no twin"
    tests = {file.stem.removeprefix("test_") for file in (ROOT / "tests" / "platforms").glob("test_*.py")}
    assert adapters <= tests


def test_each_translator_has_a_twin_and_a_name_in_the_settings() -> None:
    tools = {file.stem for file in (SRC / "translators").glob("*.py") if not file.stem.startswith("_")}

    assert tools | {"off"} == set(get_args(get_type_hints(Translation)["tool"]))
    for name in tools:
        assert (SRC / "sandbox" / name / "rooms.py").is_file(), f"{name} has no twin"
        assert (ROOT / "tests" / "sandbox" / f"test_{name}.py").is_file(), f"the twin of {name} has no test"


def test_no_file_is_a_corridor() -> None:
    corridors = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|base)($|_)")

    assert [] == [_name(file) for file in MODULES if corridors.search(file.stem)]


def test_no_file_has_over_500_lines() -> None:
    lengths = {_name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in MODULES}
    crowded = {name: length for name, length in sorted(lengths.items()) if length > 400}
    if crowded:
        print("over 400 lines, soon two rooms:", crowded)  # pytest -rP shows it

    assert {} == {name: length for name, length in crowded.items() if length > 500}


def test_each_module_says_what_it_is_for() -> None:
    assert [] == [_name(file) for file in MODULES if not ast.get_docstring(_tree(file))]


def test_import_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("what", "allowed"),
    [(("sqlalchemy", "alembic"), SQL), (("httpx",), HTTP), (("obstore",), S3)],
    ids=["sql", "http", "s3"],
)
def test_a_library_has_one_user(what: tuple[str, ...], allowed: dict[str, str]) -> None:
    users = {_name(file) for file in MODULES if any(_roots(_tree(file)) & {library} for library in what)}

    assert users
    assert [] == sorted(name for name in users if not _admitted(name, allowed))


@pytest.mark.parametrize(
    ("what", "allowed"),
    [(_TIME, TIME), (_CHANCE, CHANCE), (_ENVIRONMENT, ENVIRONMENT)],
    ids=["time", "chance", "environment"],
)
def test_time_chance_and_environment_are_handed_in(what: re.Pattern[str], allowed: dict[str, str]) -> None:
    uses = [
        f"{_name(file)}:{line} {used}"
        for file in MODULES
        if not _admitted(_name(file), allowed)
        for line, used in _used(file)
        if what.search(used)
    ]

    assert [] == uses


def test_no_test_patches_anything() -> None:
    banned = re.compile(r"(^|\.)(mock\.|patch$|patch\.object$|patch\.dict$)|monkeypatch\.(setattr|setitem|delattr)$")
    uses = [
        f"{file.relative_to(ROOT)}:{line} {used}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for line, used in _used(file)
        if banned.search(used) and "http" not in used
    ]

    assert [] == uses


def test_nothing_foreign_is_tracked() -> None:
    foreign = re.compile(r"(^|/)uv\.lock$|\.(woff2?|ttf|otf|eot|so|whl|deb)$|\.min\.(js|css)$|(^|/)node_modules/")

    assert [] == [name for name in _tracked() if foreign.search(name)]


def test_lock_files_are_pinned_by_hash_and_name_no_host() -> None:
    for name in ("requirements.lock", "tests/requirements.lock", "tests/bench.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|--trusted)", text, re.MULTILINE), name
        entries = re.split(r"\n(?=\S)", text.strip())
        assert entries
        assert [] == [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry], name


def test_no_file_names_a_machine_it_was_written_on() -> None:
    # Put together from parts, so that this file is not one of them.
    places = re.compile(
        "|".join(["/" + "work/", r"/" + r"root\b", "/home/" + r"\w+/", r"\.lib" + "rary/", "/Us" + "ers/"])
    )
    named = [
        f"{name}:{number}"
        for name in _tracked()
        for number, line in enumerate(_text(ROOT / name).splitlines(), 1)
        if places.search(line)
    ]

    assert [] == named


def _name(file: Path) -> str:
    return file.relative_to(SRC).as_posix()


def _admitted(name: str, allowed: dict[str, str]) -> bool:
    return any(name.startswith(place) if place.endswith("/") else name == place for place in allowed)


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return ""


def _roots(tree: ast.Module) -> set[str]:
    """Return the top packages that a module imports, at run time or for types only."""
    roots: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            roots.add((node.module or "").partition(".")[0])
    return roots


@cache
def _used(file: Path) -> tuple[tuple[int, str], ...]:
    return tuple(_uses(_tree(file)))


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of whatever is used, with `from x import y as z` seen through."""
    full: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            full |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            full |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
        elif isinstance(node, ast.Name):
            dotted = node.id
        else:
            continue
        if dotted:
            head, dot, tail = dotted.partition(".")
            yield node.lineno, full.get(head, head) + dot + tail


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (head := _dotted(node.value)):
        return f"{head}.{node.attr}"
    return ""


def _tracked() -> list[str]:
    """Return the files of the project: tracked ones, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return sorted(name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())
