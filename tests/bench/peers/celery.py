"""Celery with Redis (here Valkey, which speaks its protocol), a pool of threads, one task per post.

    python -m tests.bench.peers.celery SPEC       fills the queue (`fill`), else runs a worker

With `late` a task is acknowledged when it is done, and what a dead worker held is delivered again after five seconds.
"""

import json
import os
import sys
import time
from typing import Any

from celery import Celery, signals

from tests.bench.peers import record


def app_of(spec: dict[str, Any]) -> Celery:
    app = Celery("bench", broker=spec["broker"])
    app.conf.update(
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        task_acks_late=bool(spec.get("late")),
        task_reject_on_worker_lost=bool(spec.get("late")),
        broker_transport_options={"visibility_timeout": 5} if spec.get("late") else {},
    )
    app.task(name="post")(record.post)
    return app


def fill(spec: dict[str, Any]) -> None:
    """Send a message for each post."""
    app = app_of(spec)
    with app.connection_for_write() as connection:
        producer = app.amqp.Producer(connection)
        for n in range(spec["number"]):
            app.send_task("post", args=[n], producer=producer)


@signals.worker_ready.connect
def _ready(**_: Any) -> None:
    print(json.dumps({"began": time.time()}), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if given.get("fill"):
        fill(given)
        print(json.dumps({"filled": given["number"]}), flush=True)
    else:
        os.environ.setdefault("C_FORCE_ROOT", "1")
        argv = ["worker", "--pool", "threads", "--concurrency", str(given["slots"]), "--loglevel", "ERROR"]
        app_of(given).worker_main([*argv, "--without-gossip", "--without-mingle"])
