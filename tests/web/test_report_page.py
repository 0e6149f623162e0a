"""The report page: complete, self-contained, honest about gaps, and equal to the one query layer."""

import pytest

from campaign.service.report import report
from campaign.web.charts import Dot, Frame, dots, runs
from campaign.web.report_page import render
from tests.conftest import World
from tests.web.conftest import Page, seed

LOADS = ("src", "srcset", "data", "poster", "background", "action")


@pytest.fixture
def journey(world: World) -> World:
    world.connect("ru", "ru", twin_account="peace_ru")
    for number in range(1, 7):
        texts = {"ko": f"글 {number} <script>alert(1)</script>", "ru": f"Пост {number}"}
        world.post(f"P0{number}", minutes=10 * number, to=("kr", "ru"), texts=texts)
    for _ in range(6):
        world.clock.turn(minutes=10)
        world.tick()
    assert world.states().count("published") == 12
    seed(world)
    return world


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_the_page_stands_alone_and_says_what_each_picture_shows(journey: World, lang: str) -> None:
    html = render(report(journey.app, "c"), lang=lang)
    page = Page(html)
    assert page.open == [] and page.all("html") == [{"lang": lang}]
    assert not page.all("script") and not page.all("link") and "@import" not in html and "url(" not in html
    assert not [tag for tag in page.tags if any(name in LOADS or name.startswith("on") for name in tag[1])]
    assert not [attrs for _, attrs in page.tags if "style" in attrs]
    svgs = page.all("svg")
    assert len(svgs) == 6  # three charts, wide and narrow
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for svg in svgs:
        assert set(str(svg["aria-labelledby"]).split()) <= set(ids)
    assert len(page.all("title")) == len(page.all("desc")) + 1 == 7
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(page.all("details")) == 3
    assert all(attrs.get("scope") in ("col", "row") for attrs in page.all("th"))


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_every_table_is_whole(journey: World, lang: str) -> None:
    told = report(journey.app, "c")
    tables = Page(render(told, lang=lang)).tables
    for name, rows in tables.items():
        assert len({len(row) for row in rows}) == 1, name
        assert all(cell.strip() for row in rows for cell in row), name
    assert len(tables["all"]) == 1 + len(told.series) == 13
    assert len(tables["by_post"]) == 1 + 6 and len(tables["by_lang"]) == 1 + 2


@pytest.mark.parametrize("age", ["24h", "7d", "28d"])
def test_its_numbers_are_those_of_the_plain_report(journey: World, age: str) -> None:
    told = report(journey.app, "c", age=age)
    html = render(told, lang="ru")
    plain, page = told.plain(), Page(html)
    value = {attrs["id"]: attrs["value"] for attrs in page.all("data") if attrs.get("id")}
    assert value["n-posts"] == str(plain["posts"]) and value["n-variants"] == str(plain["variants"])
    assert value["n-readings"] == str(plain["readings"]) and value["n-missing"] == str(plain["missing"])
    whole = [row["interactions"][age] for row in plain["deliveries"]]
    assert value["n-interactions"] == ("" if None in whole else str(sum(whole)))
    number = 0
    for group in [*plain["by_post"], *plain["by_leg"], *plain["by_language"]]:
        number += group["interactions"] is not None
        assert f'value="{group["n"]}"' in html
        if group["interactions"] is not None:
            assert any(attrs["value"] == str(group["interactions"]) for attrs in page.all("data"))
    assert number
    rows = {row[0].strip() + row[1].strip(): row for row in page.tables["all"][1:]}
    for row in plain["deliveries"]:
        cells = rows[row["post"] + {"ko": "Корейский", "ru": "Русский"}[row["language"]]]
        offered = [one["value"] for _, one in sorted(row["metrics"].items()) if one["value"] is not None]
        assert sorted(int(cell) for cell in cells[4:8] if cell.strip().isdigit()) == sorted(offered)


def test_a_missing_value_is_a_gap_and_never_a_nought(journey: World) -> None:
    told = report(journey.app, "c", age="7d")
    page = Page(render(told, lang="en"))
    row = next(row for row in page.tables["by_post"] if row[0].startswith("P02"))
    assert row[2].strip() == "– 2 without a value at this age"
    assert next(attrs for attrs in page.all("data") if attrs.get("id") == "n-interactions")["value"] == ""
    assert "—" in page.text and "2 without a value at this age" in page.text
    curves = next(rows for name, rows in page.tables.items() if rows[0][0] == "Age")
    assert [row[1:] for row in curves if row[0].replace("\u00a0", " ") == "7 d"] == [["–", "–"]]
    assert runs([(1, 2), (2, None), (3, 4)]) == [[(1, 2)], [(3, 4)]]
    paths = [attrs for attrs in page.all("path") if attrs["class"] == "line l-ko"]
    assert len(paths) == 4  # the curve is broken once, in both widths
    assert all("– not offered by the platform" in row[7] for row in page.tables["all"][1:])


def test_before_anything_is_read_the_page_says_so(world: World) -> None:
    page = Page(render(report(world.app, "c"), lang="en"))
    assert "nothing was read yet" in page.text and "There is no value to draw yet." in page.text
    assert not page.all("svg")


def test_words_from_outside_are_escaped_in_a_chart() -> None:
    drawn = dots(Frame("x", "<b>", "&", 340), [Dot("<script>", '"', 1, 0.5, 2)], number=str, axis="</svg>", ratio=True)
    page = Page(str(drawn))
    assert not page.all("script") and not page.all("b") and page.open == []
