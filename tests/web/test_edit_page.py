"""The editor: what is outdated shows what changed, and what was typed is never lost."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from campaign.core.language import latest, stale_fields
from campaign.core.model import Role, Variant
from campaign.service import campaigns
from campaign.service.compose import Picture, Wording
from campaign.service.revise import Edit, revise
from campaign.store import posts as post_rows
from campaign.web.words import CATALOGUE
from tests.clips import clip_file
from tests.conftest import World
from tests.web.conftest import Answer, Desk, Page, post_id
from tests.web.test_compose_page import BOUNDARY, multipart

Serve = Callable[..., Desk]
SRT = b"1\n00:00:00,000 --> 00:00:00,900\nHi\n"


class Form(HTMLParser):
    """What a browser would send of the editor's form as it stands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self._area: str | None = None
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._inside = (self._inside or told.get("id") == "edit") if tag == "form" else self._inside
        name, kind = told.get("name"), told.get("type")
        if not self._inside or not name:
            return
        if tag == "textarea":
            self._area, self.fields[name] = name, ""
        elif tag == "input" and kind != "file" and (kind not in ("checkbox", "radio") or "checked" in told):
            self.fields[name] = told.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"
        self._area = None if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data.removeprefix("\n")  # a browser drops the first line end


@pytest.fixture
def office(world: World) -> World:
    """P03 in Korean and Russian with a picture; the Korean text has changed since, and the Korean alt text."""
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", "en", twin_account="peace_ru")
    world.post(
        "P03",
        campaign="s",
        to=("kr", "two"),
        approve_now=False,
        minutes=300,
        texts={
            "ko": Wording("오늘 서울을 떠납니다.", ("#서울",), "https://example.org/ko"),
            "ru": Wording('Сегодня мы едем - "мир".', ("#Сеул",), "https://example.org/ru"),
        },
        pictures=(world.picture({"ko": "역 앞", "ru": "У вокзала"}),),
    )
    told(world, "ko", text="내일 서울을 떠납니다.")
    told(world, "ko", alt={1: "역 앞의 사절단"})
    return world


def told(world: World, lang: str, **fields: Any) -> None:
    revise(world.app, "P03", lang, Edit(**fields), by=world.alice, campaign_name="s")


def history(world: World) -> list[Variant]:
    with world.app.store.read() as tx:
        return post_rows.variants_of(tx, post_id(world, "P03"))


def newest(world: World, lang: str) -> Variant:
    return latest(history(world))[lang]


def opened(desk: Desk, lang: str, *, ui: str = "en", account: str = "") -> str:
    return desk.ask(f"/posts/s/P03/edit?language={lang}&lang={ui}" + (f"&account={account}" if account else "")).text


def sent(desk: Desk, html: str, act: str = "save", *, ui: str = "en", **typed: Any) -> Answer:
    """Send the form as it stood on a page, with what was typed and the button that was pressed."""
    return desk.send(f"/posts/s/P03/edit?lang={ui}", **{**Form(html).fields, "act": act, **typed})


def test_what_is_outdated_stands_beside_what_the_source_says_otherwise_now(office: World, serve: Serve) -> None:
    html = opened(serve(office.app, office.settings, by="alice"), "ru")

    assert '<del><span class="hidden" lang="en">removed: </span>오늘</del>' in html
    assert '<ins><span class="hidden" lang="en">added: </span>내일</ins>' in html
    assert '<ins><span class="hidden" lang="en">added: </span>앞의' in html  # the alt text that came with the picture
    marks = {one["id"] for one in Page(html).all("strong") if one.get("id")}
    assert {"o-text", "o-alt_1"} == marks  # tags and link say what they said
    assert {"ko", "ru"} == {one["lang"] for one in Page(html).all("div") if one.get("lang")}


