"""A machine's translation: a draft that goes nowhere before a person has saved it."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from campaign.config import Translation
from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid, Refused
from campaign.core.language import latest
from campaign.core.model import Person, Role, Variant
from campaign.core.plan import Form, Term
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.compose import Wording
from campaign.service.machine import Machined, translate_by_machine
from campaign.service.revise import revise
from campaign.store import campaigns as campaign_rows
from campaign.store import glossary
from campaign.store import posts as post_rows
from tests.conftest import World

TOOLS = ("libretranslate", "deepl")
KOREAN = "블라디보스토크에 도착했습니다. @kr {date} https://example.org/a #평화"


def open_tool(world: World, tool: str = "deepl", **told: str) -> str:
    """Give the world a tool that translates; return its key."""
    opened = world.twin.ask("POST", "/_accounts", {"platform": tool, "name": "office", **told})
    given: dict[str, Any] = {"tool": tool, "url": opened["base_url"], "key": opened["token"]}
    world.settings = world.settings.model_copy(update={"translation": Translation(**given)})
    world.run(world.app.close_network())
    world.app.store.close()
    world.app = world.open()
    return str(opened["token"])


@pytest.fixture
def office(world: World) -> World:
    """Campaign s wants one approval; account two speaks Korean and Russian; P01 is written in Korean."""
    world.campaign("s", approval="one", languages=("ko", "ru", "en"))
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    open_tool(world)
    return world


def write(world: World, name: str = "P01", **texts: Any) -> None:
    given = texts or {"ko": Wording(KOREAN, ("#평화",), "https://example.org/ko/", "도착")}
    world.post(name, campaign="s", to=("two",), texts=given, minutes=600, approve_now=False)


def machine(world: World, lang: str = "ru", *, by: Person | None = None, name: str = "P01") -> Machined:
    done: Machined = world.run(translate_by_machine(world.app, name, lang, by=by or world.alice, campaign_name="s"))
    return done


def newest(world: World, lang: str = "ru", name: str = "P01") -> Variant:
    with world.app.store.read() as tx:
        return latest(post_rows.variants_of(tx, post_rows.post_named(tx, name).id))[lang]


def outgoings(world: World, name: str = "P01") -> list[tuple[str, ...]]:
    with world.app.store.read() as tx:
        return [entry.outgoing.langs for entry in post_rows.outgoings_of(tx, post_rows.post_named(tx, name).id)]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_machine_fills_a_draft_and_says_who_it_was(office: World, tool: str) -> None:
    open_tool(office, tool)
    write(office)
    done = machine(office)
    made = newest(office)

    assert (tool, 1, "alice") == (made.machine, made.revision, made.author)
    assert all(kept in made.text for kept in ("@kr", "{date}", "https://example.org/a", "#평화"))
    assert "블라디보스토크" not in made.text
    assert made.title and made.title != "도착"
    assert {"text": 1, "title": 1} == {name: made.based_on[name] for name in ("text", "title")}
    assert len(KOREAN) + len("도착") == done.sent
    assert made == done.variant


def test_nothing_goes_out_of_it(office: World) -> None:
    write(office)
    before = outgoings(office)
    machine(office)

    assert [("ko",)] == before == outgoings(office)


def test_nobody_can_approve_it_before_a_person_has_saved_it(office: World) -> None:
    write(office, ko="서울", ru="Сеул")
    approve(office.app, "P01", by=office.bob, campaign_name="s")
    revise(office.app, "P01", "ko", by=office.alice, text="서울을 떠납니다", campaign_name="s")
    machine(office)
    with pytest.raises(CampaignError, match="a person must save it first"):
        approve(office.app, "P01", by=office.bob, langs=["ru"], campaign_name="s")
    words = newest(office).text
    revise(office.app, "P01", "ru", by=office.alice, text=words, campaign_name="s")
    approve(office.app, "P01", by=office.bob, campaign_name="s")

    assert (None, words, 3) == (newest(office).machine, newest(office).text, newest(office).revision)
    office.clock.turn(minutes=601)
    office.tick()
    assert {"published"} == set(office.states())
    assert [words] == [row["text"] for row in office.twin.books("peace_ru") if row["language"] == "ru"]


def test_what_waits_in_that_language_is_held(office: World) -> None:
    write(office, ko="서울", ru="Сеул")
    approve(office.app, "P01", by=office.bob, campaign_name="s")
    revise(office.app, "P01", "ko", by=office.alice, text="서울을 떠납니다", campaign_name="s")
    approve(office.app, "P01", by=office.bob, langs=["ko"], campaign_name="s")
    done = machine(office)
    office.clock.turn(minutes=601)
    office.tick()

    assert ["ru"] == [lang for row in done.held for lang in row.langs]
    assert ["ko"] == [row["language"] for row in office.twin.books("peace_ru")]


def test_the_same_words_saved_by_a_person_go_out(office: World) -> None:
    write(office, ko="서울")
    machine(office)
    revise(office.app, "P01", "ru", by=office.alice, campaign_name="s")

    assert None is newest(office).machine
    assert [("ko",), ("ru",)] == sorted(outgoings(office))


def test_alt_texts_are_translated_where_nobody_wrote_one(office: World) -> None:
    pictures = (office.picture({"ko": "남색 그림"}), office.picture({"ko": "붉은 그림", "ru": "Рисунок"}, name="b.png"))
    office.post("P01", campaign="s", to=("two",), texts={"ko": "서울"}, pictures=pictures, approve_now=False)
    machine(office)
    made = newest(office)

    assert [1] == list(made.alt)
    assert all("а" <= sign <= "я" for sign in made.alt[1] if sign.isalpha())


def test_hashtags_are_left_to_a_person_and_a_link_follows_its_language(office: World) -> None:
    write(office)
    done = machine(office)
    made = newest(office)

    assert ((), "https://example.org/ru/") == (made.tags, made.link)
    assert [("tags (ru)", "tag-left-out"), ("link (ru)", "link-guessed")] == [
        (one.field, one.code) for one in done.findings
    ]
    for one in done.findings:
        assert one.rule == one.message("en")
        assert 3 == len({one.message(reader) for reader in ("ko", "en", "ru")})


def test_the_glossary_and_the_campaign_give_hashtags_and_names(office: World) -> None:
    def term(name: str, *, translate: bool = True, **forms: str) -> Term:
        written = {lang: Form(text) for lang, text in forms.items()}
        return Term(office.app.new_id(), None, name, written, translate)

    terms = [term("slogan", translate=False, ko="I·SEOUL·U"), term("city", ko="블라디보스토크", ru="Владивосток")]
    with office.app.store.begin() as tx:
        for one in terms:
            glossary.add(tx, one, at=office.clock.now())
        campaign = campaign_rows.campaign_named(tx, "s")
        campaign_rows.edit_campaign(tx, replace(campaign, required_tags={"ru": ("#Мир",)}))
    write(office, ko=Wording("I·SEOUL·U가 갑니다", ("#블라디보스토크", "#ISEOULU", "#평화")))
    done = machine(office)
    made = newest(office)

    assert made.text.startswith("I·SEOUL·U")
    assert ("#Мир", "#Владивосток", "#ISEOULU") == made.tags
    assert ["#평화"] == [one.value for one in done.findings]


def test_a_link_that_names_no_language_is_copied(office: World) -> None:
    write(office, ko=Wording("서울", (), "https://example.org/korea/?a=1"))

    assert () == machine(office).findings
    assert "https://example.org/korea/?a=1" == newest(office).link


def test_what_was_lost_on_the_way_is_a_finding(office: World) -> None:
    write(office, ko=KOREAN)
    body = '{"translations": [{"text": "Приехали. @kr"}]}'
    office.twin.fault("bad_json", path="/deepl/v2/translate", body=body)
    done = machine(office)

    assert {"{date}", "https://example.org/a", "#평화"} == {one.value for one in done.findings}
    assert {("text (ru)", "warning", "lost-in-translation")} == {
        (one.field, one.severity, one.code) for one in done.findings
    }


def test_only_what_the_source_left_behind_is_translated_of_a_person_s_words(office: World) -> None:
    write(office, ko=Wording("서울", ("#서울",), title="도착"), ru=Wording("Сеул", ("#Сеул",), title="Прибытие"))
    revise(office.app, "P01", "ko", by=office.alice, title="출발", campaign_name="s")
    machine(office)
    made = newest(office)

    assert ("Сеул", ("#Сеул",), "deepl") == (made.text, made.tags, made.machine)
    assert "Прибытие" != made.title
    assert (2, 1) == (made.based_on["title"], made.based_on.get("text", 1))


def test_a_person_s_words_are_not_written_over(office: World) -> None:
    write(office, ko="서울", ru="Сеул")
    with pytest.raises(Conflict, match="a machine does not write over it"):
        machine(office)

    assert "Сеул" == newest(office).text


def test_the_same_source_is_not_paid_for_twice(office: World) -> None:
    write(office, ko="서울")
    machine(office)
    with pytest.raises(Conflict, match="was not asked again"):
        machine(office)

    assert 1 == office.twin.counters()["POST /deepl/v2/translate"]


def test_a_changed_source_is_translated_again(office: World) -> None:
    write(office, ko="서울")
    machine(office)
    revise(office.app, "P01", "ko", by=office.alice, text="모스크바로 갑니다", campaign_name="s")
    machine(office)

    assert (2, 2) == (newest(office).revision, newest(office).based_on["text"])


def test_whoever_changes_it_meanwhile_is_not_overwritten(office: World) -> None:
    write(office, ko="서울")
    tool = office.app.translator()
    assert tool is not None

    class Slow:
        tool = "deepl"

        def __init__(self, act: Callable[[], Any]) -> None:
            self.act = act

        async def translate(self, *asked: Any) -> list[str]:
            self.act()
            return ["Сеул"]

    for lang, text in (("ko", "서울을 떠납니다"), ("ru", "Столица")):
        slow = Slow(
            lambda lang=lang, text=text: revise(  # type: ignore[misc]
                office.app, "P01", lang, by=office.alice, text=text, campaign_name="s"
            )
        )
        app = replace(office.app, translator=lambda slow=slow: slow)  # type: ignore[misc]
        with pytest.raises(Conflict, match="changed meanwhile"):
            office.run(translate_by_machine(app, "P01", "ru", by=office.alice, campaign_name="s"))

    assert (None, "Столица") == (newest(office).machine, newest(office).text)


def test_whoever_may_not_write_cannot_spend_the_office_s_money(office: World) -> None:
    write(office, ko="서울")
    dora = campaigns.add_person(office.app, "dora", [Role.TRANSLATOR])
    for person, lang in ((office.carol, "ru"), (office.bob, "ru"), (dora, "ko")):
        with pytest.raises((Forbidden, Invalid)):
            machine(office, lang, by=person)
    counted = office.twin.counters().get("POST /deepl/v2/translate", 0)
    machine(office, by=dora)

    assert (0, 1) == (counted, office.twin.counters()["POST /deepl/v2/translate"])


def test_off_is_off_and_says_how_to_turn_it_on(world: World) -> None:
    world.post(approve_now=False, texts={"ko": "서울"})
    with pytest.raises(Conflict, match=r"section \[translation\] of config.toml"):
        world.run(translate_by_machine(world.app, "P01", "ru", by=world.alice))


@pytest.mark.parametrize("lang", ["ko", "de"])
def test_the_source_and_foreign_languages_are_refused(office: World, lang: str) -> None:
    write(office)
    with pytest.raises(Invalid):
        machine(office, lang)


def test_an_answer_that_is_none_changes_nothing(office: World) -> None:
    write(office, ko="서울")
    office.twin.fault("bad_json", path="/deepl/v2/translate", body='{"translations": []}')
    with pytest.raises(Refused, match="nothing was changed"):
        machine(office)

    assert [("ko",)] == outgoings(office)


def test_what_is_out_is_not_translated(office: World) -> None:
    write(office, ko="서울", ru="Сеул")
    approve(office.app, "P01", by=office.bob, campaign_name="s")
    office.clock.turn(minutes=601)
    office.tick()
    with pytest.raises(Conflict):
        machine(office)

    assert "POST /deepl/v2/translate" not in office.twin.counters()


@pytest.mark.parametrize("seed", [9, 10, 12, 37])  # walks in which a machine wrote, and something went out
def test_no_order_of_edits_and_approvals_lets_a_machine_s_words_out(office: World, seed: int) -> None:
    chance = random.Random(seed)
    office.connect("both", "ko", "ru", twin_account="peace_en")
    office.post("P01", campaign="s", to=("two",), texts={"ko": "서울 0"}, minutes=600, approve_now=False)
    texts = {"ko": "서울 0", "ru": "Сеул 0"}
    office.post("P02", campaign="s", to=("both",), texts=texts, minutes=600, approve_now=False, strategy="combined")

    def save(name: str, lang: str, **words: Any) -> None:
        revise(office.app, name, lang, by=office.alice, campaign_name="s", **words)

    def step(number: int) -> None:
        name = chance.choice(("P01", "P02"))
        match chance.randrange(6):
            case 0 | 1:
                machine(office, name=name)
            case 2:
                save(name, "ko", text=f"서울 {number}")
            case 3:
                save(name, "ru", text=f"Сеул {number}")
            case 4:
                save(name, "ru")
            case _:
                approve(office.app, name, by=office.bob, campaign_name="s")

    for number in range(1, 16):
        with suppress(CampaignError):
            step(number)
    office.clock.turn(minutes=601)
    for _ in range(3):
        office.tick()
    with office.app.store.read() as tx:
        posts = [post_rows.post_named(tx, name) for name in ("P01", "P02")]
        said = {v.text for post in posts for v in post_rows.variants_of(tx, post.id) if v.machine is None}
        drafts = {v.text for post in posts for v in post_rows.variants_of(tx, post.id) if v.machine is not None} - said
    out = [part for row in office.twin.books() for part in row["text"].split("\n\n")]

    assert out and drafts.isdisjoint(out)
    assert set(out) <= said
