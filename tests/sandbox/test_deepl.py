"""The DeepL twin, driven by DeepL's own Python library: what it does, and each refusal."""

from collections.abc import Callable, Iterator

import deepl
import pytest
import requests

from campaign.sandbox import Twin
from campaign.sandbox.deepl.refusals import TABLE, What

Join = Callable[..., deepl.DeepLClient]
deepl.http_client.max_network_retries = 0  # the library waits between two tries


@pytest.fixture
def join(twin: Twin) -> Iterator[Join]:
    """Return a maker of clients, each with a key of its own; their sockets are closed at the end."""
    made: list[deepl.DeepLClient] = []

    def client(key: str | None = None, **told: str) -> deepl.DeepLClient:
        opened = twin.ask("POST", "/_accounts", {"platform": "deepl", "name": "office", **told})
        made.append(deepl.DeepLClient(key or opened["token"], server_url=f"{opened['base_url']}/"))
        return made[-1]

    yield client
    for one in made:
        one.close()


def test_a_text_comes_back_in_the_letters_of_the_language(join: Join) -> None:
    [answer] = join().translate_text(["서울에서 2019년"], source_lang="KO", target_lang="RU")

    assert "2019" in answer.text
    assert all("а" <= sign <= "я" for sign in answer.text if sign.isalpha())
    assert ("KO", 10) == (answer.detected_source_lang, answer.billed_characters)


def test_what_is_in_an_ignored_tag_comes_back_as_it_is(join: Join) -> None:
    text = 'R&amp;D: <x id="1">I·SEOUL·U</x> &lt; <b>서울</b>'
    answer = join().translate_text(text, target_lang="EN-GB", tag_handling="xml", ignore_tags=["x"])

    assert not isinstance(answer, list)
    assert '<x id="1">I·SEOUL·U</x> &lt; <b>' in answer.text
    assert "서울" not in answer.text


def test_it_counts_what_it_translated(join: Join) -> None:
    client = join(quota="25")
    client.translate_text("가" * 20, target_lang="EN-GB")
    with pytest.raises(deepl.QuotaExceededException, match=TABLE["quota"][1]):
        client.translate_text("가" * 6, target_lang="EN-GB")
    usage = client.get_usage()

    assert (20, 25) == (usage.character.count, usage.character.limit)


def test_it_tells_its_languages(join: Join) -> None:
    client = join()

    assert ["EN", "KO", "RU"] == [one.code for one in client.get_source_languages()]
    assert {"EN-GB", "KO", "RU"} <= {one.code for one in client.get_target_languages()}


def test_a_key_of_the_free_api_says_so(twin: Twin) -> None:
    free, pro = (
        twin.ask("POST", "/_accounts", {"platform": "deepl", "name": "office", **told}) for told in ({}, {"pro": "yes"})
    )

    assert [True, False] == [deepl.auth_key_is_free_account(told["token"]) for told in (free, pro)]


@pytest.mark.parametrize(
    ("what", "text", "options"),
    [
        ("value", "가", {"target_lang": "TLH"}),
        ("value", "가", {"source_lang": "TLH"}),
        ("value", "가", {"tag_handling": "markdown"}),
        ("missing", [], {}),
        ("texts", ["가"] * 51, {}),
        ("xml", "<x>가", {"tag_handling": "xml"}),
        ("xml", "<!DOCTYPE a>가", {"tag_handling": "xml"}),
        ("size", "가" * 45_000, {}),
    ],
)
def test_what_it_refuses(join: Join, what: What, text: str | list[str], options: dict[str, str]) -> None:
    status, words = TABLE[what]
    with pytest.raises(deepl.DeepLException) as caught:
        join().translate_text(text, **{"target_lang": "RU", **options})

    assert status == caught.value.http_status_code
    assert words.partition("'")[0] in str(caught.value)


def test_it_refuses_a_key_that_nobody_has(join: Join) -> None:
    with pytest.raises(deepl.AuthorizationException):
        join("wrong").get_usage()


def test_it_says_not_now_without_a_word(join: Join, twin: Twin) -> None:
    twin.fault("429", path="/deepl/*")
    with pytest.raises(deepl.TooManyRequestsException):
        join().get_usage()


def test_it_takes_forms_too(join: Join, twin: Twin) -> None:
    opened = twin.ask("POST", "/_accounts", {"platform": "deepl", "name": "office"})
    headers = {"Authorization": f"DeepL-Auth-Key {opened['token']}"}
    form = {"text": "서울", "target_lang": "en-gb"}
    told = requests.post(f"{opened['base_url']}/v2/translate", data=form, headers=headers, timeout=5).json()

    assert told["translations"][0]["text"].isascii()
