"""The packaged journey is whole in three languages, and what is wrong with a changed one is said."""

from datetime import datetime
from importlib import resources

import pytest
from pydantic import ValidationError

from campaign.core.errors import Invalid
from campaign.demo.draw import CARDS, CITIES
from campaign.demo.film import FILMS
from campaign.demo.journey import FILE, JourneyPost, load_journey, read_journey

JOURNEY = load_journey()
LANGS = ("ko", "ru", "en")
SOURCE = (resources.files("campaign.demo") / FILE).read_text("utf-8")
SCRIPTS = {"ko": ("가", "힣"), "ru": ("А", "я"), "en": ("A", "z")}


def test_it_has_five_legs_and_ten_posts_in_three_languages() -> None:
    assert JOURNEY.campaign.languages == LANGS
    assert [leg.id for leg in JOURNEY.legs] == ["seoul-out", "vladivostok", "irkutsk", "moscow", "seoul-back"]
    assert [post.id for post in JOURNEY.posts] == [f"P{number:02}" for number in range(1, 11)]
    assert len({post.text[lang] for post in JOURNEY.posts for lang in LANGS}) == 30


@pytest.mark.parametrize("post", JOURNEY.posts, ids=lambda post: post.id)
@pytest.mark.parametrize("lang", LANGS)
def test_every_text_and_alt_is_written_in_its_own_script(post: JourneyPost, lang: str) -> None:
    first, last = SCRIPTS[lang]
    for text in (post.text[lang], post.place[lang], *(picture.alt[lang] for picture in post.pictures)):
        letters = [char for char in text if char.isalpha()]
        own = sum(first <= char <= last or char in "ёЁ" for char in letters)
        assert own > len(letters) * 0.5, text
    assert len(post.tags[lang]) == 2
    assert all(tag.startswith("#") and " " not in tag for tag in post.tags[lang])


def test_every_picture_and_film_can_be_drawn_and_every_one_is_used() -> None:
    pictures = [picture for post in JOURNEY.posts for picture in post.pictures]
    assert list(CARDS) and {picture.draw for picture in pictures if picture.draw} == set(CARDS)
    assert [picture.film for picture in pictures if picture.film] == list(FILMS)
    assert {post.id: len(post.pictures) for post in JOURNEY.posts if len(post.pictures) > 1} == {"P04": 3}


def test_an_alt_promises_a_moving_picture_where_there_is_one() -> None:
    for post in JOURNEY.posts:
        for picture in post.pictures:
            for said in picture.alt.values():
                assert any(word in said.lower() for word in ("영상", "видео", "video")) == bool(picture.film)


def test_the_map_shows_the_cities_where_the_legs_are() -> None:
    names = {"seoul-out": "seoul", "seoul-back": "seoul"}
    for leg in JOURNEY.legs:
        latitude, longitude, _, words = CITIES[names.get(leg.id, leg.id)]
        assert (leg.lat, leg.lon, tuple(leg.name[lang] for lang in LANGS)) == (latitude, longitude, words)


def test_times_are_wall_times_within_their_leg() -> None:
    assert JOURNEY.posts[6].local == datetime(2019, 10, 7, 19, 0)  # noqa: DTZ001 - a wall time has no zone
    assert JOURNEY.leg(JOURNEY.posts[6].leg).tz == "Europe/Moscow"


def test_the_last_post_links_to_a_page_per_language() -> None:
    assert JOURNEY.posts[9].link_in("ru") == "https://example.org/journey/ru/"
    assert [post.id for post in JOURNEY.posts if post.link_in("ko")] == ["P10"]


def test_the_clips_have_captions_in_three_languages() -> None:
    clips = {post.id: post.vtt for post in JOURNEY.posts if post.vtt}

    assert set(clips) == {"P02", "P05"}
    assert clips["P02"]["ru"][0] == (0.5, 3.5, "Мы во Владивостоке.")


def test_it_says_of_itself_that_it_is_a_demo() -> None:
    assert SOURCE.startswith("# DEMO DATA")
    assert all(word in SOURCE for word in ("PUBLIC FACT", "INVENTED SAMPLE COPY"))
    assert all("데모" in title or "демо" in title or "demo" in title for title in JOURNEY.campaign.title.values())


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        JOURNEY.posts[0].leg = "moscow"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  - id: P02\n", "  - id: P01\n", "used twice"),
        ("    leg: moscow\n", "    leg: mars\n", "no leg mars"),
        ("2019-10-11 10:00", "2019-10-12 10:00", "no wall time within its leg"),
        ("2019-10-11 10:00", "2019-10-11 10:00+09:00", "no wall time within its leg"),
        ("2019-10-11 10:00", "soon", "posts.9.local"),
        ("    leg: seoul-out\n", "    leg: seoul-out\n    mood: good\n", "posts.0.mood"),
        ('place: {ko: "서울", ru: "Сеул", en: "Seoul"}', 'place: {ko: "서울", ru: "Сеул"}', "need exactly"),
        ('place: {ko: "서울", ru: "Сеул", en: "Seoul"}', 'place: {ko: "서울", ru: "Сеул", en: " "}', "needs a text"),
        ("      - film: wave_film\n", "      - draw: tiles\n", "vtt goes with a film"),
        (
            "      - film: wave_film\n",
            "      - film: wave_film\n        draw: tiles\n",
            "either a card to draw or a film",
        ),
        ("campaign:\n", "campaign: [\n", "is no YAML"),
    ],
)
def test_what_is_wrong_with_a_journey_is_said(old: str, new: str, says: str) -> None:
    assert old in SOURCE
    with pytest.raises(Invalid) as caught:
        read_journey(SOURCE.replace(old, new))

    assert says in str(caught.value)
