"""The record of a post and its events: they come back as they went in, and the bytes are always the same."""

import json
from datetime import UTC, datetime

import pytest

from campaign.core.errors import Invalid
from campaign.record import as2, events

from .conftest import AT

POST = as2.PostRecord(
    id="0192f0c1-2b3c-7d4e-8f5a-6b7c8d9e0f1a",
    name="P01",
    campaign={"name": "peace-2019", "title": {"ko": "평화", "ru": "Мир"}, "languages": ["ko", "ru"]},
    author="alice",
    local_at=datetime(2019, 5, 12, 13, 0),  # noqa: DTZ001
    zone="Asia/Vladivostok",
    tzdata="2026a",
    due_at=AT,
    created_at=AT,
    contents={"ko": "블라디보스토크", "ru": "Владивосток"},
    tags={"ko": ("평화",), "ru": ()},
    links={"ko": "https://example.org/ko", "ru": None},
    place={"ko": "역", "ru": "вокзал"},
    leg={"name": "vladivostok", "latitude": 43.1150678, "longitude": 131.8855768},
    published=AT,
    media=(as2.MediumRecord("image/png", "ab" * 32, 4096, 640, 480, {"ko": "기차", "ru": "поезд"}),),
    variants=(as2.VariantRecord("ko", 2, "블라디보스토크", ("평화",), None, "alice", AT, {"based_on": 1}),),
    approvals=(as2.ApprovalRecord("a1", "ko", "cd" * 32, "bob", AT),),
    deliveries=(
        as2.DeliveryRecord(
            id="d1",
            account="seoul",
            platform="mastodon",
            langs=("ko",),
            part=1,
            parent=None,
            state="published",
            due_at=AT,
            published_at=AT,
            remote_id="114500000000000001",
            permalink="https://mastodon.example/@seoul/114500000000000001",
            outgoing={"text": "블라디보스토크", "langs": ["ko"]},
            outgoing_sha256="cd" * 32,
            key="k",
            guarantee="dedup",
            attempts=1,
            also={"wire": {"media_ids": ["9"]}},
        ),
    ),
    also={"strategy": "split"},
)


def test_a_post_comes_back_as_it_went_in() -> None:
    assert as2.parse(as2.build(POST)) == POST
    assert as2.build(as2.parse(as2.build(POST))) == as2.build(POST)


def test_a_reader_of_activitystreams_finds_its_way() -> None:
    plain = json.loads(as2.build(POST))
    assert plain["@context"][0] == "https://www.w3.org/ns/activitystreams"
    assert (plain["type"], plain["id"]) == ("Note", "urn:uuid:" + POST.id)
    assert plain["contentMap"]["ru"] == "Владивосток"
    assert plain["attachment"][0]["url"] == "urn:sha256:" + "ab" * 32
    assert plain["attachment"][0]["nameMap"]["ko"] == "기차"
    assert plain["url"] == ["https://mastodon.example/@seoul/114500000000000001"]


def test_a_post_taken_down_becomes_a_tombstone() -> None:
    from dataclasses import replace

    gone = replace(POST, deleted=AT, updated=AT)
    plain = json.loads(as2.build(gone))
    assert (plain["type"], plain["formerType"]) == ("Tombstone", "Note")
    assert as2.parse(as2.build(gone)) == gone


def test_what_cannot_be_canonical_is_refused() -> None:
    from dataclasses import replace

    for also in ({"id": 2**60}, {"x": float("nan")}, {"x": "\ud800"}, {"x": AT}):
        with pytest.raises(Invalid):
            as2.build(replace(POST, also=also))
    with pytest.raises(Invalid):
        as2.build(replace(POST, due_at=POST.local_at))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"type":"Note"}', b'{"type":[]}', b"[" * 99999])
def test_what_is_no_record_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        as2.parse(raw)


def test_ids_derive_from_what_they_name() -> None:
    assert as2.engagement_urn("a", "2019-05") == as2.engagement_urn("a", "2019-05")
    assert as2.engagement_urn("a", "2019-05") != as2.engagement_urn("a", "2019-06")


def test_events_come_back_and_the_same_event_has_the_same_id() -> None:
    def one(outcome: str = "success") -> dict[str, object]:
        return events.event(
            "publication",
            at=datetime(2019, 5, 12, tzinfo=UTC),
            agent="urn:campaign:software",
            outcome=outcome,
            objects=[as2.urn(POST.id)],
            detail={"attempt": 1, "remote_id": "114500000000000001"},
        )

    made = [
        one(),
        one("uncertain"),
        events.event("fixity check", at=AT, agent="urn:x:y", outcome="failure", objects=[]),
    ]
    raw = events.dumps(made)
    assert raw.count(b"\n") == 3
    assert events.loads(raw) == made
    assert one() == one() and one()["eventIdentifier"] != one("uncertain")["eventIdentifier"]
    assert made[2]["eventType"] == "http://id.loc.gov/vocabulary/preservation/eventType/fix"
    assert made[1]["eventOutcome"] == "uncertain"


def test_events_that_are_none_are_refused() -> None:
    with pytest.raises(Invalid):
        events.event("party", at=AT, agent="urn:x:y", outcome="success", objects=[])
    with pytest.raises(Invalid):
        events.event("edit", at=AT, agent="urn:x:y", outcome="success", objects=[], detail={"id": 2**60})
    for raw in (b"{}\n", b"nonsense\n", b"\n", b"[" * 99999):
        with pytest.raises(Invalid):
            events.loads(raw)
