"""The LibreTranslate twin, driven by libretranslatepy, which others wrote: what it does, and each refusal."""

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest
import requests
from libretranslatepy import LibreTranslateAPI

from campaign.sandbox import Twin
from campaign.sandbox.libretranslate.refusals import TABLE

Join = Callable[..., LibreTranslateAPI]


@pytest.fixture
def join(twin: Twin) -> Join:
    """Return a maker of clients, each with a key of its own."""

    def client(key: str | None = None, **told: str) -> LibreTranslateAPI:
        opened = twin.ask("POST", "/_accounts", {"platform": "libretranslate", "name": "office", **told})
        return LibreTranslateAPI(opened["base_url"], key or opened["token"])

    return client


def refused(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(HTTPError) as caught:
        act()
    with caught.value as error:
        return error.code, json.loads(error.read())["error"]


def post(client: LibreTranslateAPI, body: Any) -> Any:
    """What that client does not send: JSON."""
    answer = requests.post(f"{client.url}translate", json=body, timeout=5)
    if answer.status_code != 200:
        raise HTTPError(client.url, answer.status_code, "", answer.headers, io.BytesIO(answer.content))
    return answer.json()["translatedText"]


def test_a_text_comes_back_in_the_letters_of_the_language(join: Join) -> None:
    answer = join().translate("서울에서 2019년", "ko", "ru")

    assert "2019" in answer
    assert all("а" <= sign <= "я" for sign in answer if sign.isalpha())


def test_several_texts_come_back_in_their_order_with_their_marks(join: Join) -> None:
    client = join()
    body = {"q": ["서울 [X1X]", "[X0X]"], "source": "ko", "target": "en", "api_key": client.api_key, "format": "text"}
    answers = post(client, body)

    assert ["[X1 X]", "[X0 X]"] == [answer[answer.index("[") :] for answer in answers]
    assert answers[0].split(" [")[0].isascii()


def test_it_tells_its_languages(join: Join) -> None:
    told = {one["code"]: one["targets"] for one in join().languages()}

    assert ["en", "ru"] == told["ko"]


def test_what_it_refuses(join: Join, twin: Twin) -> None:
    client, short = join(), join(char_limit="10")
    asked = {"q": "서울", "source": "ko", "target": "ru", "api_key": client.api_key}

    def words(what: Any, **told: Any) -> tuple[int, str]:
        status, text = TABLE[what]
        return status, text.format(**told)

    assert words("key") == refused(lambda: join("wrong").translate("서울", "ko", "ru"))
    assert words("no_key") == refused(lambda: post(client, {"q": "서울", "source": "ko", "target": "ru"}))
    assert words("no_object") == refused(lambda: post(client, ["서울"]))
    assert words("missing", name="target") == refused(lambda: client.translate("서울", "ko", ""))
    assert words("alternatives", name="alternatives") == refused(lambda: post(client, asked | {"alternatives": "a"}))
    assert words("too_long", size=11, limit=10) == refused(lambda: short.translate("가" * 11, "ko", "ru"))
    assert words("too_long", size=26, limit=25) == refused(lambda: post(client, asked | {"q": ["가"] * 26}))
    assert words("language", lang="ja") == refused(lambda: client.translate("서울", "ko", "ja"))
    assert words("format", format="md") == refused(lambda: post(client, asked | {"format": "md"}))
    pair = words("pair", target="Korean (ko)", source="Korean (ko)")
    assert pair == refused(lambda: client.translate("서울", "ko", "ko"))
    twin.fault("429", path="/libretranslate/*")
    assert words("slow", limit=80) == refused(lambda: client.translate("서울", "ko", "ru"))
    twin.fault("500_before", path="/libretranslate/*")
    assert words("broken") == refused(lambda: client.translate("서울", "ko", "ru"))


def test_a_translator_is_no_platform_of_the_sandbox(twin: Twin) -> None:
    assert {"libretranslate", "deepl"}.isdisjoint(twin.opened)
    assert [] == twin.books()
