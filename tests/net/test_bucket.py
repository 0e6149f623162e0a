"""A bucket's answers become words that say what to do, and hold no key; bytes that come back changed are not kept."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore, MemoryStore

from campaign.core.errors import Invalid
from campaign.core.place import BucketTrouble
from campaign.net.bucket import PART, Access, KeyStore, open_bucket

SECRET = "wJalrXUtnFEMI/K7MDENG"


class Server:
    """Answers every request alike, and closes."""

    def __init__(self, answer: bytes) -> None:
        self.asked = 0
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked += 1
                connection.recv(1 << 16)
                connection.sendall(self._answer)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], Server]]:
    servers: list[Server] = []

    def answer(raw: bytes) -> Server:
        servers.append(Server(raw))
        return servers[-1]

    yield answer
    for server in servers:
        server.close()


def at(port: int) -> KeyStore:
    access = Access(f"http://127.0.0.1:{port}", "us-east-1", "AKID", SECRET, True)
    assert SECRET not in repr(access)
    return open_bucket("s3://records/spring", access, field="archive.dir")


def refusal(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("status", "code", "field", "words"),
    [
        ("404 Not Found", "NoSuchBucket", "archive.dir", "the bucket is not there; make it, or correct the name"),
        ("403 Forbidden", "SignatureDoesNotMatch", "s3.access_key", "the keys are not accepted"),
        ("403 Forbidden", "AccessDenied", "s3.access_key", "the keys are not accepted"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", "s3.region", "check s3.region and s3.endpoint"),
    ],
)
def test_a_refusal_names_the_setting_and_tells_no_secret(
    answering: Callable[[bytes], Server], status: str, code: str, field: str, words: str
) -> None:
    bucket = at(answering(refusal(status, code)).port)
    with pytest.raises(Invalid, match=words) as raised:
        bucket.check()

    assert field == raised.value.field
    errors: list[BaseException] = [raised.value]
    for work in (
        lambda: bucket.put("a", b"x", sha256=""),
        lambda: bucket.open("a"),
        lambda: bucket.delete("a"),
        lambda: next(bucket.below("")),
    ):
        with pytest.raises(BucketTrouble, match=words) as trouble:
            work()
        errors.append(trouble.value)
    for error in errors:
        assert SECRET not in f"{error} {error!r} {vars(error)} {error.__cause__!r} {error.__suppress_context__}"
        assert error.__suppress_context__


def test_a_bucket_that_is_not_there_is_no_proof_that_a_key_is_not(answering: Callable[[bytes], Server]) -> None:
    with pytest.raises(BucketTrouble, match="the bucket is not there"):
        at(answering(refusal("404 Not Found", "NoSuchBucket")).port).open("a")
    with pytest.raises(FileNotFoundError):
        at(answering(refusal("404 Not Found", "NoSuchKey")).port).open("a")


def test_nobody_at_the_address_is_said_as_such() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(BucketTrouble, match=r"does not answer.*is s3\.endpoint right"):
        at(port).check()


def test_keys_that_are_missing_are_asked_for_by_name() -> None:
    for access, key, secret in (("s3.access_key", "", SECRET), ("s3.secret_key", "AKID", "")):
        with pytest.raises(Invalid, match="is missing") as raised:
            open_bucket("s3://b", Access("", "us-east-1", key, secret, True), field="media.dir")
        assert access == raised.value.field


class Forgetful(KeyStore):
    """A server that says yes to a put and keeps something else, or nothing."""

    keeps: bytes | None = None

    def _asked(self, what, ask):  # type: ignore[no-untyped-def]
        told = super()._asked(what, ask)
        if isinstance(told, dict) and "e_tag" in told and "path" not in told:
            obstore.delete(self._store, what) if self.keeps is None else obstore.put(self._store, what, self.keeps)
        return told


@pytest.mark.parametrize(("keeps", "words"), [(b"other", "gives back other bytes"), (None, "and then that it is not")])
def test_what_was_put_is_read_back(keeps: bytes | None, words: str) -> None:
    bucket = Forgetful(MemoryStore(), "s3://b")
    bucket.keeps = keeps

    with pytest.raises(BucketTrouble, match=words):
        bucket.put("a/b", b"hello", sha256=sha256(b"hello").hexdigest())


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART + 7])
def test_a_key_is_read_from_any_position(tmp_path: Path, size: int) -> None:
    raw = sha256(b"seed").digest() * (size // 32 + 1)
    raw = raw[:size]
    bucket = KeyStore(LocalStore(tmp_path), "local")
    bucket.put("a/b c%41/한글", raw, sha256=sha256(raw).hexdigest())
    with bucket.open("a/b c%41/한글") as stream:
        assert stream.read() == raw
        for position in {0, size // 2, max(0, size - 3), min(PART, size), max(0, PART - 2)}:
            stream.seek(position)
            assert stream.read(5) == raw[position : position + 5]

    assert (size, None) == (bucket.size("a/b c%41/한글"), bucket.size("a"))
    assert ["a/b c%41/한글"] == list(bucket.below("a"))


def test_a_folder_is_whole_segments_of_a_key() -> None:
    bucket = KeyStore(MemoryStore(), "s3://b")
    for key in ("a/b/1", "a/bc/2", "a/b2"):
        bucket.put(key, b"", sha256=sha256().hexdigest())

    assert ["a/b/1"] == list(bucket.below("a/b"))
    assert [("a/b", "folder"), ("a/b2", "file"), ("a/bc", "folder")] == bucket.entries("a")


def test_a_key_that_is_too_long_is_refused_before_it_is_sent() -> None:
    bucket = KeyStore(MemoryStore(), "s3://b", room=10)

    with pytest.raises(Invalid, match="at most 10 bytes"):
        bucket.put("a" * 11, b"", sha256="")
    assert [] == list(bucket.below(""))
