"""What went over the wire, as WARC/1.1: written from exchanges, read back into them, checked.

WARC 1.1: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

import re
import zlib
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import BinaryIO
from urllib.parse import quote, unquote
from uuid import NAMESPACE_URL, UUID, uuid5

from campaign.core.errors import Invalid
from campaign.core.model import Exchange

CHUNK = 1 << 16
MAX_RECORD = 256 << 20  # bytes, unpacked: what claims to be more is not ours (uploads are left out)
_FIELDS = "application/warc-fields"
_REQUEST = "application/http;msgtype=request"
_RESPONSE = "application/http;msgtype=response"
_PLAIN = "".join(chr(code) for code in range(32, 127) if chr(code) != "%")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a WARC file: its named fields and its block. Repeated fields keep their order."""

    fields: tuple[tuple[str, str], ...]
    block: bytes

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.fields if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Return each value of a field that may be repeated."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


def write(exchanges: Sequence[Exchange], *, filename: str, warcinfo: Mapping[str, str]) -> bytes:
    """Return a gzipped WARC file: warcinfo, then request, response and metadata of each exchange.

    The same arguments give the same bytes: record ids derive from all of them, so two files share none.

    Args:
        filename: what the file will be called; a field of warcinfo.
        warcinfo: software, description and the like (WARC 1.1 §6.2).
    """
    if not exchanges:
        raise Invalid("exchanges", filename, "a WARC file needs at least one")
    info = _fields(warcinfo.items())
    seed = uuid5(NAMESPACE_URL, sha256(repr((filename, info, tuple(exchanges))).encode()).hexdigest())
    info_id = _id(seed, 0, "warcinfo")
    head = [("WARC-Filename", _line(filename))]
    out = [_record("warcinfo", info_id, exchanges[0].at, head, content_type=_FIELDS, block=info)]
    for number, exchange in enumerate(exchanges, 1):
        out += _exchange(seed, number, exchange, info_id)
    return b"".join(out)


def read(stream: BinaryIO) -> Iterator[Exchange]:
    """Yield the exchanges that a WARC file was written from.

    Raises:
        ValueError: it is no such file, or damaged.
    """
    pending: Exchange | None = None
    request_id = ""
    for record in records(stream):
        kind = record["WARC-Type"]
        if kind == "request":
            if pending:
                raise ValueError("a request without its metadata record")
            pending, request_id = _begun(record), record["WARC-Record-ID"]
        elif kind in ("response", "metadata"):
            if pending is None or request_id not in record.all("WARC-Concurrent-To"):
                raise ValueError(f"a {kind} record that belongs to no request")
            if kind == "response":
                pending = replace(pending, response=record.block)
            else:
                yield _completed(pending, record)
                pending = None
        elif kind != "warcinfo":
            raise ValueError(f"a record of type {kind[:40]!r}")
    if pending:
        raise ValueError("the last exchange is cut off")


def faults_of(stream: BinaryIO) -> list[str]:
    """Return what is wrong with a WARC file; nothing when it is whole. Raises only what reading the disk raises.

    Checked: the gzip members and their checksums, each record's digests, a warcinfo first, and that each exchange
    which was answered has its response.
    """
    found: list[str] = []

    def seen() -> Iterator[Record]:
        first = True
        for record in records(stream):
            if first and record["WARC-Type"] != "warcinfo":
                found.append("it does not begin with a warcinfo record")
            first = False
            found.extend(_faults(record))
            yield record

    try:
        exchanges = list(_told(seen()))
        if not exchanges:
            found.append("it holds no exchange")
        found += [f"{told} was answered and has no response record" for told, whole in exchanges if not whole]
    except ValueError as error:
        found.append(str(error))
    return found


