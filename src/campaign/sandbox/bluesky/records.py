"""The repository: blobs that are uploaded, records under their keys, and the refusals that go with them."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.bluesky import lexicon
from campaign.sandbox.bluesky.asking import Asking, account_of, answer, asking
from campaign.sandbox.bluesky.cid import LINK, Unencodable, cid_of, cid_of_blob
from campaign.sandbox.bluesky.refusals import XrpcError, internal, invalid
from campaign.sandbox.books import Books, Row

POST = "app.bsky.feed.post"
BLOB_LIMIT = 52_428_800
_KEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
_LIVE = "did = ? AND collection = ? AND rkey = ? AND deleted_at IS NULL"
_SIGNS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
)


async def upload_blob(request: Request) -> Response:
    ask = await asking(request, session=True)
    mime = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not mime:
        raise invalid("Request encoding (Content-Type) required but not provided")
    content = await request.body()
    if len(content) > BLOB_LIMIT:
        raise XrpcError(413, "PayloadTooLarge", "request entity too large")
    mime = next((told for sign, told in _SIGNS if sign.match(content)), mime)
    cid, digest = cid_of_blob(content), ask.books.store(content)
    ask.books.do(
        "INSERT OR IGNORE INTO bluesky_blobs VALUES (?, ?, ?, ?, ?, ?)",
        ask.user["did"],
        cid,
        digest,
        mime,
        len(content),
        ask.now,
    )
    blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(content)}
    return answer({"blob": blob})


async def get_blob(request: Request) -> Response:
    ask = await asking(request)
    row = blob_of(ask.books, ask.query("did"), ask.query("cid"))
    if row is None:
        raise XrpcError(400, "BlobNotFound", "Blob not found")
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
    return FileResponse(ask.books.path_of(row["sha256"]), media_type=row["mime"], headers=headers)


async def put_record(request: Request) -> Response:
    ask = await asking(request, session=True)
    with ask.books.together():
        return answer(_put(ask, ask.body))


async def create_record(request: Request) -> Response:
    ask = await asking(request, session=True)
    with ask.books.together():
        return answer(_create(ask, ask.body))


async def delete_record(request: Request) -> Response:
    ask = await asking(request, session=True)
    with ask.books.together():
        return answer(_delete(ask, ask.body))


async def apply_writes(request: Request) -> Response:
    ask = await asking(request, session=True)
    writes = ask.body.get("writes")
    if not isinstance(writes, list) or not all(isinstance(write, dict) for write in writes):
        raise invalid('Missing required key "writes" at $')
    if len(writes) > 200:
        raise invalid("Too many writes. Max: 200")
    results: list[dict[str, Any]] = []
    with ask.books.together():  # all of them, or none
        for write in writes:
            kind = str(write.get("$type")).rpartition("#")[2]
            told = {"repo": ask.body.get("repo"), "validate": ask.body.get("validate"), "record": write.get("value")}
            act = {"create": _create, "update": _put, "delete": _delete}.get(kind)
            if act is None:
                raise invalid("Action not supported")
            done = act(ask, {**write, **told})
            kept = {key: done[key] for key in ("uri", "cid", "validationStatus") if key in done}
            result: dict[str, Any] = {"$type": f"com.atproto.repo.applyWrites#{kind}Result"}
            results.append(result | (kept if kind != "delete" else {}))
    return answer({"commit": _commit(ask), "results": results})


async def get_record(request: Request) -> Response:
    ask = await asking(request)
    repo, collection, rkey = (ask.query(name) for name in ("repo", "collection", "rkey"))
    owner = account_of(ask.books, repo)
    if owner is None:
        raise invalid("Could not locate record")
    row = record_of(ask.books, owner["did"], collection, rkey)
    wanted = request.query_params.get("cid")
    if row is None or (wanted is not None and wanted != row["cid"]):
        uri = f"at://{owner['did']}/{collection[:300]}/{rkey[:512]}"
        raise XrpcError(400, "RecordNotFound", f"Could not locate record: {uri}")
    return answer(_told(row))


async def list_records(request: Request) -> Response:
    ask = await asking(request)
    owner, collection, limit = ask.repo(ask.query("repo")), ask.query("collection"), ask.limit()
    rows = ask.books.all(
        "SELECT * FROM bluesky_records WHERE did = ? AND collection = ? AND deleted_at IS NULL AND rkey < ?"
        " ORDER BY rkey DESC LIMIT ?",
        owner["did"],
        collection,
        request.query_params.get("cursor") or "~",
        limit,
    )
    told: dict[str, Any] = {"records": [_told(row) for row in rows]}
    return answer(told | ({"cursor": rows[-1]["rkey"]} if len(rows) == limit else {}))


async def describe_repo(request: Request) -> Response:
    ask = await asking(request)
    owner = ask.repo(ask.query("repo"))
    names = ask.books.all("SELECT DISTINCT collection FROM bluesky_records WHERE did = ?", owner["did"])
    document = {"@context": ["https://www.w3.org/ns/did/v1"], "id": owner["did"]}
    return answer(
        {
            "handle": owner["handle"],
            "did": owner["did"],
            "didDoc": document | {"alsoKnownAs": [f"at://{owner['handle']}"]},
            "collections": [row["collection"] for row in names],
            "handleIsCorrect": True,
        }
    )


def record_of(books: Books, did: str, collection: str, rkey: str) -> Row | None:
    return books.one(f"SELECT * FROM bluesky_records WHERE {_LIVE}", did, collection, rkey)  # noqa: S608


def blob_of(books: Books, did: str, cid: str) -> Row | None:
    return books.one("SELECT * FROM bluesky_blobs WHERE did = ? AND cid = ?", did, cid)


def uri_of(row: Row) -> str:
    return f"at://{row['did']}/{row['collection']}/{row['rkey']}"


def _told(row: Row) -> dict[str, Any]:
    return {"uri": uri_of(row), "cid": row["cid"], "value": json.loads(row["value"])}


def _put(ask: Asking, body: Mapping[str, Any]) -> dict[str, Any]:
    """Write a record under its key. The same one again changes nothing, and no `commit` is told."""
    collection, rkey = _place(ask, body, "rkey", "record")
    value, status = _checked(ask, body, collection, rkey)
    cid = _cid(value)
    row = record_of(ask.books, ask.user["did"], collection, rkey)
    swap = body.get("swapRecord")
    if swap is not None and not LINK.fullmatch(str(swap)):
        raise invalid(f'Invalid CID string (got "{str(swap)[:100]}") at $.swapRecord')
    if row is not None and row["cid"] == cid:
        return {"uri": uri_of(row), "cid": cid, **status}
    if "swapRecord" in body and swap != (row["cid"] if row is not None else None):
        raise XrpcError(400, "InvalidSwap", f"Record was at {row['cid'] if row is not None else 'null'}")
    if row is None:
        return _insert(ask, collection, rkey, value, cid) | status
    versions = [*json.loads(row["versions"]), json.loads(row["value"])]
    ask.books.do(
        "UPDATE bluesky_records SET cid = ?, value = ?, versions = ?, edited_at = ? WHERE seq = ?",
        cid,
        _json(value),
        _json(versions),
        ask.now,
        row["seq"],
    )
    return {"uri": uri_of(row), "cid": cid, "commit": _commit(ask), **status}


def _create(ask: Asking, body: Mapping[str, Any]) -> dict[str, Any]:
    collection, rkey = _place(ask, body, "record")
    rkey = rkey or tid(ask.books, ask.now)
    value, status = _checked(ask, body, collection, rkey)
    if record_of(ask.books, ask.user["did"], collection, rkey) is not None:
        raise internal()  # the real server says no more than that
    return _insert(ask, collection, rkey, value, _cid(value)) | status


def _delete(ask: Asking, body: Mapping[str, Any]) -> dict[str, Any]:
    collection, rkey = _place(ask, body, "rkey")
    row = record_of(ask.books, ask.user["did"], collection, rkey)
    if row is None:
        return {}
    if "swapRecord" in body and body["swapRecord"] != row["cid"]:
        raise XrpcError(400, "InvalidSwap", f"Record was at {row['cid']}")
    ask.books.do("UPDATE bluesky_records SET deleted_at = ? WHERE seq = ?", ask.now, row["seq"])
    return {"commit": _commit(ask)}


def _place(ask: Asking, body: Mapping[str, Any], *required: str) -> tuple[str, str]:
    for key in ("repo", "collection", *required):
        if body.get(key) is None:
            raise invalid(f'Missing required key "{key}" at $')
    owner = account_of(ask.books, str(body["repo"]))
    if owner is None:
        raise XrpcError(403, "AccountNotFound", "Account not found")
    if owner["did"] != ask.user["did"]:
        raise XrpcError(401, "AuthenticationRequired", "Authentication Required")
    collection, rkey = str(body["collection"]), str(body.get("rkey") or "")
    if not lexicon.NSID.fullmatch(collection):
        raise invalid(f'Invalid NSID (got "{collection[:100]}") at $.collection')
    if rkey and collection.startswith("app.bsky.feed.") and not lexicon.TID.fullmatch(rkey):
        raise invalid(f'Invalid record key for {collection}: Invalid TID string (got "{rkey[:100]}") at $')
    if rkey and not _KEY.fullmatch(rkey):
        raise invalid(f'Invalid record key (got "{rkey[:100]}") at $.rkey')
    return collection, rkey


def _checked(ask: Asking, body: Mapping[str, Any], collection: str, rkey: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the record, with its type, and what is told of its validation."""
    record = body.get("record")
    if not isinstance(record, dict):
        raise invalid("Expected object value type at $.record")
    kind = record.get("$type", collection)
    if kind != collection:
        raise invalid(f"Invalid $type: expected {collection}, got {str(kind)[:100]}")
    value = {"$type": collection, **record}
    status: dict[str, str] = {}
    if body.get("validate") is not False:
        try:
            known = lexicon.check_record(collection, value)
        except lexicon.Wrong as wrong:
            raise invalid(f"Invalid {collection} record: {wrong}") from wrong
        if not known and body.get("validate"):
            raise invalid(f"Unknown lexicon type: {collection}")
        status = {"validationStatus": "valid" if known else "unknown"}
    try:
        missing = [cid for cid in lexicon.blobs_of(value) if blob_of(ask.books, ask.user["did"], cid) is None]
    except (LookupError, TypeError) as error:
        raise invalid(f"Invalid {collection} record: Expected blob value type at $.record") from error
    if missing:
        raise XrpcError(400, "BlobNotFound", f"Could not find blob: {missing[0]}")
    return value, status


