"""Requests written from WordPress's REST reference: what is refused, asked of the twin and of a real site alike.

https://developer.wordpress.org/rest-api/reference/posts/, …/media/, …/comments/
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from PIL import Image

POSTS, MEDIA = "/wp-json/wp/v2/posts", "/wp-json/wp/v2/media"
ROLES = {"alice": "administrator", "bob": "contributor", "carol": "author", "dave": "subscriber"}
Ask = Callable[..., httpx.Response]  # (who or None, method, path, **options of httpx)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), "navy").save(out, "PNG")
    return out.getvalue()


def asker(base_url: str, passwords: Mapping[str, str]) -> Ask:
    """Return what asks a site as one of its users, or as nobody."""

    def ask(who: str | None, method: str, path: str, password: str | None = None, **options: Any) -> httpx.Response:
        login = (who, password or passwords[who]) if who else None
        return httpx.request(method, base_url + path, auth=login, timeout=30, **options)

    return ask


def attached(name: str | None, mime: str, content: bytes) -> dict[str, Any]:
    told = {"Content-Disposition": f'attachment; filename="{name}"'} if name else {}
    return {"content": content, "headers": {"Content-Type": mime, **told}}


def provoke(ask: Ask) -> dict[str, httpx.Response]:
    """Provoke each refusal of the table; return the answers by its names."""
    draft = {"title": "하나", "content": "<p>둘</p>", "status": "draft"}
    ident = ask("alice", "POST", POSTS, json=draft).json()["id"]
    medium = ask("alice", "POST", MEDIA, **attached("a.png", "image/png", picture())).json()["id"]
    broken = {"content": b"{nope", "headers": {"Content-Type": "application/json"}}
    wrong = {"content": picture(), "headers": {"Content-Type": "image/png", "Content-Disposition": "attachment"}}
    seen = {
        "bad_password": ask("alice", "GET", "/wp-json/wp/v2/users/me", password="wrong"),
        "no_route": ask("alice", "GET", "/wp-json/wp/v2/nothing"),
        "no_post": ask("alice", "POST", f"{POSTS}/99999999", json={"status": "publish"}),
        "empty": ask("alice", "POST", POSTS, json={"title": "", "content": "", "status": "draft"}),
        "bad_status": ask("alice", "POST", POSTS, json={**draft, "status": "nonsense"}),
        "bad_json": ask("alice", "POST", POSTS, **broken),
        "bad_page": ask("alice", "GET", POSTS, params={"page": "99"}),
        "may_not_publish": ask("bob", "POST", POSTS, json={**draft, "status": "publish"}),
        "may_not_create": ask("dave", "POST", POSTS, json=draft),
        "nobody_may_create": ask(None, "POST", POSTS, json=draft),
        "may_not_edit": ask("carol", "POST", f"{POSTS}/{ident}", json={"content": "x"}),
        "may_not_delete": ask("carol", "DELETE", f"{POSTS}/{ident}"),
        "no_trash": ask("alice", "DELETE", f"{MEDIA}/{medium}"),
        "no_disposition": ask("alice", "POST", MEDIA, **attached(None, "image/png", picture())),
        "bad_disposition": ask("alice", "POST", MEDIA, **wrong),
        "no_data": ask("alice", "POST", MEDIA, **attached("a.png", "image/png", b"")),
        "bad_file": ask("alice", "POST", MEDIA, **attached("a.png", "image/png", b"no picture")),
    }
    ask("alice", "DELETE", f"{POSTS}/{ident}")
    seen["trashed"] = ask("alice", "DELETE", f"{POSTS}/{ident}")
    ask("alice", "DELETE", f"{POSTS}/{ident}?force=true")
    ask("alice", "DELETE", f"{MEDIA}/{medium}?force=true")
    return seen


def life(ask: Ask) -> dict[str, Any]:
    """Lead one post through its life; return what the site tells about it, without what differs from site to site."""
    told: dict[str, Any] = {}
    block = "<!-- wp:paragraph -->\n<p>안녕 &lt;b&gt; &amp; &#091;x]<br>둘</p>\n<!-- /wp:paragraph -->"
    made = ask("carol", "POST", POSTS, json={"title": "여정 &lt;b&gt; &amp; x", "content": block, "status": "draft"})
    post = f"{POSTS}/{made.json()['id']}"
    told["draft"] = made.status_code, made.json()["status"]
    with_alt = {"post": str(made.json()["id"]), "alt_text": "남색 <그림> & '"}
    upload = ask("carol", "POST", MEDIA, params=with_alt, **attached("a.png", "image/png", picture()))
    medium = upload.json()
    told["upload"] = upload.status_code, medium["alt_text"], medium["mime_type"], medium["media_details"]["width"]
    told["file"] = httpx.get(medium["source_url"]).content == picture()
    below = ask("carol", "GET", MEDIA, params={"parent": with_alt["post"], "_fields": "id"})
    told["parent"] = [each["id"] == medium["id"] for each in below.json()], below.headers["x-wp-total"]
    for number in (1, 2):
        answer = ask("carol", "POST", post, params={"_fields": "id,status"}, json={"status": "publish"})
        told[f"publish {number}"] = answer.status_code, answer.json()["status"], sorted(answer.json())
    raw = ask("carol", "GET", post, params={"context": "edit"}).json()
    told["raw"] = raw["content"]["raw"], raw["title"]["raw"], raw["status"], raw["type"]
    told["nobody reads"] = "raw" in ask(None, "GET", post).json()["content"]
    asked = {"include": with_alt["post"], "status": "publish", "_fields": "id"}
    told["listed"] = len(ask("carol", "GET", POSTS, params=asked).json())
    comments = ask("carol", "GET", "/wp-json/wp/v2/comments", params={"post": with_alt["post"], "page": "9"})
    told["comments"] = comments.status_code, comments.json(), comments.headers["x-wp-total"]
    told["trash"] = ask("carol", "DELETE", post).json()["status"]
    told["gone"] = len(ask("carol", "GET", POSTS, params=asked).json())
    told["there"] = ask("carol", "GET", post, params={"context": "edit"}).json()["status"]
    told["revived"] = ask("carol", "POST", post, json={"status": "publish"}).json()["status"]
    told["forced"] = ask("carol", "DELETE", f"{post}?force=true").json()["deleted"]
    told["then"] = ask("carol", "GET", post).status_code
    ask("carol", "DELETE", f"{MEDIA}/{medium['id']}?force=true")
    return told


LIFE = {
    "draft": (201, "draft"),
    "upload": (201, "남색 & '", "image/png", 64),
    "file": True,
    "parent": ([True], "1"),
    "publish 1": (200, "publish", ["id", "status"]),
    "publish 2": (200, "publish", ["id", "status"]),
    "raw": (
        "<!-- wp:paragraph -->\n<p>안녕 &lt;b&gt; &amp; &#091;x]<br>둘</p>\n<!-- /wp:paragraph -->",
        "여정 &lt;b&gt; &amp; x",
        "publish",
        "post",
    ),
    "nobody reads": False,
    "listed": 1,
    "comments": (200, [], "0"),
    "trash": "trash",
    "gone": 0,
    "there": "trash",
    "revived": "publish",
    "forced": True,
    "then": 404,
}
