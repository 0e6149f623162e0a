"""A clip with captions, from the draft to the twin, the record and back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.core.adapter import Capabilities
from campaign.core.errors import Invalid
from campaign.core.model import Account, Outgoing
from campaign.media.clips import is_clip
from campaign.record import as2
from campaign.service import App
from campaign.service.audit import audit
from campaign.service.compose import Draft, Picture, Wording, compose, preview
from campaign.service.rebuild import rebuild
from campaign.store import posts as post_rows
from tests.clips import WORDS, clip_file, vtt_file
from tests.conftest import World

ALT = {"ko": "무늬가 움직인다.", "ru": "Узор движется."}


def clip(world: World, *langs: str, name: str = "a.mp4") -> Picture:
    file = world.folder / name
    if not file.exists():
        clip_file(file)
    captions = {lang: vtt_file(world.folder / f"{lang}.vtt", WORDS[lang]) for lang in langs}
    return Picture(file, ALT, captions)


def draft(world: World, *pictures: Picture) -> Draft:
    wordings = {"ko": Wording("영상"), "ru": Wording("Видео")}
    return Draft("P01", wordings, "2026-11-24 10:00", ("kr", "ru"), pictures)


@pytest.fixture
def both(world: World) -> World:
    world.connect("ru", "ru", twin_account="peace_ru")
    return world


def sent(world: World) -> list[tuple[str, str]]:
    """Language and digest of each medium that arrived, from the twin's books."""
    rows = world.twin.books()
    return [(row["language"], sha256) for row in rows for sha256 in [medium["sha256"] for medium in row["media"]]]


def with_rules(app: App, **changes: object) -> App:
    """The same installation on a platform whose rule for clips is another."""

    def capabilities(account: Account) -> Capabilities:
        real = app.capabilities(account)
        rules = tuple(replace(rule, **changes) if rule.kind == "video" else rule for rule in real.media)  # type: ignore[arg-type]
        return replace(real, media=rules)

    return replace(app, capabilities=capabilities)


def outs(outgoings: object) -> dict[str, Outgoing]:
    return {entry.outgoing.langs[0]: entry.outgoing for entry in outgoings}  # type: ignore[attr-defined]


def test_each_language_gets_its_own_captions_in_the_frames(both: World) -> None:
    made = compose(both.app, "c", draft(both, clip(both, "ko", "ru")), by=both.alice, approve_now=True)
    ko, ru = (outs(made.outgoings)[lang].media[0] for lang in ("ko", "ru"))
    with both.app.store.read() as tx:
        [kept] = post_rows.media_of(tx, made.post.id)

    assert 3 == len({kept.medium.sha256, ko.sha256, ru.sha256})
    assert ({}, kept.poster, "video/mp4") == (ko.captions, ko.poster, ko.mime)
    assert {"ko", "ru"} == set(kept.captions)
    assert all(both.app.media.exists(digest) for digest in (ko.sha256, ru.sha256, kept.poster, *kept.captions.values()))


def test_the_very_bytes_arrive_and_are_on_record_and_can_be_rebuilt(both: World) -> None:
    made = compose(both.app, "c", draft(both, clip(both, "ko", "ru")), by=both.alice, approve_now=True)
    both.clock.turn(hours=1, minutes=1)
    both.tick()
    wanted = {lang: outgoing.media[0].sha256 for lang, outgoing in outs(made.outgoings).items()}
    with both.app.store.read() as tx:
        [kept] = post_rows.media_of(tx, made.post.id)

    assert (["published"] * 2, wanted) == (both.states(), dict(sent(both)))
    assert [] == audit(both.app)
    files = {kept.medium.sha256, kept.poster, *kept.captions.values(), *wanted.values()}
    assert 6 == len(files)
    assert all(both.app.archive.exists(as2.medium_urn(str(digest))) for digest in files)
    record = json.loads(both.app.archive.read(as2.urn(made.post.id), "record.jsonld"))
    [attached] = record["attachment"]
    assert ("Video", "PT1.0S", as2.medium_urn(str(kept.poster))) == (
        attached["type"],
        attached["duration"],
        attached["poster"],
    )
    assert {"ko", "ru"} == set(attached["captionMap"])