def records(stream: BinaryIO) -> Iterator[Record]:
    """Yield the records of a gzipped WARC file, one gzip member each (WARC 1.1 annex D).

    Raises:
        ValueError: a member is damaged or cut off, or holds no record.
    """
    rest = b""
    while rest or (rest := stream.read(CHUNK)):
        member, rest = _member(stream, rest)
        yield _parsed(member)


def _member(stream: BinaryIO, rest: bytes) -> tuple[bytes, bytes]:
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    out, size = [], 0
    try:
        while not inflate.eof:
            piece = inflate.decompress(rest, CHUNK)  # bounded: a small file may unpack to a very large one
            out.append(piece)
            size += len(piece)
            if size > MAX_RECORD:
                raise ValueError(f"a record of more than {MAX_RECORD} bytes")
            rest = inflate.unconsumed_tail
            if not inflate.eof and not rest and not piece:
                rest = stream.read(CHUNK)
                if not rest:
                    raise ValueError("the gzip data is cut off")
    except zlib.error as error:
        raise ValueError(f"the gzip data is damaged: {error}") from None
    return b"".join(out), inflate.unused_data


def _parsed(member: bytes) -> Record:
    head, gap, body = member.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not gap or lines[0] != b"WARC/1.1":
        raise ValueError("no WARC/1.1 record where one should be")
    fields = []
    for line in lines[1:]:
        name, colon, value = line.decode().partition(":")
        if not colon:
            raise ValueError("a malformed record header")
        fields.append((name, value.strip()))
    record = Record(tuple(fields), body[:-4])
    if body[-4:] != b"\r\n\r\n" or record["Content-Length"] != str(len(record.block)):
        raise ValueError(f"the record {record['WARC-Record-ID'][:80]} is not as long as it says")
    return record


def _faults(record: Record) -> list[str]:
    found = []
    name = f"the {record['WARC-Type'][:20]} record {record['WARC-Record-ID'][:80]}"
    if record["WARC-Block-Digest"] != _digest(record.block):
        found.append(f"{name} has another block than its digest says")
    payload = record["WARC-Payload-Digest"]
    if payload and payload != _digest(record.block.partition(b"\r\n\r\n")[2]):
        found.append(f"{name} has another payload than its digest says")
    return found


def _told(found: Iterator[Record]) -> Iterator[tuple[str, bool]]:
    """Yield each exchange's address, and whether a response is there if one came."""
    url, request_id, answered = "", "", False
    for record in found:
        kind, mine = record["WARC-Type"], request_id in record.all("WARC-Concurrent-To")
        if kind == "request":
            if request_id:
                raise ValueError("a request without its metadata record")
            url, request_id, answered = record["WARC-Target-URI"][:200], record["WARC-Record-ID"], False
        elif kind == "response" and request_id and mine:
            answered = True
        elif kind == "metadata" and request_id and mine:
            yield url, answered or dict(_unfields(record.block)).get("outcome") != "answered"
            request_id = ""
        elif kind != "warcinfo":
            raise ValueError(f"a {kind[:40]!r} record that belongs to no request")
    if request_id:
        raise ValueError("the last exchange is cut off")


