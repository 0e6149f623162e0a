"""A campaign of one's own, rehearsed: on real twins, with the daemon's engine, while its real hosts hear nothing."""

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from tests.conftest import START, World

from campaign import bootstrap, sandbox
from campaign.core.adapter import Exchanges
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.model import Account
from campaign.demo.rehearsal.outcome import Line, Rehearsal
from campaign.demo.rehearsal.stage import Stage
from campaign.demo.rehearse import rehearse
from campaign.platforms import available, load
from campaign.service import accounts, campaigns
from campaign.service.approve import approve
from campaign.service.compose import Wording
from campaign.service.pause import pause
from campaign.service.revise import revise
from campaign.store import accounts as account_rows
from campaign.store import open_store, queue

CANARY = "canary-7f3a9c-token"


@contextmanager
def _listening() -> Iterator[tuple[str, list[object]]]:
    """A host that counts who comes."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def count() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                calls.append(address)
                connection.close()

        threading.Thread(target=count, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Campaign c wants a second person's word; accounts kr and ru at twins that a rehearsal must not touch."""
    made = make_world()
    made.campaign(approval="one", quiet_hours={"ko": "22:00-08:00 Asia/Seoul"})
    made.connect("kr", "ko", twin_account="peace_ko")
    made.connect("ru", "ru", twin_account="peace_ru")
    return made


def _rehearse(world: World, **options: object) -> Rehearsal:
    settings = world.settings.model_copy(update={"clock_file": str(world.clock.file)})
    return rehearse(settings, "c", **options)  # type: ignore[arg-type]


def _alter(world: World, name: str, **values: object) -> Account:
    """Give an account another address, or another sheet, as if it had been connected so."""
    with world.app.store.begin() as tx:
        account = replace(account_rows.account_named(tx, name), **values)  # type: ignore[arg-type]
        account_rows.reconnect(tx, account, world.app.vault, CANARY)
        tx.exec_driver_sql("UPDATE accounts SET base_url = ? WHERE id = ?", (account.base_url, account.id))
    return account


def _line(found: Rehearsal, post: str, account: str = "kr", part: int = 1) -> Line:
    return next(line for line in found.lines if (line.post, line.account, line.part) == (post, account, part))


def _both(world: World, name: str, minutes: float = 600, **options: object) -> None:
    texts = {"ko": f"안녕하세요 {name}", "ru": f"Здравствуйте {name}"}
    world.post(name, minutes=minutes, to=("kr", "ru"), texts=texts, approve_now=False, **options)


def _damage(world: World) -> None:
    """What a bad disk does to a picture: our check sees its size and kind, a platform opens it."""
    for file in world.settings.folder("media").glob("??/??/*"):
        file.chmod(0o600)
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))


def test_a_fine_campaign_goes_out_whole_on_the_twins_and_not_at_all_for_real(world: World) -> None:
    for day in range(3):
        _both(world, f"P0{day}", minutes=600 + 1440 * day)
        approve(world.app, f"P0{day}", by=world.bob)

    found = _rehearse(world)

    assert ({"published": 6}, 0) == (found.tally, found.exit_code)
    line = _line(found, "P01", "ru")
    assert (line.due_at, line.due_at) == (line.out_at, START + timedelta(minutes=600 + 1440))
    assert (len("Здравствуйте P01"), 500) == (line.length, line.limit)
    assert ["scheduled"] * 6 == world.states()
    assert [] == world.twin.books()


