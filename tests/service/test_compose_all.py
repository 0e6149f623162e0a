"""Several posts at once: all of them are kept, or none."""

from datetime import timedelta

import pytest

from campaign.core.errors import Conflict, ManyInvalid
from campaign.service.compose import Draft, Entry, Wording, compose_all
from tests.conftest import World


def _entry(world: World, name: str, text: str = "안녕", lang: str = "ko") -> Entry:
    at = (world.clock.now() + timedelta(hours=10)).strftime("%Y-%m-%d %H:%M")
    return Entry(f"posts[{name}]", "c", Draft(name=name, wordings={lang: Wording(text)}, at=at, to=("kr",)), True)


def test_a_fault_in_the_last_leaves_none_and_all_faults_are_named_at_once(world: World) -> None:
    entries = [_entry(world, "P01"), _entry(world, "P02", "가" * 501), _entry(world, "P03", lang="de")]

    with pytest.raises(ManyInvalid) as refused:
        compose_all(world.app, entries, by=world.alice)

    assert ["posts[P02].text (ko)", "posts[P03].text (de)"] == [finding.field for finding in refused.value.findings]
    assert [] == world.deliveries()
    assert not world.app.media.root.exists() or not any(path.is_file() for path in world.app.media.root.rglob("*"))


def test_good_ones_are_all_kept_and_enqueued(world: World) -> None:
    done = compose_all(world.app, [_entry(world, "P01"), _entry(world, "P02")], by=world.alice)

    assert ["P01", "P02"] == [item.post.name for item in done]
    assert ["scheduled", "scheduled"] == world.states()


def test_an_id_that_is_used_is_named_with_its_place(world: World) -> None:
    world.post("P02")

    with pytest.raises(Conflict, match="P02") as refused:
        compose_all(world.app, [_entry(world, "P01"), _entry(world, "P02")], by=world.alice)

    assert ["in posts[P02] of the file"] == refused.value.__notes__
    assert 1 == len(world.deliveries())
