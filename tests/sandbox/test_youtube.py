"""YouTube's twin, driven by Google's own client, by the description of the API that it ships."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import googleapiclient
import pytest
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload
from httplib2 import Http

from campaign.sandbox import Twin
from campaign.sandbox.youtube.refusals import REFUSALS

from .conftest import Hands, picture

Open = Callable[..., Any]
UNIT = 256 * 1024
CLIP = b"\x00\x00\x00\x18ftypmp42" + bytes(500)


@pytest.fixture
def twin(tmp_path: Path, hands: Hands) -> Iterator[Twin]:
    with Twin(tmp_path / "sandbox", clock_file=hands.file, platforms=["youtube"]) as running:
        yield running


@pytest.fixture
def client(twin: Twin) -> Iterator[Open]:
    """Return a maker of clients, each of a channel with these traits; their sockets are closed at the end."""
    made: list[Any] = []
    document = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "youtube.v3.json"
    told = {**json.loads(document.read_text(encoding="utf-8")), "rootUrl": f"{twin.base_url}/"}

    def make(name: str = "peace_ko", *, token: str = "", **traits: str) -> Any:
        opened = twin.ask("POST", "/_accounts", {"platform": "youtube", "name": name, **traits})["token"]
        plain = Http(timeout=5)
        plain.redirect_codes -= {308}  # as googleapiclient.http.build_http has it
        http = AuthorizedHttp(Credentials(token or opened), plain, refresh_status_codes=())
        made.append(build_from_document(told, http=http))
        return made[-1]

    yield make
    for one in made:
        one.close()


def video(title: Any = "Мир — 평화", **more: Any) -> dict[str, Any]:
    snippet = {"title": title, "description": "평화", "categoryId": "22", "defaultLanguage": "ko", **more}
    return {"snippet": snippet, "status": {"privacyStatus": "private"}}


def media(content: bytes = CLIP, *, chunk: int = -1, resumable: bool = True) -> MediaInMemoryUpload:
    return MediaInMemoryUpload(content, "video/mp4", chunksize=chunk, resumable=resumable)


def insert(youtube: Any, body: dict[str, Any] | None = None, content: bytes = CLIP, **how: Any) -> dict[str, Any]:
    body = body or video()
    part = ",".join(body)
    told: dict[str, Any] = youtube.videos().insert(part=part, body=body, media_body=media(content, **how)).execute()
    return told


def refusal(act: Any) -> str:
    """Return which row of the table an error is."""
    with pytest.raises(HttpError) as raised:
        act()
    error = json.loads(raised.value.content)["error"]
    reason = error["errors"][0]
    found = (raised.value.resp.status, reason["domain"], reason["reason"], error["message"])
    return next(what for what, row in REFUSALS.items() if tuple(row) == found)


def update(youtube: Any, body: dict[str, Any], part: str) -> Any:
    return youtube.videos().update(part=part, body=body).execute()


def test_a_video_goes_up_in_pieces_and_becomes_public_once(twin: Twin, client: Open) -> None:
    youtube, content = client(), CLIP + bytes(2 * UNIT)
    request = youtube.videos().insert(
        part="snippet,status", body=video(), media_body=media(content, chunk=UNIT), notifySubscribers=True
    )
    progress: list[int] = []
    made = None
    while made is None:
        status, made = request.next_chunk()
        progress += [status.resumable_progress] if status else []

    assert ([UNIT, 2 * UNIT], []) == (progress, twin.books(platform="youtube"))

    for _ in range(2):
        told = update(youtube, {"id": made["id"], "status": {"privacyStatus": "public"}}, "status")
        assert "public" == told["status"]["privacyStatus"]
    [row] = twin.books(platform="youtube")

    assert (made["id"], "ko", "Мир — 평화") == (row["id"], row["language"], row["title"])


def test_an_upload_that_is_interrupted_goes_on(twin: Twin, client: Open) -> None:
    youtube, content = client(), CLIP + bytes(2 * UNIT)
    request = youtube.videos().insert(part="snippet,status", body=video(), media_body=media(content, chunk=UNIT))
    request.next_chunk()
    twin.fault("500_after", method="PUT", path="/upload/*")
    with pytest.raises(HttpError):
        request.next_chunk()
    _, made = request.next_chunk()  # asks first how much is there
    sent = [row["bytes"] for row in twin.requests() if row["method"] == "PUT"]

    assert made["id"] and [UNIT, UNIT, 0, len(CLIP)] == sent


def test_status_statistics_tracks_and_thumbnail_are_told(twin: Twin, client: Open, hands: Hands) -> None:
    youtube = client()
    ident = insert(youtube, resumable=False)["id"]
    update(youtube, {"id": ident, "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False}}, "status")
    part = "status,statistics,contentDetails,snippet"
    first = youtube.videos().list(part=part, id=ident).execute()["items"][0]
    caption = {"snippet": {"videoId": ident, "language": "ru", "name": "", "isDraft": False}}
    track = MediaInMemoryUpload("WEBVTT\n\n00:00.000 --> 00:01.000\nМир\n".encode(), "text/vtt")
    youtube.captions().insert(part="snippet", body=caption, media_body=track).execute()
    youtube.thumbnails().set(
        videoId=ident, media_body=MediaInMemoryUpload(picture(kind="JPEG"), "image/jpeg")
    ).execute()
    hands.set("2019-12-01T03:00:00+00:00")
    second = youtube.videos().list(part=part, id=ident).execute()["items"][0]
    [medium] = twin.books(platform="youtube")[0]["media"]

    assert ("uploaded", "processed") == (first["status"]["uploadStatus"], second["status"]["uploadStatus"])
    assert ("0", "true") == (first["statistics"]["viewCount"], second["contentDetails"]["caption"])
    assert 0 < int(second["statistics"]["likeCount"]) < int(second["statistics"]["viewCount"])
    assert ["ru"] == list(medium["captions"]) and medium["cover"]


def test_an_update_replaces_the_whole_part(twin: Twin, client: Open) -> None:
    youtube = client()
    ident = insert(youtube, video(tags=["a"]))["id"]
    update(youtube, {"id": ident, "snippet": {"title": "T", "categoryId": "22"}}, "snippet")
    told = youtube.videos().list(part="snippet", id=ident).execute()["items"][0]["snippet"]

    assert ("T", False, False) == (told["title"], "tags" in told, "description" in told)


def test_each_refusal_is_said_as_the_server_says_it(twin: Twin, client: Open) -> None:
    youtube, strange = client(), client("stranger")
    ident = insert(youtube)["id"]
    broken = {"id": ident, "snippet": {"title": "T", "categoryId": "x"}}
    caption = {"snippet": {"videoId": ident, "language": "ru", "name": ""}}

    def track(content: bytes = b"WEBVTT", body: Any = caption) -> Any:
        file = MediaInMemoryUpload(content, "text/vtt")
        return youtube.captions().insert(part="snippet", body=body, media_body=file).execute()

    def thumb(channel: Any, content: bytes, target: str = ident) -> Any:
        return channel.thumbnails().set(videoId=target, media_body=MediaInMemoryUpload(content, "image/jpeg")).execute()

    track()
    unverified, quiet = client("unverified", verified="no"), client("quiet", comments="off")
    mine, silent = insert(unverified)["id"], insert(quiet, {**video(), "status": {"privacyStatus": "public"}})["id"]
    threads = youtube.commentThreads()
    spare, few = client("poor", quota="1"), client("few", uploads="1")
    insert(few)
    unspoken = {"localizations": {"ru": {"title": "Мир", "description": ""}}, "status": {"privacyStatus": "private"}}
    unspoken["snippet"] = {"title": "T"}
    said = {
        "token": lambda: insert(client("nobody", token="ya29.false")),
        "title": lambda: insert(youtube, video("a < b")),
        "description": lambda: insert(youtube, video(description="가" * 1667)),
        "tags": lambda: insert(youtube, video(tags=["b" * 501])),
        "category": lambda: update(youtube, broken, "snippet"),
        "language": lambda: insert(youtube, unspoken),
        "media": lambda: insert(youtube, content=b"", resumable=False),
        "body": lambda: update(youtube, {"id": ident, "localizations": 7}, "localizations"),
        "video": lambda: youtube.videos().delete(id="AAAAAAAAAAA").execute(),
        "foreign": lambda: update(strange, {"id": ident, "status": {"privacyStatus": "public"}}, "status"),
        "part": lambda: youtube.videos().list(part="status").execute(),
        "track": track,
        "track content": lambda: track(b" ", {"snippet": {"videoId": ident, "language": "ko", "name": ""}}),
        "thumbnail": lambda: thumb(unverified, picture(kind="JPEG"), mine),
        "image": lambda: thumb(youtube, b"no picture"),
        "big image": lambda: thumb(youtube, bytes(2 * 1024 * 1024 + 1)),
        "comments": lambda: quiet.commentThreads().list(part="snippet", videoId=silent).execute(),
        "comments of": lambda: threads.list(part="snippet", videoId=ident).execute(),
        "page": lambda: threads.list(part="snippet", videoId=silent, maxResults=101).execute(),
        "quota": lambda: update(spare, {"id": "x", "status": {"privacyStatus": "public"}}, "status"),
    }

    threads = client("loud").commentThreads()
    assert {what: what for what in said} == {what: refusal(act) for what, act in said.items()}
    assert "quota" == refusal(lambda: insert(few))  # uploads have a bucket of their own
    assert _of_faults(twin, youtube) == ["too fast", "internal", "temporary", "token"]
    assert _of_sessions(twin, youtube) == ["range", "session"]
    never = {"scope", "uploads"}  # said by Google's other servers; the adapter's tests know their reasons
    assert set(REFUSALS) == {*said, "too fast", "internal", "temporary", "range", "session", *never}


def _of_faults(twin: Twin, youtube: Any) -> list[str]:
    found: list[str] = []
    for fault in ("429", "500_before", "503", "expired_token"):
        twin.fault(fault)
        found.append(refusal(lambda: youtube.channels().list(part="snippet", mine=True).execute()))
        twin.clear()
    return found


def _of_sessions(twin: Twin, youtube: Any) -> list[str]:
    """A piece that is no multiple of 256 KiB, and a session that has expired."""
    content, found = bytes(2 * UNIT), list[str]()
    for chunk in (UNIT + 1, UNIT):
        if chunk == UNIT:
            twin.fault("ignore_key", method="PUT", path="/upload/*")
        upload = media(content, chunk=UNIT)
        upload._chunksize = chunk  # the client itself would refuse it
        request = youtube.videos().insert(part="snippet,status", body=video(), media_body=upload)
        found.append(refusal(request.next_chunk))
    return found


def test_comments_come_in_pages_with_their_answers(twin: Twin, client: Open, hands: Hands) -> None:
    youtube = client()
    body = {**video(), "status": {"privacyStatus": "public"}}
    ident = insert(youtube, body)["id"]
    hands.set("2019-12-20T03:00:00+00:00")
    threads, pages = youtube.commentThreads(), list[Any]()
    request = threads.list(part="snippet,replies", videoId=ident, maxResults=30, textFormat="plainText")
    while request is not None:
        pages.append(request.execute())
        request = threads.list_next(request, pages[-1])
    found = [item for page in pages for item in page["items"]]
    counted = youtube.videos().list(part="statistics", id=ident).execute()["items"][0]["statistics"]["commentCount"]
    below = youtube.comments().list(part="snippet", parentId=f"{ident}.1").execute()["items"]

    assert (len(found), len({item["id"] for item in found})) == (int(counted), int(counted))
    assert len(pages) > 1 and 7 == len(below)
    assert all(each["snippet"]["parentId"] == f"{ident}.1" for each in below)


def test_the_quota_comes_back_at_midnight_in_california(twin: Twin, client: Open, hands: Hands) -> None:
    youtube = client("poor", quota="1")
    listing = youtube.channels().list(part="snippet", mine=True)
    listing.execute()

    assert "quota" == refusal(listing.execute)

    hands.set("2019-10-01T06:59:59+00:00")
    assert "quota" == refusal(listing.execute)

    hands.set("2019-10-01T07:00:00+00:00")
    assert listing.execute()["items"]


def test_a_public_video_has_a_page_and_a_private_one_has_none(twin: Twin, client: Open) -> None:
    youtube = client()
    seen = insert(youtube, {**video("Мир & 'peace'"), "status": {"privacyStatus": "public"}})["id"]
    hidden = insert(youtube)["id"]
    http = Http(timeout=5)
    (found, page), (missing, _) = (http.request(f"{twin.base_url}/watch?v={ident}") for ident in (seen, hidden))
    http.close()

    assert ("200", "404") == (found["status"], missing["status"])
    assert "Мир &amp; &#39;peace&#39;" in page.decode()
