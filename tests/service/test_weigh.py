"""What is weighed is what revise() would make, and nothing of it is kept."""

from dataclasses import replace

import pytest

from campaign.core.errors import CampaignError, Forbidden, Invalid
from campaign.core.text import count
from campaign.service.compose import Wording
from campaign.service.revise import Edit, revise
from campaign.service.weigh import weigh
from campaign.store import posts as post_rows
from tests.conftest import World


@pytest.fixture
def office(world: World) -> World:
    """P01 in Korean and Russian, with a picture: to kr, which speaks Korean, and to two, which speaks all three."""
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", "en", twin_account="peace_ru")
    texts = {"ko": Wording("서울을 떠납니다.", ("#서울",)), "ru": Wording("Мы едем.")}
    picture = world.picture({"ko": "역 앞", "ru": "У вокзала"})
    world.post("P01", campaign="s", to=("kr", "two"), approve_now=False, texts=texts, pictures=(picture,))
    return world


def kept(world: World) -> tuple[object, ...]:
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        return post, post_rows.variants_of(tx, post.id), post_rows.outgoings_of(tx, post.id)


@pytest.mark.parametrize(
    ("lang", "wording", "alt"),
    [
        ("ko", Wording("내일 서울을 떠납니다.", ("#서울", "#평화"), "https://example.org/"), {}),
        ("ru", Wording("Завтра мы едем в Москву.", ("#Сеул",)), {1: "Вокзал"}),
        ("en", Wording("We leave Seoul tomorrow."), {1: "At the station"}),
        ("ru", Wording("Завтра мы едем в Mоскву."), {}),  # a Latin M
        ("ru", Wording("х" * 501), {}),
        ("en", Wording("We leave Seoul."), {}),  # no alt text
        ("ru", Wording("Едем.", (), "ftp://example.org"), {}),
        ("ru", Wording(""), {}),
    ],
)
def test_it_says_what_revise_then_does(office: World, lang: str, wording: Wording, alt: dict[int, str]) -> None:
    before = kept(office)
    weighed = weigh(office.app, "P01", lang, wording, alt=alt, by=office.alice)
    assert before == kept(office)
    edit = Edit(wording.text, wording.tags, wording.link or "", alt=alt)

    stops = {(one.finding.field, one.finding.rule) for one in weighed.findings if one.is_error}
    try:
        revise(office.app, "P01", lang, edit, by=office.alice)
    except Invalid as error:
        assert {(one.field, one.rule) for one in getattr(error, "findings", (error,))} <= stops
        return

    assert not stops
    with office.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        leaving = [each for each in post_rows.outgoings_of(tx, post.id) if lang in each.outgoing.langs]
    limits = office.app.capabilities(office.connect("three", "ko", twin_account="peace_en")).text
    assert {(each.outgoing.account, count(each.outgoing.text, limits)) for each in leaving} == {
        (each.account, each.length) for each in weighed.counts
    }


def test_the_own_words_of_an_account_are_weighed_alone(office: World) -> None:
    weighed = weigh(office.app, "P01", "ko", Wording("짧게."), account="two", by=office.alice)
    assert [("two", 3)] == [(each.account, each.length) for each in weighed.counts]


def test_the_source_foretells_what_is_not_written(office: World) -> None:
    with office.app.store.begin() as tx:
        post = post_rows.post_named(tx, "P01")
        post_rows.change_post(tx, replace(post, langs=("ko", "ru", "en")), at=office.clock.now())
    weighed = weigh(office.app, "P01", "ko", Wording("서울을 떠나 모스크바로 갑니다."), by=office.alice)
    assert [("two", ("en",))] == [(each.account, each.forecast.langs) for each in weighed.forecasts]
    assert () == weigh(office.app, "P01", "ru", Wording("Едем."), by=office.alice).forecasts


def test_who_may_not_write_may_not_weigh(office: World) -> None:
    with pytest.raises(Forbidden):
        weigh(office.app, "P01", "ko", Wording("짧게."), by=office.carol)
    with pytest.raises(CampaignError, match="not found"):
        weigh(office.app, "P09", "ko", Wording("짧게."), by=office.alice)
