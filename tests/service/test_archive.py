"""archive: what happened is on disk, accepted by judges that others wrote; a failure never moves a delivery."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from campaign.core.model import Guarantee
from campaign.record import as2
from campaign.record.verify import verify
from campaign.service import archive as verb
from campaign.service.approve import approve
from campaign.service.confirm import settle
from campaign.store import accounts as account_rows
from campaign.store import queue
from tests.conftest import World

from .test_confirm import become
from .test_measure import published
from .test_publish import STATUSES, publish_only, settle_down

BIN = Path(sys.executable).parent


def files_of(world: World, post_id: str) -> dict[str, bytes]:
    urn = as2.urn(post_id)
    return {name: world.app.archive.read(urn, name) for name in world.app.archive.state(urn)}


def exchanged(files: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """(record type, payload) of every request and answer in the WARCs, as warcio reads them."""
    found = []
    for name, raw in files.items():
        if name.endswith(".warc.gz"):
            for record in ArchiveIterator(io.BytesIO(raw)):
                if record.rec_type in ("request", "response"):
                    found.append((record.rec_type, record.content_stream().read()))
    return found


def judged(root: Path) -> list[str]:
    """What the judges refuse: OCFL objects one by one, WARCs by warcio, gzip members by gzip."""
    objects = sorted(path.parent for path in root.rglob("0=ocfl_object_1.1"))
    warcs = sorted(root.rglob("*.warc.gz"))
    tools = [
        [str(BIN / "ocfl-validate.py"), "-q", *map(str, objects)],
        [str(BIN / "warcio"), "check", *map(str, warcs)],
        ["gzip", "-t", *map(str, warcs)],
    ]
    assert objects and warcs
    found = [subprocess.run(tool, check=False, capture_output=True, text=True) for tool in tools]
    return [ran.args[0] + ran.stdout + ran.stderr for ran in found if ran.returncode]


@pytest.mark.parametrize("fault", [None, "lose_response", "500_after", "bad_json", "drop_request"])
def test_every_delivery_has_its_request_and_answer_with_its_text_and_remote_id(world: World, fault: str | None) -> None:
    world.post("P01", texts={"ko": "안녕하세요, 평화!"}, pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    if fault:
        world.twin.fault(fault, method="POST", path=STATUSES)
    settle_down(world)

    [delivery] = world.deliveries()
    pairs = exchanged(files_of(world, delivery.post_id))
    text, remote_id = "안녕하세요, 평화!", str(delivery.remote_id)
    assert any(kind == "request" and text.encode() in payload for kind, payload in pairs)
    answers = [
        json.loads(body) for kind, body in pairs if kind == "response" and body[:1] in b"{[" and b"not json" not in body
    ]
    flat = [item for answer in answers for item in (answer if isinstance(answer, list) else [answer])]
    assert remote_id in {item.get("id") for item in flat}
    assert [] == verify(world.app.archive.root)
    if fault in (None, "lose_response"):  # the judges are slow to start
        assert [] == judged(world.app.archive.root)


def test_the_record_says_what_was_published_where_and_by_whom(world: World) -> None:
    world.campaign("s", approval="one")
    world.post("P01", campaign="s", approve_now=False, pictures=(world.picture(),))
    approve(world.app, "P01", by=world.bob)
    world.clock.turn(minutes=10)
    world.tick()
    [delivery] = world.deliveries()
    files = files_of(world, delivery.post_id)
    record = as2.parse(files["record.jsonld"])

    assert (["published"], [delivery.remote_id], [("ko", "bob")], "alice") == (
        [row.state for row in record.deliveries],
        [row.remote_id for row in record.deliveries],
        [(row.lang, row.by) for row in record.approvals],
        record.author,
    )
    kinds = {json.loads(line)["eventType"] for line in files["events.jsonl"].splitlines() if b"eventType" in line}
    assert 3 == len(kinds), kinds


def test_each_part_of_a_thread_has_its_own_exchange(world: World) -> None:
    world.post("P01", texts={"ko": " ".join(f"{n}번째 문장." for n in range(150))}, overflow="thread")
    world.clock.turn(minutes=10)
    settle_down(world)
    rows = world.deliveries()
    files = files_of(world, rows[0].post_id)

    assert sorted(row.id[-12:] for row in rows) == sorted(
        name.split("/")[1][:12] for name in files if name.endswith(".warc.gz")
    )
    assert (True, []) == (len(rows) > 1, judged(world.app.archive.root))


def test_what_a_person_settled_and_what_failed_or_was_missed_is_on_record_too(world: World) -> None:
    become(world, Guarantee.NONE, "other")
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=STATUSES)
    publish_only(world)
    settle(world.app, world.deliveries()[0].id, "abandon", by=world.bob)
    verb.archive(world.app)
    [delivery] = world.deliveries()
    record = as2.parse(files_of(world, delivery.post_id)["record.jsonld"])

    assert (["failed"], "archived") == ([row.state for row in record.deliveries], delivery.archive_state)


def test_a_second_look_writes_nothing_new(world: World) -> None:
    published(world, "P01")
    [delivery] = world.deliveries()
    urn = as2.urn(delivery.post_id)
    head = world.app.archive.inventory(urn).head

    assert (0, head) == (verb.archive(world.app), world.app.archive.inventory(urn).head)


@pytest.mark.parametrize("new_account", [False, True], ids=["post", "account and post"])
def test_an_archive_that_fails_never_moves_a_delivery_and_is_tried_again(world: World, new_account: bool) -> None:
    said: list[str] = []
    if not new_account:
        verb.archive(world.app)
    root = world.app.archive.root
    aside = root.rename(root.with_name("aside"))
    root.write_text("a file in its way")
    world.post("P01")
    world.clock.turn(minutes=10)
    app = world.open(log=lambda name, **_: said.append(name))
    world.tick(app)

    [delivery] = world.deliveries()
    assert ("published", "due", True) == (delivery.state, delivery.archive_state, "archive.failed" in said)

    root.unlink()
    aside.rename(root)
    world.tick()

    assert ["archived"] == [row.archive_state for row in world.deliveries()]
    with world.app.store.read() as tx:
        assert [] == account_rows.due_for_archive(tx)


def test_one_object_that_cannot_be_written_does_not_stop_the_others(world: World) -> None:
    first = world.post("P01", pictures=(world.picture(),))
    world.post("P02")
    world.clock.turn(minutes=10)
    publish_only(world)
    medium = world.app.media.path(first.outgoings[0].outgoing.media[0].sha256)
    kept = medium.read_bytes()
    medium.unlink()
    verb.archive(world.app)

    assert {"P01": "due", "P02": "archived"} == states(world)

    medium.write_bytes(kept)
    verb.archive(world.app)

    assert {"P01": "archived", "P02": "archived"} == states(world)


def states(world: World) -> dict[str, str]:
    with world.app.store.read() as tx:
        return {row["post"]: row["archive_state"] for row in queue.listed(tx)}
