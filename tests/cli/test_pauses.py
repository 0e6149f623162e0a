"""Pauses from the command line, while no desk runs: with reason and who, in each scope, up to the line itself."""

import json

from tests.cli.conftest import Shell
from tests.conftest import World

from campaign.store import accounts as account_rows

SCOPES = (("all",), ("campaign", "c"), ("language", "ko"), ("platform", "mastodon"), ("account", "kr"))


def test_a_pause_of_each_scope_stops_a_claimed_delivery_before_the_line(world: World, shell: Shell) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    for scope in SCOPES:
        put_up: list[int] = []
        worker = world.open(
            failpoint=lambda name, scope=scope, put_up=put_up: (
                put_up.append(shell("pause", *scope, "--reason", "wrong date").code) if name == "prepared" else None
            )
        )
        world.tick(worker)
        worker.store.close()

        [row] = world.deliveries()
        assert ([0], "scheduled", 0, []) == (put_up, row.state, row.attempts, world.twin.books()), scope
        with world.app.store.read() as tx:
            [entry] = account_rows.pauses_now(tx)
        assert (scope[0], "wrong date", "alice") == (entry.scope, entry.reason, entry.person)
        world.tick()
        assert [] == world.twin.books(), "nor is it claimed behind it"
        assert 0 == shell("resume", *scope, by="bob").code
    world.tick()

    assert (["published"], 1) == (world.states(), len(world.twin.books()))


def test_a_pause_lets_all_else_go_on(world: World, shell: Shell) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    world.post("P01", to=("kr", "ru"), texts={"ko": "안녕", "ru": "Привет"})
    shell("pause", "language", "ko", "--reason", "translation")
    world.clock.turn(minutes=10)
    world.tick()

    assert ["Привет"] == [row["text"] for row in world.twin.books()]


def test_a_resume_tells_what_was_missed_and_a_second_one_is_refused(world: World, shell: Shell) -> None:
    world.post("P01", minutes=1)
    shell("pause", "--reason", "mourning")
    world.clock.turn(minutes=30)

    told = shell("resume", "--json", by="bob")
    again = shell("resume")

    assert (0, "all", 1) == (told.code, told.json["scope"], len(told.json["missed"]))
    assert 2 == again.code and "is not paused; paused is: nothing" in again.err
    missed = shell("delivery", "list", "--state", "missed", "--json")
    assert told.json["missed"] == [row["id"] for row in missed.json]


def test_a_campaigns_lateness_is_set_changed_and_shown(world: World, shell: Shell) -> None:
    made = shell("campaign", "add", "d", "--zone", "Asia/Seoul", "--grace", "30", "--late", "cancel", "--json")
    assert (0, 30.0, "cancel") == (made.code, made.json["grace_minutes"], made.json["late"])
    world.post("P01")
    edited = shell("campaign", "edit", "c", "--grace", "1.5", "--late", "cancel")
    assert edited.out.startswith("campaign c: late after 1.5 min, then cancel; 1 deliveries judged anew\n")
    shown = shell("campaign", "show", "c", "--json").json
    assert (1.5, "cancel") == (shown["grace_minutes"], shown["late"])
    for words, said in (
        (("--grace", "0.5"), "grace '0.5': must be at least one minute"),
        (("--grace", "nan"), "number of minutes"),
        (("--late", "burst"), "late"),
        ((), "names nothing to change"),
    ):
        refused = shell("campaign", "edit", "c", *words)
        assert 2 == refused.code and said in refused.err, (words, refused.err)
    assert 3 == shell("campaign", "edit", "nowhere", "--late", "ask").code


def test_notices_are_listed_with_what_to_do(world: World, shell: Shell) -> None:
    assert "nothing waits for a person\n" == shell("notices").out
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("expired_token", path="/api/v1/statuses")
    world.tick()

    listed, told = shell("notices"), shell("notices", "--json")

    assert "account.refused" in listed.out and "campaign account add … --name kr --again" in listed.out
    assert "not handed over" in listed.err
    [notice] = json.loads(told.out)
    assert ("account.refused", "kr", None) == (notice["kind"], notice["subject"], notice["told_at"])
