"""Review at the command line: asked for, passed, returned, overridden; policies and people that are bound; guests."""

import pytest
from tests.conftest import World

from campaign.core.model import Role
from campaign.service import campaigns
from campaign.store import campaigns as campaign_rows

from .conftest import Shell

ADD = [
    "post",
    "add",
    "--campaign",
    "s",
    "--id",
    "P01",
    "--to",
    "kr",
    "--text",
    "ko=안녕하세요",
    "--at",
    "2026-11-24 19:00",
]


@pytest.fixture
def office(world: World, shell: Shell) -> Shell:
    """Campaign s asks for two people; rita reads Korean, root is admin; P01 waits."""
    world.campaign("s", approval="two")
    campaigns.add_person(world.app, "root", [Role.ADMIN])
    said = shell("user", "add", "rita", "--role", "reviewer", "--langs", "ko", "--accounts", "kr", "--json", by="root")
    assert (["ko"], ["kr"]) == (said.json["langs"], said.json["accounts"])
    assert shell(*ADD).code == 0
    return shell


def test_a_post_is_asked_for_passed_and_approved(office: Shell) -> None:
    assert office("post", "ready", "P01", "--lang", "ko").code == 0
    assert "to be reviewed in ko, by bob, rita" in office("notices").out.replace("\n", " ")
    passed = office("post", "review", "P01", "--lang", "ko", "--pass", "--json", by="rita")
    assert (1, ["ko"]) == (passed.json["steps"], passed.json["waiting"])
    shown = office("post", "review", "P01", "--json").json
    assert "in review (1 of 2)" == shown["langs"]["ko"]["stage"]
    assert "not approved in ko (step 2 of 2)" == shown["langs"]["ko"]["against"]

    done = office("post", "approve", "P01", "--json", by="bob").json

    assert [{"lang": "ko", "step": 2, "steps": 2}] == done["steps"]
    assert 1 == len(done["deliveries"])
    assert "approved" in office("post", "review", "P01").out
    history = office("post", "history", "P01").out
    assert "passed" in history and "step 2 of 2" in history
    steps = [(each["by"], each["step"]) for each in office("post", "show", "P01", "--json").json["approvals"]]
    assert [("rita", 1), ("bob", 2)] == steps


def test_a_first_step_of_two_is_not_called_an_approval(office: Shell) -> None:
    first = office("post", "approve", "P01", by="bob").out
    assert "step 1 of 2 is given" in first and "approved" not in first

    office("user", "add", "ben", "--role", "approver", by="root")
    assert "post P01 approved in ko; 1 deliveries enqueued" in office("post", "approve", "P01", by="ben").out


def test_what_is_returned_says_why_and_an_old_revision_decides_nothing(office: Shell) -> None:
    said = office("post", "review", "P01", "--lang", "ko", "--return", "날짜가 틀립니다", "--field", "text", by="rita")
    assert said.code == 0 and "returned" in said.out
    refused = office("post", "approve", "P01", by="bob")
    assert refused.code == 5 and "returned in ko by rita: 날짜가 틀립니다" in refused.err
    late = office("post", "review", "P01", "--lang", "ko", "--pass", "--revision", "7", by="rita")
    assert late.code == 5 and "revision 1 by alice, not 7" in late.err


def test_an_admin_overrides_with_a_reason_and_nobody_else(office: Shell) -> None:
    assert office("post", "approve", "P01", "--override", "holiday", by="bob").code == 4
    for _ in range(2):
        assert office("post", "approve", "P01", "--override", "holiday", by="root").code == 0
    assert {"holiday"} == {each["reason"] for each in office("post", "show", "P01", "--json").json["approvals"]}


def test_a_link_is_printed_once_listed_without_its_secret_and_revoked(office: Shell) -> None:
    made = office("post", "review", "P01", "--link", "Ms Kim", "--days", "3", "--json").json
    secret = made["url"].partition("/review/")[2]
    assert len(secret) > 20 and made["guest"] == "Ms Kim"
    listed = office("post", "review", "P01", "--links")
    assert "Ms Kim" in listed.out and secret not in listed.out
    gone = office("post", "review", "P01", "--revoke", made["id"], "--json").json
    assert gone[0]["revoked_at"] is not None
    assert 3 == office("post", "review", "P01", "--revoke", "nothing").code


@pytest.mark.parametrize(
    "words",
    [
        ["--lang", "ko", "--pass", "--comment", "x"],
        ["--pass"],
        ["--lang", "ru", "--pass"],
        ["--link", "x", "--days", "0"],
    ],
    ids=["two", "no language", "no such language", "no days"],
)
def test_a_review_that_cannot_be_is_refused(office: Shell, words: list[str]) -> None:
    assert 2 == office("post", "review", "P01", *words, by="bob").code


def test_the_policies_of_a_campaign_are_changed(office: Shell, world: World) -> None:
    words = ["--approval", "one", "--window", "any", "--approval-days", "7", "--unready", "hold_all"]
    assert 4 == office("campaign", "edit", "s", *words, by="alice").code
    said = office("campaign", "edit", "s", *words, "--json", by="bob")
    assert (None, 7, "hold_all") == tuple(said.json[key] for key in ("window_minutes", "approval_days", "unready"))
    assert 0 == office("campaign", "edit", "s", "--window", "30", "--approval-days", "0", by="bob").code
    with world.app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, "s")
    assert (30 * 60.0, None, "one") == (
        campaign.window and campaign.window.total_seconds(), campaign.approval_days, campaign.approval
    )  # fmt: skip
    for bad in (["--window", "-1"], ["--window", "soon"], ["--approval-days", "9999"]):
        assert 2 == office("campaign", "edit", "s", *bad, by="bob").code
