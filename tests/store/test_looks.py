"""Which Outgoings were looked at: each is marked once for its time, by one worker."""

import threading
from datetime import timedelta

from campaign.store import looks
from campaign.store.tables import outgoings
from tests.store.conftest import NOW, Desk


def test_of_two_workers_one_looks(desk: Desk) -> None:
    desk.add()
    with desk.store.begin() as tx:
        tx.execute(outgoings.update().values(due_at=NOW + timedelta(minutes=29)))
    found: list[int] = []
    together = threading.Barrier(2)

    def one() -> None:
        together.wait()
        with desk.store.begin() as tx:
            found.append(len(looks.mark(tx, "looked_at", "post-1", now=NOW, ahead=timedelta(minutes=30))))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [0, 1] == sorted(found)
