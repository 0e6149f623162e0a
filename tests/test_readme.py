"""The README: what is generated in it equals what the program says; what it tells to type exists.

`python -m tests.test_readme` (make readme) writes the generated parts anew.
"""

import ast
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from campaign.core import errors, states
from campaign.core.adapter import Ability, Capabilities, RateRule, TextRule
from campaign.platforms import available, load

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_COUNTS = {
    "characters": "characters", "graphemes": "graphemes", "utf16": "UTF-16 units", "bytes": "bytes",
    "x": "weighted characters", "threads": "characters, an emoji as its bytes", "linkedin": "characters",
}  # fmt: skip


def test_its_generated_parts_are_what_the_program_says() -> None:
    text = README.read_text(encoding="utf-8")

    assert _filled(text) == text, "run: make readme"


def test_every_platform_has_a_row_without_an_empty_cell() -> None:
    for table in (platform_table(), ability_table()):
        rows = [_cells(line) for line in table.splitlines()]

        assert [row[0].strip("`") for row in rows[2:]] == list(available())
        assert [] == [row for row in rows if not all(row) or len(row) != len(rows[0])]


def test_every_state_is_in_the_picture() -> None:
    picture = _part(README.read_text(encoding="utf-8"), "life of a delivery")

    assert [] == [state for state in states.State if f" {state}" not in picture]


def test_each_word_of_the_flow_lives_where_it_says() -> None:
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| `([\w/]+\.py)` \|$", README.read_text(encoding="utf-8"), re.MULTILINE)

    assert [word for word, _ in rows] == [
        *("compose", "check", "approve", "enqueue", "claim"),
        *("publish", "record", "archive", "measure", "report"),
    ]
    for word, room in rows:
        tree = ast.parse((ROOT / "src" / "campaign" / room).read_text(encoding="utf-8"))
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        assert word in {node.name for node in functions}, f"{room} has no {word}"


def test_every_exit_code_is_explained() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.CampaignError)} | {0}
    told = re.findall(r"^\| (\d) \| \w", README.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(codes) == [int(code) for code in told]


def test_every_command_that_it_names_is_there() -> None:
    from campaign.cli.tree import ALONE, ROOMS

    for words in _commands(README.read_text(encoding="utf-8")):
        if words[0] in ROOMS:
            known = {verb for phrase in ROOMS[words[0]][1] for verb in (phrase, phrase.split()[0])}
            assert len(words) > 1 and words[1] in known, f"no such command: campaign {' '.join(words)}"
        else:
            assert words[0] in ALONE or words[0].startswith(("-", "COMMAND")), f"no such command: campaign {words[0]}"


def test_every_make_target_that_it_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make\s([a-z-]+)", README.read_text(encoding="utf-8"), re.MULTILINE))

    assert {"demo", "test", "sweep", "lint", "test-real"} <= named <= targets


def platform_table() -> str:
    """Return the table of the platforms' limits, from their declarations."""
    head = ["platform", "text", "title", "pictures", "clips", "alt text", "guarantees", "settles within", "requests"]
    rows = []
    for name in available():
        has = load(name).defaults
        guarantees = ", ".join(f"`{guarantee}`" for guarantee in has.guarantees)
        cells = [f"`{name}`", _text(has.text), _title(has), _media(has, "image"), _media(has, "video"), _alt(has)]
        rows.append([*cells, guarantees, f"{has.settles_within:g} s", _rate(has.rate)])
    return _table(head, rows)


def ability_table() -> str:
    """Return the table of what the platforms offer; each "no" leads to the page that says so."""
    heads: dict[str, Ability] = {
        "thread": "threads", "language tag": "languages", "caption tracks": "captions", "edit": "edits",
        "delete": "deletes", "fetch": "fetches", "comments": "comments",
    }  # fmt: skip
    rows = []
    for name in available():
        kind = load(name)
        has = kind.defaults
        cells = [_offered(has, ability) for ability in heads.values()]
        prices = ", ".join(
            f"[{price.usd} USD]({price.source.url}) {price.what.replace('_', ' ')}" for price in has.prices
        )
        rows.append([f"`{name}`", *cells, _counters(has), has.token, prices or "nothing"])
    return _table(["platform", *heads, "counters", "token", "asks for a post"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def _offered(has: Capabilities, ability: Ability) -> str:
    return "yes" if ability not in has.missing() else f"[no]({has.not_offered[ability].url})"


def _counters(has: Capabilities) -> str:
    return ", ".join(has.metrics) if has.metrics else _offered(has, "measure")


def _title(has: Capabilities) -> str:
    if has.title is None:
        return "no"
    told = f"[{has.title.limit} {_COUNTS[has.title.counts]}]({has.title.source.url})"
    return f"{told}, needed" if has.title.required else told


def _alt(has: Capabilities) -> str:
    if "alt" in has.missing():
        return _offered(has, "alt")
    limits = {rule.max_alt for rule in has.media if rule.max_alt}
    return f"{min(limits)} characters" if limits else "no limit told"


def _media(has: Capabilities, kind: Ability | str) -> str:
    rules = [rule for rule in has.media if rule.kind == kind]
    if not rules:
        return _offered(has, "images" if kind == "image" else "videos")
    names = ", ".join(sorted({mime.partition("/")[2].upper() for rule in rules for mime in rule.mimes}))
    size = max(rule.max_bytes for rule in rules) / 2**20
    most = f"{size / 1024:.0f} GiB" if size >= 2048 else f"{size:.0f} MiB"
    return f"[{max(rule.max_count for rule in rules)} of {most}]({rules[0].source.url}) ({names})"


def _text(rule: TextRule) -> str:
    links = f", a link counts {rule.link_length}" if rule.link_length else ""
    media = f", {rule.limit_with_media} with media" if rule.limit_with_media else ""
    return f"[{rule.limit} {_COUNTS[rule.counts]}]({rule.source.url}){media}{links}"


def _rate(rule: RateRule) -> str:
    per = f"{rule.seconds // 60} min" if rule.seconds >= 60 else f"{rule.seconds} s"
    return f"[{rule.requests} in {per}]({rule.source.url})"


def _generated() -> dict[str, str]:
    return {
        "life of a delivery": f"```mermaid\n{states.mermaid()}\n```",
        "platforms": platform_table(),
        "abilities": ability_table(),
    }


def _filled(text: str) -> str:
    for name, body in _generated().items():
        begin, end = _markers(text, name)
        text = f"{text[:begin]}\n{body}\n{text[end:]}"
    return text


def _part(text: str, name: str) -> str:
    begin, end = _markers(text, name)
    return text[begin:end]


def _markers(text: str, name: str) -> tuple[int, int]:
    """Return where a generated part begins and ends."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    assert text.count(begin) == text.count(end) == 1, f"the markers of '{name}' must stand once each"
    return text.index(begin) + len(begin), text.index(end)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _commands(text: str) -> list[list[str]]:
    """Return the words after `campaign` wherever a command stands in a code block or between backticks."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    found = [line for block in blocks for line in re.findall(r"(?:^|\| )campaign (.*)$", block, re.MULTILINE)]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found += [command.replace("\n", " ") for command in re.findall(r"`campaign ([^`]+)`", prose)]
    commands = [shlex.split(line.split("#")[0].rstrip("\\ &")) for line in found]
    assert len(commands) > 10
    return commands


def main() -> None:
    """Write the generated parts of the README anew."""
    README.write_text(_filled(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
