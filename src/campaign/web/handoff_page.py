"""What a person puts up: texts to copy, media to download, a checklist, and the form that says where it stands."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from campaign.core.errors import CampaignError, Invalid, NotFound
from campaign.core.model import Medium
from campaign.core.states import State
from campaign.service.confirm import settle
from campaign.service.package import Package, package_of, pieces
from campaign.service.screenshot import FIELD
from campaign.store import campaigns, queue
from campaign.store import posts as post_rows
from campaign.web.desk import Desk
from campaign.web.gate import Visit

WAITS = (State.PROCESSING, State.MISSED, State.FAILED)  # of which it can be said that it is up
_LONGEST = 8  # characters of a file's ending


def show(desk: Desk, visit: Visit) -> Response:
    """Show it. Raises: Forbidden, NotFound, Conflict."""
    return _page(desk, visit)


def download(desk: Desk, visit: Visit) -> Response:
    """Send everything as a zip, made while it is sent."""
    package = _package(desk, visit)
    name = f"{package.name}.zip"
    plain = name.encode("ascii", "ignore").decode() or "package.zip"
    return StreamingResponse(
        pieces(desk.app, package),
        media_type="application/zip",
        headers={"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"},
    )


def act(desk: Desk, visit: Visit) -> Response:
    """Take the person's word; what is refused is said on the page itself, and the address stays in its field."""
    package = _package(desk, visit)
    try:
        if visit.text("act") == "abandon":
            settle(desk.app, package.delivery.id, "abandon", by=visit.person)
        else:
            _published(desk, visit, package)
    except CampaignError as error:
        return _page(desk, visit, error.status_code, error=error)
    return desk.go(f"/posts/{quote(package.campaign, safe='')}/{quote(package.post.name, safe='')}#deliveries")


def _published(desk: Desk, visit: Visit, package: Package) -> None:
    url = visit.text("url").strip() or None
    uploads = visit.files.get(FIELD, [])
    with TemporaryDirectory(prefix="campaign-") as folder:
        file = _written(uploads[0], Path(folder)) if uploads else None
        settle(desk.app, package.delivery.id, "published", by=visit.person, url=url, screenshot=file)


def _written(upload: UploadFile, folder: Path) -> Path:
    """Write an upload down under a name of our own; only its ending is the person's."""
    ending = (upload.filename or "").rpartition(".")[2].lower()
    file = folder / (f"{FIELD}.{ending}" if ending.isascii() and ending.isalnum() and len(ending) < _LONGEST else FIELD)
    with file.open("wb") as target:
        shutil.copyfileobj(upload.file, target)
    return file


def _package(desk: Desk, visit: Visit) -> Package:
    """Return the package of the very delivery that the address names."""
    ident = visit.place("delivery")
    with desk.app.store.read() as tx:
        campaign = campaigns.campaign_named(tx, visit.place("campaign"))
        post = post_rows.post_named(tx, visit.place("post"), campaign)
        held = queue.get(tx, ident)
    if held.post_id != post.id or post.campaign_id != campaign.id:
        raise NotFound("delivery", ident)
    return package_of(desk.app, ident, by=visit.person, lang=visit.look.lang)


def _page(desk: Desk, visit: Visit, status: int = 200, *, error: CampaignError | None = None) -> Response:
    package = _package(desk, visit)
    shot: Medium | None = None
    with desk.app.store.read() as tx:
        campaign = campaigns.campaign_of(tx, package.post.campaign_id)
        if sha256 := (package.delivery.wire or {}).get(FIELD):
            shot = post_rows.medium_of(tx, sha256)
    wrong = error.field if isinstance(error, Invalid) else ""
    return desk.page(
        visit,
        "handoff.html",
        status,
        demo=campaign.demo,
        campaign=campaign,
        package=package,
        shot=shot,
        problem=str(error) if error else None,
        wrong={"published": "url", FIELD: FIELD}.get(wrong, ""),
        waits=package.delivery.state in WAITS,
        handed=package.delivery.state is State.PROCESSING,
        uploaded=bool(visit.files.get(FIELD)),
    )
