"""The command line: it parses, calls one verb, and shows what came of it."""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from campaign.core.errors import CampaignError

# May stand before the command, too: campaign --dir DIR post list.
_EVERYWHERE = {"--config": 1, "--dir": 1, "--as": 1, "--json": 0}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without `argv` that of this process, which then ends."""
    code = _run(list(sys.argv[1:] if argv is None else argv))
    if argv is None:
        sys.exit(code)
    return code


def _run(tokens: list[str]) -> int:
    from cyclopts import CycloptsError

    from campaign.cli.tree import build

    as_json = "--json" in tokens
    try:
        tokens = _hoisted(tokens)
        app = build(tokens[0] if tokens else "")
        result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        _tell(as_json, str(error).strip(), {"type": "Usage"})
        return 2
    except CampaignError as error:
        told = {"type": type(error).__name__}
        told |= {name: str(getattr(error, name)) for name in ("field", "value", "rule") if hasattr(error, name)}
        _tell(as_json, str(error), told, notes=getattr(error, "__notes__", []))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain when it flushes at its end.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        _debug()
        where = f": {error.filename}" if error.filename else ""
        _tell(as_json, f"{error.strerror or error}{where}", {"type": "OSError"})
        return 1
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a message
        _debug()
        # What a database's driver says, without the statement and its values: they hold what people wrote.
        said = str(getattr(error, "orig", None) or error).partition("\n")[0]
        if type(error).__name__ == "OperationalError":
            rule = "what was under way was not kept; look at its disk (campaign doctor), then do the same again"
            _tell(as_json, f"the database cannot be used: {said}; {rule}", {"type": "DatabaseError"})
            return 1
        _tell(as_json, f"internal error: {type(error).__name__}: {said}", {"type": "InternalError"})
        return 1
    return result if isinstance(result, int) else 0


def _hoisted(tokens: list[str]) -> list[str]:
    """Return the tokens with options that stand before the command moved behind it."""
    front = 0
    while front < len(tokens) and tokens[front].partition("=")[0] in _EVERYWHERE:
        name, equals, _ = tokens[front].partition("=")
        front += 1 if equals else 1 + _EVERYWHERE[name]
    moved, rest = tokens[:front], tokens[front:]
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *moved, *rest[end:]]


def _tell(as_json: bool, message: str, told: dict[str, Any], notes: Sequence[str] = ()) -> None:
    from campaign.cli.show import clean

    with contextlib.suppress(BrokenPipeError):
        if as_json:
            error = {**told, "message": message} | ({"notes": list(notes)} if notes else {})
            print(json.dumps({"error": error}, ensure_ascii=False), file=sys.stderr)
            return
        prefix = "" if message.startswith("internal error: ") else "error: "
        print(clean("\n".join([prefix + message, *notes])), file=sys.stderr)


def _debug() -> None:
    if os.environ.get("CAMPAIGN_LOG__LEVEL") == "debug":
        traceback.print_exc()
