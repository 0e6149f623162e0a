"""publish: once, whatever happens in between."""

from tests.conftest import World


def test_a_post_with_a_picture_goes_out_once_at_its_time_and_is_on_record(world: World) -> None:
    world.post("P01", pictures=(world.picture(),))
    world.tick()

    assert world.twin.books() == []

    world.clock.turn(minutes=10)
    world.tick()
    world.tick()

    [row] = world.twin.books()
    [delivery] = world.deliveries()
    assert ("안녕하세요 P01", "ko", ["남색 그림"]) == (
        row["text"],
        row["language"],
        [medium["description"] for medium in row["media"]],
    )
    assert ("published", row["id"], "archived", 1) == (
        delivery.state,
        delivery.remote_id,
        delivery.archive_state,
        delivery.attempts,
    )
