"""APScheduler 3 with SQLAlchemyJobStore, tuned: no grace for misfires, a thread for each slot.

python -m tests.bench.peers.apscheduler SPEC     fills the job store (`fill`), else runs it
"""

import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from tests.bench.peers import record


def scheduler_of(spec: dict[str, Any]) -> BackgroundScheduler:
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=record.engine_of(spec["database"]))},
        executors={"default": ThreadPoolExecutor(spec["slots"])},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone=UTC,
    )


def fill(spec: dict[str, Any]) -> None:
    """Add a job for each post, all due now."""
    scheduler = scheduler_of(spec)
    scheduler.start(paused=True)
    due = datetime.now(UTC)
    for n in range(spec["number"]):
        scheduler.add_job("tests.bench.peers.record:post", "date", run_date=due, args=[n], id=str(n))


def main() -> None:
    spec = json.loads(sys.argv[1])
    if spec.get("fill"):
        fill(spec)
        print(json.dumps({"filled": spec["number"]}), flush=True)
        os._exit(0)  # its shutdown looks once more, and takes what is due out of the store
    scheduler = scheduler_of(spec)
    print(json.dumps({"began": time.time()}), flush=True)
    scheduler.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
