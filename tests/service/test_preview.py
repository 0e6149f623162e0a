"""preview: what compose() would make of a draft, told without keeping anything."""

from dataclasses import replace

import pytest

from campaign.core.errors import Forbidden, NotFound
from campaign.service.compose import Draft, Preview, Wording, compose, preview
from tests.conftest import World

GOOD = Draft("P01", {"ko": Wording("안녕하세요", ("#서울",))}, "2026-11-24 10:00", ("kr",))


def rows(world: World) -> int:
    with world.app.store.read() as tx:
        count = "SELECT count(*) FROM "
        return sum(tx.exec_driver_sql(count + name).scalar_one() for name in ("posts", "media", "outgoings", "events"))


def fields(told: Preview) -> list[str]:
    return [item.finding.field for item in told.findings if item.is_error]


def test_it_shows_exactly_what_compose_then_keeps(world: World) -> None:
    draft = replace(GOOD, pictures=(world.picture(),))
    before = rows(world)
    told = preview(world.app, "c", draft, by=world.alice)

    assert (True, before) == (told.is_good, rows(world))
    made = compose(world.app, "c", draft, by=world.alice)
    assert [row.sha256 for row in told.outgoings] == [row.sha256 for row in made.outgoings]


def test_it_counts_as_the_platform_counts(world: World) -> None:
    [counted] = preview(world.app, "c", GOOD, by=world.alice).counts

    assert ("kr", ("ko",), 9, 500, "graphemes") == (
        counted.account,
        counted.langs,
        counted.length,
        counted.limit,
        counted.unit,
    )


def test_it_tells_everything_at_once_and_raises_nothing(world: World) -> None:
    draft = Draft(
        "", {"ko": Wording("가" * 501), "ru": Wording("")}, "soon", ("kr", "nobody"), (world.picture({"en": "Blue"}),)
    )
    told = preview(world.app, "c", draft, by=world.alice)

    assert {"id", "at", "to", "text (ru)", "text (ko)", "alt 1 (ko)"} == set(fields(told))
    assert (None, 1) == (told.post, len(told.outgoings))
    assert 1 == len(told.outgoings[0].outgoing.media)
    over = next(item for item in told.findings if item.finding.field == "text (ko)")
    assert ("kr", ("ko",)) == (over.account, over.langs)


def test_an_empty_form_is_no_fault_of_the_program(world: World) -> None:
    told = preview(world.app, "c", Draft("", {}, "", ()), by=world.alice)

    assert (False, ()) == (told.is_good, told.outgoings)


def test_who_may_not_write_sees_none(world: World) -> None:
    with pytest.raises(Forbidden):
        preview(world.app, "c", GOOD, by=world.carol)
    with pytest.raises(NotFound):
        preview(world.app, "nothing", GOOD, by=world.alice)