def test_a_rebuilt_installation_has_the_clip_its_captions_and_its_poster(both: World, make_world: object) -> None:
    made = compose(both.app, "c", draft(both, clip(both, "ko", "ru")), by=both.alice, approve_now=True)
    both.clock.turn(hours=1, minutes=1)
    both.tick()
    with both.app.store.read() as tx:
        [kept] = post_rows.media_of(tx, made.post.id)
    other = make_world("other")  # type: ignore[operator]
    fresh = replace(other.app, archive=both.app.archive)
    rebuild(fresh)

    with fresh.store.read() as tx:
        assert [kept] == post_rows.media_of(tx, made.post.id)
        assert [item.outgoing for item in made.outgoings] == [
            item.outgoing for item in post_rows.outgoings_of(tx, made.post.id)
        ]
    assert all(fresh.media.exists(digest) for digest in (kept.medium.sha256, *kept.captions.values()))


def test_where_tracks_are_taken_the_clip_goes_as_it_is_with_all_its_captions(both: World) -> None:
    app = with_rules(both.app, captions="tracks")
    picture = clip(both, "ko", "ru")
    told = preview(app, "c", draft(both, picture), by=both.alice)
    ko, ru = (outs(told.outgoings)[lang].media[0] for lang in ("ko", "ru"))

    assert told.is_good
    assert ko.sha256 == ru.sha256
    assert picture.file.stat().st_size == ko.size
    assert {"ko", "ru"} == set(ko.captions)


def test_captions_in_one_language_are_wanted_in_each(both: World) -> None:
    with pytest.raises(Invalid, match=r"captions 1 \(ru\).*needs them in ru too"):
        compose(both.app, "c", draft(both, clip(both, "ko")), by=both.alice)


def test_a_clip_without_captions_goes_out_as_it_is(both: World) -> None:
    picture = clip(both)
    made = compose(both.app, "c", draft(both, picture), by=both.alice)

    assert {picture.file.stat().st_size} == {entry.outgoing.media[0].size for entry in made.outgoings}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_seconds": 0.5}, "media 1 .*at most 0.5 seconds"),
        ({"max_bytes": 2000}, "media 1 .*cannot be made to fit 2,000 bytes"),
        ({"mimes": frozenset({"video/webm"})}, "media 1 .*takes only"),
    ],
)
def test_what_an_account_does_not_take_is_said(both: World, changes: dict[str, object], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        compose(with_rules(both.app, **changes), "c", draft(both, clip(both)), by=both.alice)


def test_a_clip_that_is_too_large_is_made_smaller_for_that_account(both: World) -> None:
    made = compose(with_rules(both.app, max_pixels=80 * 45), "c", draft(both, clip(both)), by=both.alice)

    assert {(80, 44)} == {(row.outgoing.media[0].width, row.outgoing.media[0].height) for row in made.outgoings}


def test_a_clip_and_a_picture_do_not_mix_where_a_clip_goes_alone(both: World) -> None:
    with pytest.raises(Invalid, match="does not mix a video with other media"):
        compose(both.app, "c", draft(both, clip(both), both.picture(ALT)), by=both.alice)


def test_captions_go_with_a_clip_only_and_in_a_language_of_the_campaign(both: World) -> None:
    picture = both.picture(ALT)
    lost = replace(picture, captions={lang: vtt_file(both.folder / f"{lang}.vtt", "x") for lang in ("ko", "ru")})
    with pytest.raises(Invalid, match=r"captions 1 .*is a picture"):
        compose(both.app, "c", draft(both, lost), by=both.alice)
    alien = replace(clip(both, "ko", "ru"), captions={"xx": both.folder / "ko.vtt"})
    with pytest.raises(Invalid, match=r"captions 1 \(xx\).*is no language"):
        compose(both.app, "c", draft(both, alien), by=both.alice)


def test_a_cue_after_the_end_of_the_clip_is_refused_with_its_language(both: World) -> None:
    picture = clip(both, "ko", "ru")
    vtt_file(both.folder / "ru.vtt", "Поздно", end="00:09.000")
    with pytest.raises(Invalid, match=r"captions 1 \(ru\).*ends after the clip"):
        compose(both.app, "c", draft(both, picture), by=both.alice)


def test_a_preview_encodes_once_and_then_finds_it_again(both: World) -> None:
    encoded: list[str] = []
    wanted = draft(both, clip(both, "ko", "ru"))
    for _ in range(2):
        preview(both.app, "c", wanted, by=both.alice, progress=lambda what, share: encoded.append(what))
        first = set(encoded)
        encoded.clear()
    compose(both.app, "c", wanted, by=both.alice, progress=lambda what, share: encoded.append(what))

    assert (set(), []) == (first, encoded)


def test_a_name_does_not_make_a_clip(tmp_path: Path) -> None:
    assert not is_clip(vtt_file(tmp_path / "a.mp4", "x"))
    assert is_clip(clip_file(tmp_path / "a.mp4").rename(tmp_path / "a.txt"))