def test_the_real_hosts_hear_nothing_and_their_tokens_stay_where_they_are(world: World) -> None:
    with _listening() as (address, calls):
        for name in ("kr", "ru"):
            _alter(world, name, base_url=address)
        world.post("P01", minutes=600, pictures=(world.picture(),), approve_now=False)
        _both(world, "P02", minutes=660)
        approve(world.app, "P01", by=world.bob)
        searched: list[int] = []
        stages: list[Stage] = []

        def search(*_: object) -> None:
            (stage,) = stages
            files = [file for file in stage.folder.rglob("*") if file.is_file() and not file.is_symlink()]
            needles = [CANARY.encode(), address.encode(), address.partition("//")[2].encode()]
            needles += [world.settings.folder("keys").joinpath("token.key").read_bytes().strip()]
            found = [(file.name, needle) for file in files for needle in needles if needle in file.read_bytes()]
            assert [] == found
            assert any(stage.twin.base_url.encode() in file.read_bytes() for file in files)  # it would be found
            searched.append(len(files))

        found = _rehearse(world, drafts=True, before=stages.append, show=search)

    assert len(searched) > 1  # while it ran, again and again
    assert min(searched) > 3
    assert {"published": 3} == found.tally
    assert [] == calls
    assert CANARY not in json.dumps(found.plain())


