"""Exchanges go into WARC files and come back; two readers that others wrote accept the files."""

import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from campaign.core.errors import Invalid
from campaign.core.model import Exchange
from campaign.record import warc

from .conftest import exchange, the_warc

BIN = Path(sys.executable).parent
ODD = [
    exchange(response=None, outcome="silent", took=1e-7),
    exchange(request=b"POST /media HTTP/1.1\r\nHost: m\r\n\r\n", body_sha256="ab" * 32, body_size=5_000_000),
    exchange(response=b"garbage\x00\n\nfoo\r\n\r\nbar"),
    exchange(response=b"HTTP/1.1 204 No Content\r\n\r\n"),
    exchange(response=b"HTTP/1.1 200 OK\nBare: line ends\n\nbody\r\n\r\nmore"),
    exchange(response=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    exchange(response=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}"),
    exchange(response=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX: \xff\xfe\r\n\r\nnot gzip"),
    exchange(response=b"", address="fe80::1%eth0", redacted=("Cookie", "a\r\nb", "100%", "서울")),
    exchange(address=None, at=datetime(2019, 5, 1, tzinfo=UTC)),
]


def judged(path: Path) -> list[int]:
    tools = [
        [BIN / "warcio", "check", "-v", path],
        [BIN / "fastwarc", "check", "-q", "-p", path],
        ["gzip", "-t", path],
    ]
    return [subprocess.run(tool, check=False, capture_output=True).returncode for tool in tools]


def test_judges_accept_it_and_refuse_a_changed_copy(tmp_path: Path) -> None:
    path = tmp_path / "0001.warc.gz"
    path.write_bytes(the_warc(exchange(), *ODD))
    assert judged(path) == [0, 0, 0]
    wrong = warc.records(io.BytesIO(path.read_bytes()))
    blocks = [record.block.replace(b"Host", b"Hose") for record in wrong]
    assert any(b"Hose" in block for block in blocks)
    import gzip  # one member, its checksum right, its block changed: only digests can tell

    raw = gzip.decompress(the_warc()).replace(b"Host: ", b"Hose: ")
    path.write_bytes(gzip.compress(raw))
    assert judged(path)[:2] != [0, 0]


@pytest.mark.parametrize("each", [exchange(), *ODD])
def test_an_exchange_comes_back_as_it_was(each: Exchange) -> None:
    assert list(warc.read(io.BytesIO(the_warc(each)))) == [each]


def test_many_exchanges_keep_their_order() -> None:
    assert list(warc.read(io.BytesIO(the_warc(*ODD)))) == ODD
    assert warc.faults_of(io.BytesIO(the_warc(*ODD))) == []


def test_request_and_response_name_each_other_and_the_upload_is_marked_as_left_out() -> None:
    found = {}
    for record in ArchiveIterator(io.BytesIO(the_warc(ODD[1]))):
        found[record.rec_type] = record.rec_headers
    assert list(found) == ["warcinfo", "request", "response", "metadata"]
    ids = {kind: headers.get_header("WARC-Record-ID") for kind, headers in found.items()}
    assert found["request"].get_header("WARC-Concurrent-To") == ids["response"]
    assert found["response"].get_header("WARC-Concurrent-To") == ids["request"]
    assert found["request"].get_header("WARC-Truncated") == "length"
    assert found["response"].get_header("WARC-Truncated") is None
    assert found["response"].get_header("WARC-Date") == "2019-05-12T03:00:00.250000Z"
    assert found["response"].get_header("WARC-Payload-Digest").startswith("sha256:")


def test_the_same_exchanges_give_the_same_bytes_and_no_two_files_share_an_id() -> None:
    def ids(raw: bytes) -> set[str]:
        return {record["WARC-Record-ID"] for record in warc.records(io.BytesIO(raw))}

    assert the_warc(exchange(), exchange()) == the_warc(exchange(), exchange())
    assert len(ids(the_warc(exchange(), exchange()))) == 7
    other = warc.write([exchange(), exchange()], filename="0002.warc.gz", warcinfo={"software": "campaign"})
    assert not ids(other) & ids(the_warc(exchange(), exchange()))


def test_a_header_cannot_be_broken_out_of() -> None:
    each = exchange(url="https://x.example/a\r\nWARC-Type: evil", redacted=("x\r\noutcome: answered",), response=None)
    raw = warc.write([each], filename="a\r\nb", warcinfo={"software": "x\r\n\r\nWARC/1.1"})
    assert [record["WARC-Type"] for record in warc.records(io.BytesIO(raw))] == ["warcinfo", "request", "metadata"]


def test_nothing_to_write_is_refused() -> None:
    with pytest.raises(Invalid):
        warc.write([], filename="x", warcinfo={})
    with pytest.raises(Invalid):
        the_warc(exchange(at=datetime(2019, 1, 1)))  # noqa: DTZ001


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.none() | st.binary(max_size=200), st.floats(0, 1e9), st.text(max_size=9))
def test_any_bytes_come_back(request: bytes, response: bytes | None, took: float, word: str) -> None:
    word = word.encode("utf-8", "replace").decode()
    each = exchange(request=request, response=response, took=took, redacted=(word,), outcome="silent")
    raw = the_warc(each, each)
    assert list(warc.read(io.BytesIO(raw))) == [each, each]
    assert warc.faults_of(io.BytesIO(raw)) == []


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damage_is_told_and_never_raised(data: st.DataObject) -> None:
    raw = bytearray(the_warc(exchange()))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
        whole = not raw
    else:
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= 1 << data.draw(st.integers(0, 7))
        whole = False
    found = warc.faults_of(io.BytesIO(bytes(raw)))
    assert found or _only_gzip_header_differs(bytes(raw)) or whole


def _only_gzip_header_differs(raw: bytes) -> bool:
    """A gzip header has bytes (time, system) that no checksum covers; the inventory's digest covers them."""
    try:
        return [r.block for r in warc.records(io.BytesIO(raw))] == [
            r.block for r in warc.records(io.BytesIO(the_warc(exchange())))
        ]
    except ValueError:
        return False


def test_a_small_file_that_unpacks_to_a_very_large_one_is_refused() -> None:
    import zlib

    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(300)) + squeeze.flush()
    assert "more than" in warc.faults_of(io.BytesIO(bomb))[0]
