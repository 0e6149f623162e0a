"""Writing a post in the browser: nothing that was typed is lost, and nothing half-done is kept."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from campaign.core.text import count
from campaign.store import posts as post_rows
from tests.conftest import World, picture_file
from tests.web.conftest import Answer, Desk, Page

Serve = Callable[..., Desk]
BOUNDARY = "a-boundary-of-the-tests"


def multipart(fields: dict[str, Any], files: list[tuple[str, str, bytes]]) -> bytes:
    parts: list[bytes] = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{one}\r\n'
            parts.append(head.encode())
    for name, filename, content in files:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def send(desk: Desk, fields: dict[str, Any], files: list[tuple[str, str, bytes]] | None = None) -> Answer:
    body = multipart({"csrf": desk.csrf, **fields}, files or [])
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return desk.ask("/campaigns/s/compose", method="POST", body=body, Content_Type=kind)


@pytest.fixture
def office(world: World) -> World:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    return world


TYPED = {
    "id": "P01",
    "text_ko": "서울을 떠납니다",
    "text_ru": "Мы уезжаем из Сеула",
    "tags_ko": "#서울 #평화",
    "tags_ru": "#Сеул",
    "date": "2026-11-25",
    "time": "19:00",
    "zone": "Asia/Seoul",
    "to": ["two"],
}


def picture(world: World) -> bytes:
    return picture_file(world.folder / "night.png").read_bytes()


def kept(answer: Answer) -> dict[str, Any]:
    page = Page(answer.text)
    fields = [attrs for attrs in page.all("input") if attrs.get("name") in ("kept", "kept_name")]
    return {name: [str(a["value"]) for a in fields if a["name"] == name] for name in ("kept", "kept_name")}


def test_a_bilingual_post_with_a_picture_is_checked_kept_and_approved(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    first = send(desk, {**TYPED, "act": "check"}, [("media", "밤.png", picture(office))])

    assert 200 == first.status and "alt 1 (ko)" in first.text  # no picture without an alt text
    with_alt = {**TYPED, **kept(first), "alt_0_ko": "남색 밤", "alt_0_ru": "Синяя ночь"}
    checked = send(desk, {**with_alt, "act": "check"})
    limit = office.app.capabilities(office.people and _account(office)).text
    for text in ("서울을 떠납니다\n#서울 #평화", "Мы уезжаем из Сеула\n#Сеул"):
        assert f"{count(text, limit)} / 500" in checked.text

    saved = send(desk, {**with_alt, "act": "save"})

    assert (303, "/posts/s/P01") == (saved.status, saved.headers["location"])
    assert [] == office.states()
    assert [] == [path for path in (office.settings.root / "drafts").rglob("*") if path.is_file()]
    desk.log_in("bob")
    assert 303 == desk.send("/posts/s/P01/approve", langs=["ko", "ru"]).status
    assert ["scheduled", "scheduled"] == office.states()


def _account(world: World) -> Any:
    from campaign.store import accounts

    with world.app.store.read() as tx:
        return accounts.account_named(tx, "two")


def test_whatever_is_wrong_what_was_typed_comes_back(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    wrong = {**TYPED, "text_ko": "가" * 600, "id": "a b", "time": "", "to": [], "text_ru": "<b>Привет</b>"}
    back = send(desk, {**wrong, "act": "save"}, [("media", "밤.png", picture(office))])

    assert 422 == back.status
    assert "가" * 600 in back.text and "&lt;b&gt;Привет&lt;/b&gt;" in back.text and "<b>Привет" not in back.text
    assert 1 == len(kept(back)["kept"])
    with office.app.store.read() as tx:
        assert [] == post_rows.posts_of(tx)


def test_a_time_that_comes_twice_or_never_is_asked(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    twice = send(desk, {**TYPED, "zone": "Europe/Berlin", "date": "2027-10-31", "time": "02:30", "act": "check"})
    never = send(desk, {**TYPED, "zone": "Europe/Berlin", "date": "2027-03-28", "time": "02:30", "act": "check"})

    assert 'name="fold" value="first"' in twice.text and 'name="gap"' not in twice.text
    assert 'name="gap" value="forward"' in never.text
    assert "fold first (2027-10-31 02:30 UTC+2" in twice.text and "--" not in Page(twice.text + never.text).text
    chosen = {**TYPED, "zone": "Europe/Berlin", "date": "2027-10-31", "time": "02:30", "fold": "second"}
    assert 303 == send(desk, {**chosen, "act": "save"}).status


def test_a_file_is_named_by_its_digest_only_and_belongs_to_its_session(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    digest = kept(send(desk, {**TYPED, "act": "check"}, [("media", "../../x.png", picture(office))]))["kept"][0]
    assert re.fullmatch("[0-9a-f]{64}", digest)

    for hostile in ("../../../etc/passwd", "/etc/passwd", "..", "%2e%2e", digest[:-1]):
        assert [] == kept(send(desk, {**TYPED, "kept": hostile, "kept_name": "x", "act": "check"}))["kept"]
    desk.log_in("alice")  # another session of the same person
    assert [] == kept(send(desk, {**TYPED, "kept": digest, "kept_name": "x", "act": "check"}))["kept"]


def test_a_post_is_never_kept_without_a_picture_that_its_form_shows(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    fields = kept(send(desk, {**TYPED, "act": "check"}, [("media", "밤.png", picture(office))]))
    for path in (office.settings.root / "drafts").rglob("*"):
        if path.is_file():
            path.unlink()  # a day went by
    answer = send(desk, {**TYPED, **fields, "alt_0_ko": "밤", "alt_0_ru": "Ночь", "act": "save"})

    assert 422 == answer.status and "choose it again" in answer.text and "밤.png" in answer.text
    with office.app.store.read() as tx:
        assert [] == post_rows.posts_of(tx)


def test_two_drafts_of_one_person_keep_their_own_files(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    red = picture_file(office.folder / "red.png", "red").read_bytes()
    one = kept(send(desk, {**TYPED, "act": "check"}, [("media", "밤.png", picture(office))]))
    two = kept(send(desk, {**TYPED, "act": "check"}, [("media", "red.png", red)]))
    alts = {"alt_0_ko": "그림", "alt_0_ru": "Рисунок"}

    assert 303 == send(desk, {**TYPED, **one, **alts, "act": "save"}).status
    assert 303 == send(desk, {**TYPED, **two, **alts, "id": "P02", "act": "save"}).status


def test_an_error_is_told_at_its_field_and_linked_from_the_top(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    page = Page(send(desk, {**TYPED, "act": "check"}, [("media", "밤.png", picture(office))]).text)

    links = {a["href"] for a in page.all("a")}
    described = {a["id"]: a.get("aria-describedby") for a in page.all("textarea")}
    assert {"#alt_0_ko", "#alt_0_ru"} <= links
    assert "e-alt_0_ko" == described["alt_0_ko"] and "e-alt_0_ko" in {a.get("id") for a in page.all("span")}
    assert "밤.png needs an alt text in ko" in page.text and "--alt" not in page.text


def test_a_preview_is_a_fragment_and_keeps_nothing(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    seen = send(desk, {**TYPED, "act": "preview"})

    assert 200 == seen.status and "<html" not in seen.text and "서울을 떠납니다" in seen.text
    with office.app.store.read() as tx:
        assert [] == post_rows.posts_of(tx)


def test_who_may_only_read_does_not_write(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="carol")

    assert 403 == desk.ask("/campaigns/s/compose").status
    assert 403 == send(desk, {**TYPED, "act": "save"}).status


def test_an_upload_that_is_too_large_is_told_before_it_is_read(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    huge = str(office.settings.media.max_bytes + (5 << 20))
    answer = desk.ask(
        "/campaigns/s/compose",
        method="POST",
        body=b"",
        Content_Type=f"multipart/form-data; boundary={BOUNDARY}",
        Content_Length=huge,
    )

    assert 413 == answer.status and "MiB" in answer.text


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_the_form_is_there_in_each_language(office: World, serve: Serve, lang: str) -> None:
    page = Page(serve(office.app, office.settings, by="alice").ask(f"/campaigns/s/compose?lang={lang}").text)

    labelled = {str(attrs["for"]) for attrs in page.all("label") if attrs.get("for")}
    fields = [a for tag in ("input", "select", "textarea") for a in page.all(tag)]
    named = {str(a["id"]) for a in fields if a.get("type") not in ("hidden", "checkbox", "radio")}
    assert named <= labelled


def test_what_is_not_written_yet_is_foretold_while_somebody_types(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    both = send(desk, {**TYPED, "act": "preview"})
    seen = send(desk, {**TYPED, "text_ru": "", "tags_ru": "", "act": "preview"})

    assert "forecast" not in both.text
    # 8 characters, 1.9 of Russian for each; a line of hashtags as in the source
    assert "two · ru: 23 ± 3 / 500" in seen.text.replace("Russian", "ru") and "will fit" in seen.text


def test_a_forecast_over_the_limit_says_so(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    seen = send(desk, {**TYPED, "text_ko": "가나 " * 150, "text_ru": "", "act": "preview"})

    assert "will not fit" in seen.text


def test_what_a_native_reader_would_mark_is_told_in_the_reader_s_language(serve: Serve, office: World) -> None:
    desk = serve(office.app, office.settings, by="alice")
    mixed = TYPED | {"text_ru": 'Мы уезжаем из Сеyла. "Мир" с нами', "csrf": desk.csrf}  # a Latin y
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for act, status in (("check", 200), ("save", 422)):
        body = multipart(mixed | {"act": act}, [])
        page = desk.ask("/campaigns/s/compose?lang=ru", method="POST", body=body, Content_Type=kind)

        assert (act, status) == (act, page.status)
        assert "В слове есть похожие буквы другого алфавита: y" in page.text, act
        assert ("Прямая кавычка" in page.text) == (act == "check")
