"""Never a late post, whoever turns the crank, and however long the preparation takes."""

from campaign.service.publish import publish
from tests.conftest import World


def test_what_is_beyond_its_grace_is_not_taken_even_where_nobody_gave_it_up(world: World) -> None:
    world.post("P01", minutes=10)
    world.clock.turn(minutes=26)

    world.run(publish(world.app, limit=10))

    assert ["scheduled"] == world.states()
    assert [] == world.twin.books()


def test_a_grace_that_ends_while_it_is_prepared_makes_it_missed_and_nothing_is_sent(world: World) -> None:
    world.post("P01", minutes=10, pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    app = world.open(failpoint=lambda name: world.clock.turn(minutes=20) if name == "prepared" else None)

    world.tick(app)

    [row] = world.deliveries()
    assert ("missed", "archived") == (row.state, row.archive_state)
    assert "while it was prepared" in str(row.error)
    assert [] == world.twin.books()