def test_a_request_to_any_other_host_is_refused_before_it_leaves(world: World) -> None:
    world.post("P01", minutes=600, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    with _listening() as (address, calls):

        def point_elsewhere(stage: Stage) -> None:
            with stage.app.store.begin() as tx:
                tx.exec_driver_sql("UPDATE accounts SET base_url = ?", (address,))

        found = _rehearse(world, before=point_elsewhere)

    assert [] == calls
    assert "is not the one host that may be spoken to here; nothing was sent" in str(_line(found, "P01").why)
    assert "refused" == _line(found, "P01").standing


def test_nothing_of_the_installation_is_changed_and_nothing_of_the_stage_stays(world: World) -> None:
    world.post("P01", minutes=600, pictures=(world.picture(),), approve_now=False)
    approve(world.app, "P01", by=world.bob)
    world.app.store.close()
    root, stages = world.settings.root, []

    def state() -> dict[str, str]:
        files = [file for file in root.rglob("*") if file.is_file() and not file.name.endswith("-shm")]
        return {str(file): sha256(file.read_bytes()).hexdigest() for file in files if file.stat().st_size}

    before = state()
    found = _rehearse(world, before=lambda stage: stages.append(stage.folder))

    assert {"published": 1} == found.tally
    assert before == state()
    assert not stages[0].exists()


def test_a_stage_that_is_interrupted_leaves_nothing(world: World) -> None:
    _both(world, "P01")
    approve(world.app, "P01", by=world.bob)
    stages: list[Path] = []

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _rehearse(world, before=lambda stage: stages.append(stage.folder), show=interrupt)

    assert not stages[0].exists()
    assert ["scheduled", "scheduled"] == world.states()


def test_what_is_not_approved_is_held_unless_drafts_count_as_approved(world: World) -> None:
    _both(world, "P01")
    approve(world.app, "P01", by=world.bob, langs=["ko"])

    found, drafts = _rehearse(world), _rehearse(world, drafts=True)

    assert ("published", None) == (_line(found, "P01").standing, _line(found, "P01").why)
    assert ("held", "not approved in ru") == (_line(found, "P01", "ru").standing, _line(found, "P01", "ru").why)
    assert 6 == found.exit_code
    assert ({"published": 2}, 0, True) == (drafts.tally, drafts.exit_code, drafts.plain()["drafts_as_approved"])


def test_drafts_count_as_approved_by_as_many_people_as_are_asked_for(world: World) -> None:
    _both(world, "P01")
    campaigns.edit_campaign(world.app, "c", by=world.bob, approval="two")

    assert {"published": 2} == _rehearse(world, drafts=True).tally


def test_an_outdated_translation_is_held_even_among_drafts(world: World) -> None:
    _both(world, "P01")
    approve(world.app, "P01", by=world.bob)
    revise(world.app, "P01", "ko", by=world.alice, text="새로운 뜻")

    found = _rehearse(world, drafts=True)

    assert "published" == _line(found, "P01").standing
    assert "held" == _line(found, "P01", "ru").standing
    assert "outdated in ru" in str(_line(found, "P01", "ru").why)


def test_a_pause_in_force_is_told_with_its_reason_and_who_set_it(world: World) -> None:
    _both(world, "P01")
    approve(world.app, "P01", by=world.bob)
    pause(world.app, "account", "ru", reason="the date is wrong", by=world.bob)

    found = _rehearse(world)

    assert "published" == _line(found, "P01").standing
    line = _line(found, "P01", "ru")
    assert ("held", "paused (account ru) by bob: the date is wrong") == (line.standing, line.why)


def test_what_the_twin_refuses_is_told_apart_from_what_our_check_refuses(world: World) -> None:
    damaged = world.picture({"ko": "그림", "ru": "рисунок"})
    _both(world, "P01", pictures=(damaged,))
    _both(world, "P02", minutes=700)
    for name in ("P01", "P02"):
        approve(world.app, name, by=world.bob)
    _damage(world)
    with world.app.store.read() as tx:
        sheet = account_rows.account_named(tx, "ru").sheet
    _alter(world, "ru", sheet={**sheet, "text_limit": 10})

    found = _rehearse(world)

    assert ["twin", None] == [_line(found, name).refused_by for name in ("P01", "P02")]
    assert ["refused", "published"] == [_line(found, name).standing for name in ("P01", "P02")]
    assert ["check", "check"] == [_line(found, name, "ru").refused_by for name in ("P01", "P02")]
    assert "over the limit of 10" in str(_line(found, "P01", "ru").why)


def test_a_medium_that_is_missing_is_found_out_before_the_day(world: World) -> None:
    world.post("P01", minutes=600, pictures=(world.picture(),), approve_now=False)
    approve(world.app, "P01", by=world.bob)
    shutil.rmtree(world.settings.folder("media"))

    found = _rehearse(world)

    assert ("refused", "check") == (found.lines[0].standing, found.lines[0].refused_by)
    assert "the media library does not hold it" in str(found.lines[0].why)


def test_a_twin_has_the_limits_of_its_account(world: World) -> None:
    with world.app.store.read() as tx:
        sheet = account_rows.account_named(tx, "kr").sheet
    _alter(world, "kr", sheet={**sheet, "text_limit": 5000, "alt_limit": 3000})
    long = "가" * 3000
    world.post(
        "P01", minutes=600, texts={"ko": long}, pictures=(world.picture({"ko": "나" * 2000}),), approve_now=False
    )
    approve(world.app, "P01", by=world.bob)

    found = _rehearse(world)

    assert ("published", 3000, 5000) == (found.lines[0].standing, found.lines[0].length, found.lines[0].limit)


def test_a_thread_goes_out_in_order_and_a_refused_part_takes_its_answers_with_it(world: World) -> None:
    text = "\n\n".join(f"{number} " + "가" * 300 for number in range(3))
    for name, minutes, pictures in (("P01", 600, (world.picture(),)), ("P02", 700, ())):
        world.post(name, minutes=minutes, texts={"ko": text}, overflow="thread", pictures=pictures, approve_now=False)
        approve(world.app, name, by=world.bob)
    _damage(world)

    found = _rehearse(world)

    assert ["refused", "missed", "missed"] == [_line(found, "P01", part=part).standing for part in (1, 2, 3)]
    assert ["the part before it is refused", "the part before it is missed"] == [
        _line(found, "P01", part=part).why for part in (2, 3)
    ]
    assert ["published"] * 3 == [_line(found, "P02", part=part).standing for part in (1, 2, 3)]


def test_what_answers_a_held_part_is_held_with_it(world: World) -> None:
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET langs = ? WHERE name = 'kr'", ('["ko", "ru"]',))
    texts = {"ko": "안녕", "ru": "Привет"}
    world.post("P01", minutes=600, texts=texts, strategy="thread", approve_now=False)
    approve(world.app, "P01", by=world.bob)
    pause(world.app, "language", "ko", reason="wrong word", by=world.bob)

    found = _rehearse(world)

    assert {"ko": "paused (language ko) by bob: wrong word", "ru": "the part before it is held"} == {
        line.langs[0]: line.why for line in found.lines
    }
    assert {"held": 2} == found.tally


def test_what_is_past_is_left_out_or_missed_and_said(world: World) -> None:
    for name, minutes in (("P01", 60), ("P02", 70), ("P03", 600)):
        world.post(name, minutes=minutes, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    approve(world.app, "P03", by=world.bob)
    world.clock.turn(hours=2)  # no daemon has run: P01 is beyond its grace, P02 was never approved

    found = _rehearse(world)
    later = _rehearse(world, starts="2026-11-25")

    assert {"published": 1, "missed": 1} == found.tally
    assert "before the rehearsal began" in str(_line(found, "P01").why)
    assert ("1 not approved, and the time is past",) == found.left_out
    assert () == tuple(line for line in later.lines if line.standing == "published")
    assert "1 due before the rehearsal begins" in later.left_out


def test_what_is_late_within_its_grace_goes_out_late(world: World) -> None:
    world.post("P01", minutes=60, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    world.clock.turn(minutes=70)

    found = _rehearse(world)

    assert ("late", "its time was past: 10 min late, within the grace") == (found.lines[0].standing, found.lines[0].why)
    assert 6 == found.exit_code


def test_quiet_hours_and_a_clock_change_show_in_local_times(make_world: Callable[..., World]) -> None:
    world = make_world(start=datetime(2026, 10, 24, 0, 0, tzinfo=UTC))
    world.campaign(quiet_hours={"ko": "22:00-08:00 Europe/Berlin"}, zone_name="Europe/Berlin")
    world.connect("kr", "ko")
    for name, at in (("P01", "2026-10-24 12:00"), ("P02", "2026-10-24 23:00"), ("P03", "2026-10-25 12:00")):
        # 12:00 in Berlin is 10:00 UTC before the change and 11:00 after it; the night between has 25 hours
        minutes = (datetime.fromisoformat(at) - datetime.fromisoformat("2026-10-24 09:00")).total_seconds() / 60
        world.post(name, minutes=minutes, zone="Europe/Berlin")

    found = _rehearse(world)

    assert ["2026-10-24 12:00", "2026-10-25 08:00", "2026-10-25 12:00"] == [
        line.plain()["local"].partition(" Europe")[0] for line in found.lines
    ]
    assert ["10:00", "07:00", "11:00"] == [f"{line.out_at:%H:%M}" for line in found.lines if line.out_at]
    assert "quiet hours of the ko audience: 22:00-08:00 Europe/Berlin" == found.lines[1].moved_because


def test_uploads_beyond_a_window_are_told_and_what_must_wait_too_long_is_missed(world: World) -> None:
    for number in range(9):
        pictures = tuple(world.picture(colour=f"rgb({number},{n},0)", name=f"{n}.png") for n in range(4))
        world.post(f"P{number:02}", minutes=600 + number, pictures=pictures, approve_now=False)
        approve(world.app, f"P{number:02}", by=world.bob)

    found = _rehearse(world)

    (breach,) = found.breaches
    assert ("kr", "uploads", 36, 30, 6) == (breach.account, breach.what, breach.wanted, breach.budget, breach.over)
    assert {"published": 7, "missed": 2} == found.tally
    assert "rate limit: no uploads are left until" in str(_line(found, "P08").why)
    assert 6 == found.exit_code


def test_nothing_scheduled_is_said_and_is_no_error(world: World) -> None:
    found = _rehearse(world)

    assert ((), 0) == (found.lines, found.exit_code)


def test_a_campaign_that_is_not_there_and_a_time_that_is_none_are_refused(world: World) -> None:
    with pytest.raises(NotFound, match="'d'"):
        rehearse(world.settings, "d")
    with pytest.raises(Invalid, match="from"):
        _rehearse(world, starts="tomorrow")


def test_a_platform_without_a_twin_is_not_rehearsed_and_no_error(world: World) -> None:
    _both(world, "P01")
    approve(world.app, "P01", by=world.bob)

    found = _rehearse(world, twins=())

    assert ({"not rehearsed": 2}, 0) == (found.tally, found.exit_code)
    assert "there is no twin of mastodon" == found.lines[0].why


def test_a_deliverys_wire_of_an_earlier_attempt_does_not_come_along(world: World) -> None:
    world.post("P01", minutes=1, approve_now=False)
    approve(world.app, "P01", by=world.bob)
    world.clock.turn(minutes=3)
    world.twin.fault("429", method="POST", path="/api/v1/statuses")
    world.tick()
    assert ["scheduled"] == world.states()
    with world.app.store.read() as tx:
        assert queue.get(tx, world.deliveries()[0].id).wire is not None

    def look(stage: Stage) -> None:
        with stage.app.store.read() as tx:
            (row,) = queue.listed(tx)
            delivery = queue.get(tx, row["id"])
        assert (None, 0, None) == (delivery.wire, delivery.attempts, delivery.sent_at)
        assert delivery.key != world.deliveries()[0].key

    assert {"late": 1} == _rehearse(world, before=look).tally


def test_the_outer_guard_holds_for_every_adapter(world: World) -> None:
    with _listening() as (address, calls):
        account = _alter(world, "kr", base_url=address)
        opener = bootstrap.Opener(world.settings, world.clock, only=("127.0.0.1", 1))

        async def ask() -> None:
            try:
                await opener(account, CANARY, Exchanges()).connect()
            finally:
                await opener.aclose()

        with pytest.raises(Refused, match="is not the one host"):
            world.run(ask())
    assert [] == calls


def test_a_database_opened_to_read_refuses_to_be_written(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.settings.root, tmp_path / "odd % name#")
    store = open_store(f"sqlite:///{tmp_path / 'odd % name#' / 'campaign.db'}", read_only=True)
    with store.read() as tx:
        assert 2 == len(account_rows.all_accounts(tx))
    with pytest.raises(Exception, match="readonly"), store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM accounts")
    store.close()


@pytest.mark.parametrize("platform", sorted(set(sandbox.PLATFORMS) & set(available())))
def test_an_account_of_each_platform_is_rehearsed_by_the_same_code(world: World, platform: str) -> None:
    kind, opened = load(platform), [*world.twin.opened[platform].values()][-1]
    world.run(
        accounts.connect(
            world.app,
            platform,
            name="other",
            base_url=opened.get("base_url", world.twin.base_url),
            token=opened["token"],
            langs=["en"],
            by=world.alice,
            private=True,
            options={name: opened[name] for name in kind.options if name in opened},
            secrets={name: opened[name] for name in kind.secrets if name in opened},
            again=False,
        )
    )
    if kind.defaults.fetches_media:
        world.share_media()
    pictures = (world.medium_for(platform, {"en": "A navy picture"}),)
    for number, (name, given) in enumerate((("P01", pictures), ("P02", pictures if kind.defaults.min_media else ()))):
        texts = {"en": Wording(f"Hello {name}", title=f"Title {name}")}
        world.post(name, minutes=600 + 30 * number, to=("other",), texts=texts, pictures=given, approve_now=False)
        approve(world.app, name, by=world.bob)

    found = _rehearse(world)

    assert ({"published": 2}, [platform] * 2) == (found.tally, [line.platform for line in found.lines])
    assert [] == world.twin.books(platform=platform)


def test_twins_that_answer_below_a_path_of_their_own_are_rehearsed_on_too(world: World) -> None:
    world.link("misskey", "mk", "ko")
    world.link("vk", "vk", "ru", twin_account="peace_ru")
    world.post("P01", minutes=60, texts={"ko": "안녕", "ru": "Привет"}, to=("mk", "vk"), approve_now=False)
    found = _rehearse(world, drafts=True)

    assert {("mk", "published"), ("vk", "published")} == {(line.account, line.standing) for line in found.lines}
    assert [] == world.twin.books(platform="misskey") == world.twin.books(platform="vk")
