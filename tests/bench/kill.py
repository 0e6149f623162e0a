"""kill -9 in the middle of a burst, a restart, a bounded wait: what was posted twice, lost, or never written down.

The stub's books decide. It takes every POST for a new post, as servers do that ignore an Idempotency-Key.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tests.bench.ours import text
from tests.bench.stub import Stub
from tests.bench.watch import LOOK, Program, compared, until_done

CALM = 8.0  # seconds without any movement after which the run is over


def measured(
    start: Callable[[], Program],
    stub: Stub,
    number: int,
    recorded: Callable[[], int],
    texts: Callable[[], set[str]],
    *,
    at_most: float = 120.0,
    unsettled: Callable[[], int] = lambda: 0,
) -> dict[str, Any]:
    """Kill an engine when half of its posts have arrived, start it again, and compare the books.

    Args:
        start: starts the engine's process; called twice.
        recorded, texts: how many it says are published, and which.
        at_most: seconds after the restart.
        unsettled: how many it says are in doubt: as long as there are any, it is waited for.
    """
    program = start()
    limit = time.monotonic() + 60
    while stub.count() < number // 2 and time.monotonic() < limit:
        time.sleep(LOOK / 10)
    program.kill()
    at_kill = stub.count()
    began = time.monotonic()
    program = start()
    try:
        while time.monotonic() - began < at_most:
            all_done = until_done([program], stub, number, recorded, patience=CALM)
            if all_done or not unsettled():
                break
    finally:
        program.kill()
    books = compared(stub, [text(n) for n in range(number)], texts())
    return {"at_kill": at_kill, "seconds": round(time.monotonic() - began, 1), **asdict(books)}
