"""campaign post forecast."""

from tests.conftest import World

from .conftest import Shell


def test_the_forecast_is_a_table_or_json(world: World, shell: Shell) -> None:
    world.connect("all", "ko", "ru", "en", twin_account="peace_ru")
    words = ("post", "forecast", "--campaign", "c", "--text", "ko=서울에서 모스크바까지", "--to", "kr,all")
    said, json = shell(*words), shell(*words, "--json")

    assert 0 == said.code == json.code
    assert ["account", "all", "all"] == [line.split()[0] for line in said.out.splitlines()]
    assert [("ru", "fits"), ("en", "fits")] == [(row["langs"][0], row["verdict"]) for row in json.json]
    assert all(row["low"] <= row["expected"] <= row["high"] <= row["limit"] == 500 for row in json.json)


def test_where_nothing_is_to_be_foretold_it_says_so(shell: Shell) -> None:
    said = shell("post", "forecast", "--campaign", "c", "--text", "ko=서울", "--to", "kr")

    assert (0, "") == (said.code, said.out)
    assert "nothing to foretell" in said.err