def _exchange(seed: UUID, number: int, exchange: Exchange, info_id: str) -> list[bytes]:
    request_id, response_id = _id(seed, number, "request"), _id(seed, number, "response")
    common = [
        ("WARC-Target-URI", quote(exchange.url, safe=_PLAIN.replace(" ", "") + "%")),
        ("WARC-Warcinfo-ID", info_id),
    ]
    if exchange.address and _is_ip(exchange.address):
        common.append(("WARC-IP-Address", exchange.address))
    both = [("WARC-Concurrent-To", response_id)] if exchange.response is not None else []
    left_out = exchange.body_size is not None and exchange.body_size != len(exchange.request.partition(b"\r\n\r\n")[2])
    # The digests are over what is stored: a digest of the whole upload would fail `warcio check`.
    cut = [("WARC-Truncated", "length")] if left_out else []
    out = [
        _record(
            "request", request_id, exchange.at, [*common, *both, *cut], content_type=_REQUEST, block=exchange.request
        )
    ]
    if exchange.response is not None:
        fields = [*common, ("WARC-Concurrent-To", request_id)]
        # What is not HTTP is kept as it came, under a type that nobody will parse.
        kind = _RESPONSE if exchange.response.startswith(b"HTTP/") else "application/octet-stream"
        out.append(_record("response", response_id, exchange.at, fields, content_type=kind, block=exchange.response))
    told = [("method", exchange.method), ("outcome", exchange.outcome), ("duration", repr(exchange.took))]
    if exchange.body_sha256 is not None:
        told.append(("body-sha256", exchange.body_sha256))
    if exchange.body_size is not None:
        told.append(("body-size", str(exchange.body_size)))
    if exchange.address and not _is_ip(exchange.address):
        told.append(("address", exchange.address))
    told += [("redacted", name) for name in exchange.redacted]
    fields = [*common, ("WARC-Concurrent-To", request_id), *both]
    metadata_id = _id(seed, number, "metadata")
    out.append(_record("metadata", metadata_id, exchange.at, fields, content_type=_FIELDS, block=_fields(told)))
    return out


def _record(
    kind: str, record_id: str, at: datetime, fields: Sequence[tuple[str, str]], *, content_type: str, block: bytes
) -> bytes:
    if at.utcoffset() != timedelta(0):
        raise Invalid("time of an exchange", at.isoformat(), "must be aware UTC")
    head, gap, body = block.partition(b"\r\n\r\n")
    lines = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", at.isoformat().replace("+00:00", "Z")),
        *fields,
        ("WARC-Block-Digest", _digest(block)),
    ]
    # A payload exists only where the message has headers that every reader delimits alike (WARC 1.1 §5.9, §6.3.2).
    if content_type in (_REQUEST, _RESPONSE) and gap and not re.search(rb"(?<!\r)\n|\r(?!\n)", head):
        lines.append(("WARC-Payload-Digest", _digest(body)))
    lines += [("Content-Type", content_type), ("Content-Length", str(len(block)))]
    text = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)  # its gzip header has mtime 0 and no name
    return squeeze.compress(text.encode() + block + b"\r\n\r\n") + squeeze.flush()


def _begun(record: Record) -> Exchange:
    at = datetime.fromisoformat(record["WARC-Date"].replace("Z", "+00:00"))
    address = record["WARC-IP-Address"] or None
    return Exchange("", record["WARC-Target-URI"], at, record.block, None, "", address=address)


def _completed(pending: Exchange, record: Record) -> Exchange:
    told = _unfields(record.block)
    by_name = dict(told)
    if not {"method", "outcome", "duration"} <= by_name.keys():
        raise ValueError("a metadata record without method, outcome or duration")
    return replace(
        pending,
        method=by_name["method"],
        outcome=by_name["outcome"],
        took=float(by_name["duration"]),
        address=pending.address or by_name.get("address"),
        body_sha256=by_name.get("body-sha256"),
        body_size=int(by_name["body-size"]) if "body-size" in by_name else None,
        redacted=tuple(value for name, value in told if name == "redacted"),
    )


def _fields(pairs: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{_line(name)}: {_line(value)}\r\n" for name, value in pairs).encode()


def _unfields(block: bytes) -> list[tuple[str, str]]:
    pairs = [line.partition(": ") for line in block.decode().split("\r\n") if line]
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _line(text: str) -> str:
    """Return text as it may stand in one header line; percent-encoded where it could break out of it."""
    return quote(text, safe=_PLAIN)


def _id(seed: UUID, number: int, kind: str) -> str:
    return f"<urn:uuid:{uuid5(seed, f'{number}/{kind}')}>"


def _digest(content: bytes) -> str:
    return "sha256:" + b32encode(sha256(content).digest()).decode()


def _is_ip(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return "%" not in address  # a scope is no part of WARC-IP-Address
