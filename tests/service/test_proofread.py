"""A post is proofread before it is kept, at its approval and before it leaves; a person may let some of it stand."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.plan import Form, Term
from campaign.net.reach import reach
from campaign.service import glossary
from campaign.service.approve import approve
from campaign.service.compose import Draft, Wording, preview
from campaign.service.draft import Picture, Placed
from campaign.service.enqueue import cancel
from campaign.service.look import look
from campaign.service.mend import mend
from campaign.service.proofread import links, passages, proofread, waive
from campaign.service.revise import revise
from campaign.store import campaigns as campaign_rows
from campaign.store import people, waivers
from campaign.store import posts as post_rows
from tests.clips import clip_file, vtt_file
from tests.conftest import World

MIXED = "Сегодня мы во Влaдивостоке"  # a Latin a
CITY = Term("", None, "Владивосток", {"ko": Form("블라디보스토크"), "ru": Form("Владивосток", (), ("Владик*",))})


@pytest.fixture
def stage(make_world: Callable[..., World]) -> World:
    world = make_world()
    world.campaign(approval="one")
    world.connect("kr", "ko")
    world.connect("ru", "ru", twin_account="peace_ru")
    return world


def read(world: World, name: str = "P01") -> list[Placed]:
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, name)
        return proofread(world.app, tx, campaign_rows.campaign_of(tx, post.campaign_id), post)


def codes(found: list[Placed]) -> set[str]:
    return {one.finding.code for one in found}


def compose(world: World, ru: str, name: str = "P01", ko: str = "블라디보스토크에 왔습니다", **options: object) -> None:
    texts = {"ko": ko, "ru": ru}
    world.post(name, texts=texts, to=("kr", "ru"), minutes=60, approve_now=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Привет \u202eтекст", "bidi-unbalanced"),
        ("При\u200bвет, мир", "invisible"),
        ("Мы во Владивоcтоке", "mixed-script"),
        ("Большои" + "\u0306" * 12 + " путь", "many-marks"),
        ("Семья 👨‍👩‍👧‍👦 едет", ""),
        ("Я" * 100_000, "text-over-limit"),
        ("안녕하세요, 우리는 오늘 블라디보스토크에 도착했습니다", "tongue"),
        ("\ufffd ошибка", "replacement-character"),
        ("#" * 5000, "text-over-limit"),
    ],
)
def test_a_hostile_text_gets_findings_and_no_crash(stage: World, text: str, code: str) -> None:
    draft = Draft("P01", {"ko": Wording("안녕하세요"), "ru": Wording(text)}, "2026-11-24 19:00", ("kr", "ru"))
    found = list(preview(stage.app, "c", draft, by=stage.alice).findings)

    assert not code or code in codes(found), codes(found)
    assert all(one.finding.message(reader) for one in found for reader in ("ko", "en", "ru"))


def test_decomposed_hangul_is_composed_before_it_is_looked_at(stage: World) -> None:
    draft = Draft("P01", {"ko": Wording("\u1109\u1165\u110b\u116e\u11af")}, "2026-11-24 19:00", ("kr",))
    seen = preview(stage.app, "c", draft, by=stage.alice)

    assert ("서울", True) == (seen.outgoings[0].outgoing.text, seen.is_good)


def test_an_error_in_the_words_keeps_a_post_from_being_kept(stage: World) -> None:
    with pytest.raises(Invalid, match="Влaдивостоке"):
        compose(stage, MIXED)

    compose(stage, MIXED, waive={"ru:mixed-script": "so the sign says"})
    assert "mixed-script" not in codes(read(stage))
    with stage.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        (kept,) = waivers.waivers_of(tx, post.id)
        log = people.events_of(tx, post.id)
    assert ("ru", "alice", "so the sign says") == (kept.lang, kept.person, kept.reason)
    assert "so the sign says" in str(log[0]["detail"])


def test_a_revision_is_held_against_the_same_rules(stage: World) -> None:
    compose(stage, "Мы во Владивостоке")
    with pytest.raises(Invalid, match="Влaдивостоке"):
        revise(stage.app, "P01", "ru", by=stage.alice, text=MIXED)

    done = revise(stage.app, "P01", "ru", by=stage.alice, text="Мы 3 дня во Владивостоке")
    assert any("3" in warning for warning in done.warnings), "a number that the source does not have"


def test_a_word_that_is_forbidden_later_stops_the_approval_until_it_may_stand(stage: World) -> None:
    compose(stage, "Мы во Владике")
    assert {"glossary-missing", "glossary-forbidden"}.isdisjoint(codes(read(stage)))
    glossary.add_term(stage.app, CITY, by=stage.alice)
    assert "glossary-forbidden" in codes(read(stage))

    with pytest.raises(Conflict, match="the glossary wants Владивосток"):
        approve(stage.app, "P01", by=stage.bob)
    assert 1 == len(approve(stage.app, "P01", by=stage.bob, langs=["ko"]).deliveries)

    waive(stage.app, "P01", "ru", "glossary-forbidden", "a quotation", by=stage.alice)
    assert 1 == len(approve(stage.app, "P01", by=stage.bob).deliveries)
    with pytest.raises(Conflict, match="let pass already"):
        waive(stage.app, "P01", "ru", "glossary-forbidden", "a quotation", by=stage.alice)


def test_half_an_hour_before_its_time_a_word_that_was_forbidden_meanwhile_holds_its_language(stage: World) -> None:
    compose(stage, "Мы во Владике")
    approve(stage.app, "P01", by=stage.bob)
    glossary.add_term(stage.app, CITY, by=stage.alice)
    stage.clock.turn(minutes=31)
    look(stage.app)

    held = {row.langs: row.held_because for row in stage.deliveries()}
    assert held[("ko",)] is None
    assert "the glossary wants Владивосток" in str(held[("ru",)])

    waive(stage.app, "P01", "ru", "glossary-forbidden", "a quotation", by=stage.alice)
    assert [None, None] == [row.held_because for row in stage.deliveries()]


def test_a_forbidden_word_is_found_in_titles_hashtags_and_alt_texts_too(stage: World) -> None:
    glossary.add_term(stage.app, CITY, by=stage.alice)
    for words, alt in (
        (Wording("Мы здесь", ("#Владик",)), "Синий рисунок"),
        (Wording("Мы здесь", title="Владик"), "Синий рисунок"),
        (Wording("Мы здесь"), "Вид на Владик"),
    ):
        drawn = stage.picture({"ko": "남색 그림", "ru": alt})
        draft = Draft("P01", {"ko": Wording("글"), "ru": words}, "2026-11-24 19:00", ("kr", "ru"), pictures=(drawn,))
        seen = preview(stage.app, "c", draft, by=stage.alice)
        assert ["glossary-forbidden"] == [one.finding.code for one in seen.findings if one.is_error]


def test_captions_are_read_too(stage: World) -> None:
    tracks = {
        lang: vtt_file(stage.folder / f"{lang}.vtt", words) for lang, words in (("ko", "글"), ("ru", "Это Владик"))
    }
    clip = Picture(clip_file(stage.folder / "a.mp4"), {"ko": "영상", "ru": "Видео"}, tracks)
    compose(stage, "Мы здесь", pictures=(clip,))
    glossary.add_term(stage.app, CITY, by=stage.alice)

    (found,) = [one.finding for one in read(stage) if one.is_error]
    assert ("captions 1 (ru)", "Владик") == (found.field, found.value)


def test_a_word_that_is_forbidden_later_is_found_where_an_account_has_words_of_its_own(stage: World) -> None:
    compose(stage, "Мы во Владивостоке")
    revise(stage.app, "P01", "ru", by=stage.alice, text="Мы во Владике", account="ru")
    glossary.add_term(stage.app, CITY, by=stage.alice)

    with pytest.raises(Conflict, match="Владике"):
        approve(stage.app, "P01", by=stage.bob, langs=["ru"])


def test_a_term_that_ends_before_the_post_goes_out_is_told_by_its_local_day(stage: World) -> None:
    slogan = Term("", None, "slogan", {"ko": Form("I·SEOUL·U")}, translate=False, valid_until=date(2026, 11, 23))
    glossary.add_term(stage.app, slogan, by=stage.alice)

    with pytest.raises(Invalid, match="2026-11-23"):
        compose(stage, "I·SEOUL·U", ko="I·SEOUL·U")


def test_what_the_glossary_has_and_the_translation_leaves_out_is_a_warning(stage: World) -> None:
    glossary.add_term(stage.app, CITY, by=stage.alice)
    compose(stage, "Мы приехали на край света")

    (found,) = [one for one in read(stage) if one.finding.code == "glossary-missing"]
    assert (False, ("ru",)) == (found.is_error, found.langs)


LONG = "Сегодня делегация прибыла на вокзал и увидела знаменитый километровый столб у перрона."


def test_a_post_that_was_said_before_is_told_per_account(stage: World) -> None:
    compose(stage, LONG, "P01", ko="첫 소식")
    stage.clock.turn(days=60)
    compose(stage, LONG.replace("знаменитый", "старый"), "P02", ko="다른 소식")
    stage.post("P03", texts={"ko": "또 다른 소식"}, to=("kr",), minutes=60, approve_now=False)

    (like,) = [one for one in read(stage, "P02") if one.finding.code == "similar-text"]
    assert ("ru", "P01") == (like.account, like.finding.value)
    assert {"kr"} == {one.account for one in read(stage, "P03") if one.finding.code == "same-hour"}

    stage.clock.turn(days=95)
    compose(stage, LONG, "P04", ko="새 소식")
    assert {("same-text", "similar-text")}.isdisjoint(
        (one.finding.code, one.finding.value) for one in read(stage, "P04") if one.finding.value == "P01"
    )


def test_what_was_cancelled_is_no_neighbour(stage: World) -> None:
    stage.campaign("free")
    for name in ("P01", "P02"):
        stage.post(name, texts={"ko": "오늘의 소식을 전합니다"}, to=("kr",), minutes=60, campaign="free")
    assert {"same-text", "same-hour"} <= codes(read(stage, "P02"))

    cancel(stage.app, "P01", by=stage.alice)
    assert {"same-text", "same-hour"}.isdisjoint(codes(read(stage, "P02")))


def test_what_is_missing_outdated_or_a_machine_s_is_told(stage: World) -> None:
    compose(stage, "Мы здесь", langs=("ko", "ru", "en"))
    revise(stage.app, "P01", "ko", by=stage.alice, text="서울에 돌아왔습니다")

    found = {(one.finding.code, one.finding.field) for one in read(stage)}
    assert {("language-missing", "text (en)"), ("outdated", "text (ru)")} <= found


def test_words_that_an_account_has_of_its_own_are_read_too(stage: World) -> None:
    compose(stage, "Мы во Владивостоке")
    revise(stage.app, "P01", "ru", by=stage.alice, text='Мы во "Владивостоке"', account="ru")

    (found,) = [one for one in read(stage) if one.finding.fix and "«" in one.finding.fix]
    assert "ru" == found.account
    assert '"Владивостоке"' in passages(stage.app, "P01")["ru", "text (ru)"]


def test_what_needs_no_thought_is_mended_as_a_typo(stage: World) -> None:
    glossary.add_term(stage.app, CITY, by=stage.alice)
    compose(stage, 'Мы во  Владивостоке - "на краю света"', ko="블라디보스토크 에 왔습니다  오늘")
    approve(stage.app, "P01", by=stage.bob)
    done = mend(stage.app, "P01", by=stage.alice)

    assert ["ko", "ru"] == sorted(one.variant.lang for one in done.revised)
    text = {one.variant.lang: one.variant.text for one in done.revised}["ru"]
    assert "Мы во Владивостоке — «на краю света»" == text.replace("\u00a0", " ")
    assert "outdated" not in codes(read(stage))
    assert not [one for one in read(stage) if one.finding.fix and "ru" in one.langs]
    assert () == mend(stage.app, "P01", by=stage.alice).revised


def test_an_outdated_translation_is_not_mended_into_an_up_to_date_one(stage: World) -> None:
    compose(stage, "Мы во  Владивостоке")
    revise(stage.app, "P01", "ko", by=stage.alice, text="서울에 돌아왔습니다")
    done = mend(stage.app, "P01", by=stage.alice, langs=["ru"])

    assert ((), ["ru"]) == (done.revised, list(done.left))
    assert "outdated" in codes(read(stage))


def test_what_may_stand_in_one_language_is_told_in_another(stage: World) -> None:
    compose(stage, "Мы здесь  сегодня", ko="서울에  왔습니다")
    waive(stage.app, "P01", "ru", "double-space", "so it is set", by=stage.bob)

    assert [("ko",)] == [one.langs for one in read(stage) if one.finding.code == "double-space"]


def test_what_may_stand_is_told_again_with_another_value(stage: World) -> None:
    compose(stage, MIXED, waive={"ru:mixed-script": "so the sign says"})
    with pytest.raises(Invalid, match="Сеyле"):
        revise(stage.app, "P01", "ru", by=stage.alice, text="Мы в Сеyле")


def test_not_everything_may_stand_nor_may_everybody_say_so(stage: World) -> None:
    compose(stage, "Мы во  Владивостоке")
    with pytest.raises(Forbidden):
        waive(stage.app, "P01", "ru", "double-space", "…", by=stage.carol)
    with pytest.raises(Invalid, match="there are: "):
        waive(stage.app, "P01", "ru", "bidi-unbalanced", "because", by=stage.alice)
    with pytest.raises(Invalid, match="reason"):
        waive(stage.app, "P01", "ru", "double-space", " ", by=stage.alice)
    with pytest.raises(Invalid, match="LANG:CODE"):
        compose(stage, "Мы здесь", "P02", waive={"mixed-script": "because"})
    with pytest.raises(Invalid, match="cannot be let pass"):
        compose(stage, "Привет \u202eтекст", "P02", waive={"ru:bidi-unbalanced": "because"})
    with pytest.raises(Invalid, match="no such finding"):
        compose(stage, "Мы здесь", "P02", waive={"ru:mixed-script": "because"})


def test_a_link_that_does_not_open_is_told_once_asked(stage: World, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(url: str) -> str | None:
        asked.append(url)
        return "HTTP 404" if "gone" in url else None

    words = {
        "ko": Wording("글 https://example.org/gone", link="https://example.org/gone"),
        "ru": Wording("текст", link="https://example.org/"),
    }
    (found,) = links(words, answer)
    assert (["https://example.org/gone", "https://example.org/"], "link-unreachable") == (asked, found.finding.code)


def test_an_address_is_asked_as_a_reader_would_and_never_inside_our_network(stage: World) -> None:
    host = stage.twin.base_url.removeprefix("http://")

    assert reach(f"{stage.twin.base_url}/api/v2/instance", private=[host]) is None
    assert "HTTP 404" == reach(f"{stage.twin.base_url}/no/such/page", private=[host])
    assert "https" in str(reach(f"{stage.twin.base_url}/api/v2/instance"))
    assert reach("https://127.0.0.1:1/") is not None
    assert reach("no address") is not None
