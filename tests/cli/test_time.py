"""Legs, blackouts, slots and zones at the command line: one good way of each, and what a refusal leaves."""

import pytest
from tests.conftest import World

from .conftest import Shell


@pytest.fixture
def journey(world: World, shell: Shell) -> Shell:
    """Leg irkutsk of campaign c, with a post of 2026-12-01 12:00 there."""
    leg = ("--zone", "Asia/Irkutsk", "--from", "2026-12-01", "--to", "2026-12-03")
    assert 0 == shell("leg", "add", "irkutsk", "--campaign", "c", *leg).code
    post = ("--id", "P01", "--text", "ko=안녕하세요", "--at", "2026-12-01 12:00", "--leg", "irkutsk", "--to", "kr")
    assert 0 == shell("post", "add", "--campaign", "c", *post, "--approve").code
    return shell


def test_a_leg_is_moved_and_edited_with_its_posts_and_told_first(journey: Shell) -> None:
    on = ("irkutsk", "--campaign", "c")
    dry = journey("leg", "move", *on, "--by", "+1 day", "--dry-run", "--json")
    past = journey("leg", "move", *on, "--by", "-30 days")
    left = journey("leg", "move", *on, "--by", "-30 days", "--leave", "P01")
    done = journey(
        "leg", "edit", *on, "--zone", "Europe/Berlin", "--from", "2026-12-01", "--to", "2026-12-05", "--json"
    )
    moved = done.json["moved"][0]

    assert (0, False, "2026-12-02T04:00:00Z") == (dry.code, dry.json["done"], dry.json["moved"][0]["to"])
    assert (5, True) == (past.code, "to decide: P01 (past)" in past.err and "nothing was changed" in past.err)
    assert (0, "0 posts moved") == (left.code, left.out.strip().rpartition("; ")[2])
    assert (0, True, "2026-12-01T11:00:00Z") == (done.code, done.json["done"], moved["to"])
    assert ["P01"] == [each["post"] for each in done.json["moved"]]
    assert (5, "P01" in journey("leg", "remove", *on).err) == (journey("leg", "remove", *on).code, True)


@pytest.mark.parametrize(
    ("option", "value"), [("--gap", "up"), ("--fold", "P01=third"), ("--leave", "P99"), ("--by", "far")]
)
def test_a_choice_that_means_nothing_is_refused(journey: Shell, option: str, value: str) -> None:
    by = () if option == "--by" else ("--by", "+1 day")

    assert 2 == journey("leg", "move", "irkutsk", "--campaign", "c", *by, option, value).code


def test_a_blackout_is_added_listed_and_removed(journey: Shell) -> None:
    added = journey("blackout", "add", "2026-12-01", "--reason", "국가 애도일", "--json")
    listed = journey("blackout", "list", "--campaign", "c", "--json")
    again = journey("blackout", "add", "2026-12-01", "--reason", "국가 애도일")
    removed = journey("blackout", "remove", "국가 애도일")

    assert "blackout 국가 애도일 (2026-12-01) for the ko audience" == added.json["deliveries"][0]["held_because"]
    assert [("국가 애도일", "hard", None)] == [(row["reason"], row["kind"], row["campaign"]) for row in listed.json]
    assert (5, 0, True) == (again.code, removed.code, "let go" in removed.err)


def test_an_account_has_slots_and_the_next_free_one_is_taken(journey: Shell) -> None:
    slots = ("--slots", "ko=08:00,19:00", "--zone", "ko=Asia/Seoul", "--spacing", "90", "--steps", "0")
    ruled = journey("account", "rule", "kr", "--campaign", "c", *slots, "--json")
    first = journey("queue", "next", "--account", "kr", "--campaign", "c", "--lang", "ko", "--json")
    added = journey(
        "post",
        "add",
        "--campaign",
        "c",
        "--id",
        "P02",
        "--text",
        "ko=반갑습니다",
        "--to",
        "kr",
        "--at",
        "slot",
        "--json",
    )
    then = journey("queue", "next", "--account", "kr", "--campaign", "c")
    shown = journey("account", "rule", "kr", "--campaign", "c")

    assert ({"ko": ["08:00", "19:00"]}, 90, None) == (
        ruled.json["slots"], ruled.json["spacing_minutes"], ruled.json["steps"],
    )  # fmt: skip
    assert ("2026-11-24 19:00", "Asia/Seoul") == (first.json["at"], first.json["zone"])
    assert first.json["due_at"] == added.json["due_at"]
    assert "kr (ko): 2026-11-25 08:00 Asia/Seoul (UTC+9)" == then.out.strip()
    assert "08:00, 19:00" in shown.out or "['08:00', '19:00']" in shown.out


def test_quiet_hours_are_broken_with_a_reason_that_is_shown(journey: Shell) -> None:
    quiet = ("--quiet-hours", "ko=22:00-08:00 Asia/Seoul", "--approval", "none", "--lang", "ko")
    assert 0 == journey("campaign", "add", "q", "--zone", "Asia/Seoul", *quiet).code
    post = ("--id", "Q1", "--text", "ko=밤 인사", "--at", "2026-12-01 23:00", "--to", "kr")
    waits = journey("post", "add", "--campaign", "q", *post, "--json")
    moved = journey("post", "move", "Q1", "--at", "2026-12-01 23:30", "--anyway", "생중계", "--json")
    shown = journey("post", "show", "Q1", "--json")

    assert "2026-12-01T23:00:00Z" == waits.json["outgoings"][0]["due_at"]
    assert 0 == moved.code
    assert ("생중계", "2026-12-01T14:30:00Z") == (shown.json["quiet_because"], shown.json["outgoings"][0]["due_at"])


def test_the_zones_are_checked(journey: Shell) -> None:
    told = journey("time", "check")

    assert (0, True) == (told.code, "every post keeps its instant" in told.out)