def test_only_what_was_changed_or_ticked_is_said_to_hold(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ru")
    untouched = sent(desk, html)
    assert 422 == untouched.status and CATALOGUE["reason.tick"][1] in untouched.text
    assert 303 == sent(desk, html, tags="#Сеул, мир").status
    assert ("#Сеул", "#мир") == newest(office, "ru").tags
    assert {"text", "alt"} == set(stale_fields(history(office), "ko")["ru"])

    assert 303 == sent(desk, opened(desk, "ru"), holds="text").status
    assert {"alt"} == set(stale_fields(history(office), "ko")["ru"])

    assert 303 == sent(desk, opened(desk, "ru"), "holds").status
    assert {} == stale_fields(history(office), "ko")
    assert 'Сегодня мы едем - "мир".' == newest(office, "ru").text


def test_a_slower_writer_sees_both_versions_and_loses_nothing(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ru")
    told(office, "ru", text="Завтра едем.", tags=["#мир"])

    refused = sent(desk, html, text="Завтра мы уезжаем.")

    assert 409 == refused.status
    fields, box = Form(refused.text).fields, refused.text.partition('id="theirs"')[2].partition("</section>")[0]
    assert "Завтра едем." in box and "уезжаем" in box and CATALOGUE["edit.faster"][1] in box
    assert ("Завтра мы уезжаем.", "#мир") == (fields["text"], fields["tags"])  # the tags were not touched: theirs stay
    assert 2 == newest(office, "ru").revision
    told(office, "ru", text="Завтра, завтра.")
    assert 409 == sent(desk, refused.text).status  # even then: somebody was faster once more
    again = sent(desk, refused.text)
    assert 303 == sent(desk, again.text).status  # mine on top of theirs
    now = newest(office, "ru")
    assert (4, "Завтра мы уезжаем.", ("#мир",)) == (now.revision, now.text, now.tags)


def test_theirs_is_taken_by_opening_the_form_anew(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ru")
    told(office, "ru", text="Завтра едем.")
    refused = sent(desk, html, text="Мой текст")
    link = next(one for one in Page(refused.text).all("a") if one.get("class") == "button plain")
    assert "?language=ru" == link["href"]
    assert "Завтра едем." == Form(desk.ask(f"/posts/s/P03/edit{link['href']}").text).fields["text"]


def test_what_was_made_of_an_older_source_is_not_kept_as_up_to_date(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ru")
    told(office, "ko", text="모레 서울을 떠납니다.")

    refused = sent(desk, html, text="Завтра мы едем.")

    assert 409 == refused.status and "meanwhile, in revision 4" in refused.text and "모레</ins>" in refused.text
    assert "Завтра мы едем." == Form(refused.text).fields["text"] and 1 == newest(office, "ru").revision
    assert 303 == sent(desk, refused.text, text="Послезавтра мы едем.").status
    assert 4 == newest(office, "ru").based_on["text"]


def test_a_form_that_does_not_say_what_was_seen_is_refused(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    for revision in ("", "-1", "x"):
        refused = sent(desk, opened(desk, "ru"), text="Завтра мы едем.", revision=revision)
        assert 422 == refused.status and "Завтра мы едем." == Form(refused.text).fields["text"]
    assert 409 == sent(desk, opened(desk, "ru"), text="Завтра мы едем.", revision="77").status
    assert 1 == newest(office, "ru").revision


def test_a_language_that_nobody_has_written_is_written_here(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    assert "/posts/s/P03/edit?language=en" in desk.ask("/posts/s/P03").text
    html = opened(desk, "en")
    assert "outdated" not in html and "removed" not in html.partition('class="history"')[0]
    empty = sent(desk, html)
    assert 422 == empty.status and 'href="#text"' in empty.text
    bare = sent(desk, html, "check", ui="ru", text="We leave Seoul tomorrow.")
    assert CATALOGUE["reason.alt"][2].partition("{")[0] in bare.text.partition('id="n-alt_1"')[2]

    assert 303 == sent(desk, html, text="We leave Seoul tomorrow.", tags="Seoul", alt_1="The delegation").status
    assert ("We leave Seoul tomorrow.", ("#Seoul",)) == (newest(office, "en").text, newest(office, "en").tags)
    late = sent(desk, html, text="Tomorrow we leave Seoul.")
    assert 409 == late.status and "Tomorrow we leave Seoul." == Form(late.text).fields["text"]
    assert "We leave Seoul tomorrow." in late.text and 1 == newest(office, "en").revision


def test_an_edit_of_the_source_says_what_each_choice_does(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ko")
    assert "meaning" == Form(html).fields["change"] and "Only a typo" in html and "approved again: Russian" in html
    before = stale_fields(history(office), "ko")
    assert 303 == sent(desk, html, link="https://example.org/ko/2", change="typo").status
    assert before == stale_fields(history(office), "ko")
    assert 303 == sent(desk, opened(desk, "ko"), link="https://example.org/ko/3").status
    assert "link" in stale_fields(history(office), "ko")["ru"]


def test_an_account_has_words_of_its_own_and_they_are_not_left_behind_unseen(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ko", account="two")
    assert "alt_1" not in Form(html).fields and 'value="two" selected' in html
    assert 303 == sent(desk, html, text="내일!").status
    late = sent(desk, html, text="오늘!")
    assert 409 == late.status and "오늘!" == Form(late.text).fields["text"] and "내일!" in late.text
    assert "내일 서울을 떠납니다." == newest(office, "ko").text

    common = opened(desk, "ko")
    refused = sent(desk, common, text="모레 서울을 떠납니다.")
    assert 409 == refused.status and "Account two has words of its own (Korean)" in refused.text
    assert 303 == sent(desk, refused.text, keep_own="1").status
    own = opened(desk, "ko", account="two")
    assert "내일!" == Form(own).fields["text"] and "All accounts, changed since:" in own
    assert "모레</ins> 서울을 떠납니다." in own
    assert 303 == sent(desk, own, "common").status
    assert "모레 서울을 떠납니다." == Form(opened(desk, "ko", account="two")).fields["text"]
    assert 422 == desk.ask("/posts/s/P03/edit?language=ru&account=kr").status  # it does not speak Russian


def test_a_fix_is_a_button_and_keeps_nothing_by_itself(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "ru")
    buttons = [one["value"] or "" for one in Page(html).all("button") if (one.get("value") or "").startswith("fix:")]
    assert "fix:text:*" in buttons
    one = next(each for each in buttons if "hyphen-as-dash" in each)
    assert 'Сегодня мы едем — "мир".' == Form(sent(desk, html, one).text).fields["text"]
    moved = sent(desk, html, one, text='Вот: "мы". Сегодня мы едем - "мир".')  # the place is found again
    assert 'едем — "мир".' in Form(moved.text).fields["text"]

    twice = sent(desk, html, "check", text="Мы - там. Они - тут.").text
    second = re.findall(r"fix:text:hyphen-as-dash:\d+", twice)[-1]
    assert "Мы - там. Они — тут." == Form(sent(desk, twice, second).text).fields["text"]

    fixed = sent(desk, html, "fix:text:*")

    assert 200 == fixed.status and "Сегодня мы едем — «мир»." == Form(fixed.text).fields["text"]
    assert CATALOGUE["edit.fixed"][1] in fixed.text and 1 == newest(office, "ru").revision
    assert 200 == sent(desk, html, "fix:nothing:x:99999999999").status


def test_the_source_is_copied_into_one_field(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    copied = sent(desk, opened(desk, "ru"), "copy:alt_1", text="Набрано")
    fields = Form(copied.text).fields
    assert ("역 앞의 사절단", "Набрано", "#Сеул") == (fields["alt_1"], fields["text"], fields["tags"])
    assert 1 == newest(office, "ru").revision


def test_lengths_and_findings_come_as_a_fragment_while_somebody_types(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    answer = sent(desk, opened(desk, "ru"), "preview", text="х" * 600)
    page = Page(answer.text)
    assert 200 == answer.status and "<main" not in answer.text
    assert ["counts", "n-text", "n-tags", "n-link", "n-alt_1"] == [
        o["data-for"] for o in page.all("div") if "data-for" in o
    ]
    assert "630 / 500" in page.text and "kr" not in page.text.split()  # text, tag and link; kr speaks no Russian
    assert "count s-failed" in answer.text and 1 == newest(office, "ru").revision


def test_what_is_wrong_is_told_at_the_top_and_beside_its_field(office: World, serve: Serve) -> None:
    desk = serve(office.app, office.settings, by="alice")
    refused = sent(desk, opened(desk, "ru"), text="х" * 600, link="ftp://x")
    page = Page(refused.text)
    assert 422 == refused.status and {"#link"} <= {one["href"] for one in page.all("a")}
    [link] = [one for one in page.all("input") if one.get("name") == "link"]
    assert ("true", "n-link") == (link["aria-invalid"], link["aria-describedby"])
    assert CATALOGUE["reason.https"][1] in refused.text.partition('id="n-link"')[2].partition("</div>")[0]
    mixed = sent(desk, opened(desk, "ru"), ui="ko", text="Завтра мы едем в Mоскву.")  # a Latin M
    assert 422 == mixed.status and 'href="#text"' in mixed.text
    assert 2 == mixed.text.count("라틴")  # at the top and below the field, where its fix stands


def test_captions_of_a_clip_survive_a_refusal(office: World, serve: Serve) -> None:
    world = office
    file = world.folder / "ko.srt"
    file.write_bytes(SRT)
    clip = Picture(clip_file(world.folder / "c.mp4"), {"ko": "영상", "ru": "Клип"}, {"ko": file, "ru": file})
    texts = {"ko": Wording("영상입니다."), "ru": Wording("Это клип.")}
    world.post("P04", campaign="s", to=("two",), approve_now=False, minutes=400, texts=texts, pictures=(clip,))
    desk = serve(world.app, world.settings, by="alice")
    html = desk.ask("/posts/s/P04/edit?language=ru").text
    new = SRT.replace(b"Hi", "Привет".encode())

    def send(fields: dict[str, Any], files: list[tuple[str, str, bytes]]) -> Answer:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        body = multipart(fields, files)
        return desk.ask("/posts/s/P04/edit", method="POST", body=body, Content_Type=kind)

    wrong = send({**Form(html).fields, "act": "save"}, [("captions_1", "x.srt", b"no captions")])
    assert 422 == wrong.status and 'href="#captions_1"' in wrong.text
    assert "kept_captions_1" not in Form(wrong.text).fields
    refused = send({**Form(html).fields, "act": "save", "link": "ftp://x"}, [("captions_1", "x.srt", new)])
    assert 422 == refused.status and "kept_captions_1" in Form(refused.text).fields
    assert 303 == send({**Form(refused.text).fields, "act": "save", "link": ""}, []).status
    with world.app.store.read() as tx:
        ident = post_id(world, "P04")
        [item] = post_rows.media_of(tx, ident)
    assert "Привет" in world.app.media.path(item.captions["ru"]).read_text()
    assert "Hi" in world.app.media.path(item.captions["ko"]).read_text()


def test_a_machines_draft_is_marked_and_saving_it_is_a_persons_word(office: World, serve: Serve) -> None:
    told(office, "en", text="Tomorrow we leave Seoul.", alt={1: "Delegation"}, machine="libretranslate")
    desk = serve(office.app, office.settings, by="alice")
    html = opened(desk, "en", ui="ru")
    assert "Машинный перевод (libretranslate)" in html and 'id="machine"' in html
    assert "libretranslate" in desk.ask("/posts/s/P03?lang=ko").text
    assert 303 == sent(desk, html).status
    now = newest(office, "en")
    assert (None, "Tomorrow we leave Seoul.", 2) == (now.machine, now.text, now.revision)
    after = opened(desk, "en")
    assert 'id="machine"' not in after and "Translated by libretranslate" in after  # in the history


def test_the_history_tells_who_changed_what_and_when_in_the_posts_zone(office: World, serve: Serve) -> None:
    html = opened(serve(office.app, office.settings, by="alice"), "ru", ui="ko")
    told_of = html.partition('class="history"')[2]
    assert 3 + 1 == told_of.count("<li>") and "Asia/Seoul" in told_of and "2026년 11월 24일 09:00" in told_of
    assert ">내일</ins>" in told_of.replace("추가: </span>", "추가: </span>>") and "판 3 · alice" in told_of


def test_who_may_not_write_a_language_sees_no_form_of_it(office: World, serve: Serve) -> None:
    reader = serve(office.app, office.settings, by="carol")
    assert [403, 403] == [reader.ask(f"/posts/s/P03/edit?language={lang}").status for lang in ("ru", "en")]
    campaigns.add_person(office.app, "tanya", [Role.TRANSLATOR])
    desk = serve(office.app, office.settings, by="tanya")
    assert 403 == desk.ask("/posts/s/P03/edit?language=ko").status
    assert 303 == sent(desk, opened(desk, "ru"), text="Завтра мы едем.").status
    page = desk.ask("/posts/s/P03").text
    assert "edit?language=ru" in page and "edit?language=ko" not in page


@pytest.mark.parametrize("ui", ["ko", "en", "ru"])
def test_every_box_has_a_label_a_language_and_what_describes_it(office: World, serve: Serve, ui: str) -> None:
    desk = serve(office.app, office.settings, by="alice")
    for html in (
        opened(desk, "ru", ui=ui),
        opened(desk, "ko", ui=ui, account="kr"),
        sent(desk, opened(desk, "en", ui=ui), ui=ui, text="").text,
    ):
        page = Page(html)
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids))
        named = {one.get("for") for one in page.all("label")}
        boxes = [one for one in page.all("input") if one.get("type") in (None, "url", "file")] + page.all("textarea")
        assert boxes and {one.get("id") for one in boxes} <= named
        assert all(one.get("lang") and one.get("spellcheck") for one in boxes if one.get("type") != "file")
        wanted = {ident for _, attrs in page.tags for ident in (attrs.get("aria-describedby") or "").split()}
        assert wanted <= set(ids)
        first = next(one for one in page.all("button") if one.get("form") == "edit" or one.get("value"))
        assert "check" == first["value"]  # what the Enter key presses keeps nothing
