"""The books of the benchmark's platform count right, whichever program it is."""

import http.client
import json
from pathlib import Path

import pytest

from tests.bench import stub


@pytest.fixture(params=["compiled", "python"])
def platform(request: pytest.FixtureRequest, tmp_path: Path):
    command = stub.program(tmp_path) if request.param == "compiled" else stub.in_python()
    if request.param == "compiled" and command == stub.in_python():
        pytest.skip("there is no C compiler here")
    with stub.running(command, 0.02) as running:
        yield running


def test_the_books_tell_how_often_each_text_arrived(platform: stub.Stub) -> None:
    talk = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=10)

    def ask(method: str, path: str, body: dict[str, str] | None = None, key: str = "") -> tuple[int, object]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        talk.request(method, path, json.dumps(body) if body else None, headers)
        answer = talk.getresponse()
        return answer.status, json.loads(answer.read())

    texts = ['안녕하세요 "1"', "мир \\ 2", '안녕하세요 "1"']
    made = [
        ask("POST", "/api/v1/statuses", {"status": text, "language": "ko"}, f"k{n}") for n, text in enumerate(texts)
    ]
    refused, _ = ask("POST", "/api/v1/statuses", {"language": "ko"})
    ids = [answer["id"] for _, answer in made if isinstance(answer, dict)]
    _, listed = ask("GET", "/api/v1/accounts/1/statuses?limit=2&exclude_reblogs=true")
    _, older = ask("GET", f"/api/v1/accounts/1/statuses?limit=40&max_id={ids[1]}&since_id=0")
    _, source = ask("GET", f"/api/v1/statuses/{ids[1]}/source")
    unknown, _ = ask("GET", "/api/v1/statuses/1")
    talk.close()

    assert [200, 200, 200] == [status for status, _ in made]
    assert (422, 404) == (refused, unknown)
    assert 3 == platform.count()
    assert {'안녕하세요 "1"': 2, "мир \\ 2": 1} == platform.times()
    assert [(id_, f"k{n}") for n, id_ in enumerate(ids)] == [(entry["id"], entry["key"]) for entry in platform.books()]
    assert sorted(ids) == ids and len(set(ids)) == 3
    assert [ids[2], ids[1]] == [status["id"] for status in listed]
    assert [texts[0]] == [status["content"] for status in older]
    assert texts[1] == source["text"]


def test_an_answer_comes_after_the_latency_and_the_post_counts_before_it(tmp_path: Path) -> None:
    with stub.running(stub.program(tmp_path), 5) as platform:
        talk = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=10)
        talk.request("POST", "/api/v1/statuses", json.dumps({"status": "1"}))
        while not platform.count():
            pass

        assert {"1": 1} == platform.times()
        talk.close()
