"""Pictures and clips of a Page: uploaded whole, or in pieces, and not seen until a post shows them."""

import json
from typing import Any

from campaign.sandbox import graph
from campaign.sandbox.facebook.refusals import REFUSALS
from campaign.sandbox.graph import Asking, GraphError
from campaign.sandbox.wire import Upload

CHUNK = 1024 * 1024  # bytes of a clip that are asked for at a time


def file_named(ask: Asking, ident: str) -> dict[str, Any] | None:
    """Return a picture of the Page."""
    sql = "SELECT * FROM graph_files WHERE id = ? AND platform = 'facebook' AND account = ?"
    row = ask.sandbox.books.one(sql, ident, ask.account["name"])
    told = json.loads(row["told"]) if row is not None else {}
    if row is None or told.get("session"):
        return None
    file = json.loads(row["file"])
    return {"id": ident, "alt_text": told["alt"], "alt_text_custom": told["alt"], "file": file, "name": None}


def photo(ask: Asking) -> dict[str, Any]:
    """Take a picture: https://developers.facebook.com/docs/graph-api/reference/page/photos"""
    upload = _upload(ask)
    if upload is None:
        raise GraphError(REFUSALS["no_photo"])
    file, alt = graph.file_of(ask.sandbox, upload.content), ask.text("alt_text_custom") or None
    if file.mime not in ("image/jpeg", "image/png", "image/gif"):
        raise GraphError(REFUSALS["image"])
    ident = graph.new_id()
    _keep(ask, ident, file.told(alt), {"alt": alt})
    if not ask.flag("published", True):
        return {"id": ident}
    post = f"{ask.account['id']}_{graph.new_id()}"
    told = {"kind": "post", "text": ask.text("caption") or ask.text("message"), "link": ""}
    graph.make_container(ask, told, [file.told(alt) | {"photo": ident}], ident=post)
    row = graph.container(ask, post)
    assert row is not None  # noqa: S101 - just made
    graph.make_post(ask, row, ident=post, kind="post", text=told["text"], reply_to=None)
    return {"id": ident, "post_id": post}


def clip(ask: Asking) -> dict[str, Any]:
    """Take a clip in pieces: https://developers.facebook.com/docs/video-api/guides/publishing"""
    phase, books = ask.text("upload_phase"), ask.sandbox.books
    if phase == "start":
        session, video = graph.new_id(), graph.new_id()
        told: dict[str, Any] = {"session": True, "video": video, "size": ask.number("file_size"), "pieces": ""}
        _keep(ask, session, {}, told)
        end = min(CHUNK, told["size"])
        return {"upload_session_id": session, "video_id": video, "start_offset": "0", "end_offset": str(end)}
    row = books.one("SELECT * FROM graph_files WHERE id = ?", ask.text("upload_session_id"))
    told = json.loads(row["told"]) if row is not None else {}
    if row is None or not told.get("session") or row["account"] != ask.account["name"]:
        raise GraphError(REFUSALS["session"])
    held = bytes.fromhex(told["pieces"])
    if phase == "transfer":
        upload = _upload(ask)
        if upload is None or ask.number("start_offset", -1) != len(held):
            raise GraphError(REFUSALS["offset"])
        held += upload.content
        sql = "UPDATE graph_files SET told = ? WHERE id = ?"
        books.do(sql, json.dumps(told | {"pieces": held.hex()}), row["id"])
        return {"start_offset": str(len(held)), "end_offset": str(min(len(held) + CHUNK, told["size"]))}
    file = graph.file_of(ask.sandbox, held)
    if phase != "finish" or len(held) != told["size"]:
        raise GraphError(REFUSALS["session"])
    if file.kind != "video":
        raise GraphError(REFUSALS["clip"])
    about = {"kind": "video", "text": ask.text("description"), "link": ""}
    graph.make_container(ask, about, [file.told(None)], ident=str(told["video"]))
    if ask.flag("published", True):
        made = graph.container(ask, str(told["video"]))
        assert made is not None  # noqa: S101 - just made
        graph.make_post(ask, made, ident=made["id"], kind="video", text=about["text"], reply_to=None)
    return {"success": True}


def _upload(ask: Asking) -> Upload | None:
    return next((value for value in ask.params.values() if isinstance(value, Upload)), None)


def _keep(ask: Asking, ident: str, file: dict[str, Any], told: dict[str, Any]) -> None:
    ask.sandbox.books.insert(
        "graph_files",
        id=ident,
        platform="facebook",
        account=ask.account["name"],
        file=json.dumps(file, ensure_ascii=False),
        told=json.dumps(told, ensure_ascii=False),
    )