def _cid(value: Any) -> str:
    try:
        return cid_of(value)
    except Unencodable as error:
        raise invalid(f"Invalid record: {error}") from error


def _insert(ask: Asking, collection: str, rkey: str, value: Mapping[str, Any], cid: str) -> dict[str, Any]:
    did = ask.user["did"]
    subject = value.get("subject")
    reply, embed = value.get("reply"), value.get("embed")
    quoted = embed.get("record") if isinstance(embed, dict) else None
    ask.books.insert(
        "bluesky_records",
        did=did,
        collection=collection,
        rkey=rkey,
        cid=cid,
        value=_json(value),
        versions="[]",
        subject=_uri(subject),
        parent=_uri(reply.get("parent")) if isinstance(reply, dict) else None,
        quoted=_uri(quoted),
        growth=engagement.fingerprint(ask.user["name"], str(value.get("text", ""))),
        created_at=ask.now,
        accepted=time.monotonic(),
    )
    return {"uri": f"at://{did}/{collection}/{rkey}", "cid": cid, "commit": _commit(ask)}


def _uri(ref: Any) -> str | None:
    return str(ref["uri"]) if isinstance(ref, dict) and isinstance(ref.get("uri"), str) else None


def _commit(ask: Asking) -> dict[str, str]:
    """Return a commit in form; the tree behind it is not kept here."""
    rev = tid(ask.books, ask.now)
    return {"cid": cid_of({"did": ask.user["did"], "rev": rev}), "rev": rev}


def tid(books: Books, now: int) -> str:
    """Return a key of the platform's time that is not in use; keys rise while the clock stands still."""
    number = books.number("SELECT count(*) FROM bluesky_records")
    bits = ((now * 1000 + number % 1000) << 10) | (number // 1000 % 1024)
    return "".join("234567abcdefghijklmnopqrstuvwxyz"[bits >> shift & 31] for shift in range(60, -1, -5))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
