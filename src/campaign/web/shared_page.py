"""A medium for a platform that fetches it: without a login, for who has a signed address whose time is not over."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from campaign.core.errors import NotFound
from campaign.media.library import Library
from campaign.media.share import Sharer


class Shared:
    """The page of one desk."""

    def __init__(self, library: Library, sharer: Sharer) -> None:
        self._library, self._sharer = library, sharer

    async def show(self, request: Request) -> Response:
        """Answer the file, or the range of it that is asked for. Raises: NotFound."""
        asked = request.query_params
        name = request.path_params["name"]
        digest, mime = self._sharer.admitted(name, asked.get("until", ""), asked.get("signature", ""))
        await run_in_threadpool(self._library.bring, [digest])
        file = self._library.file(digest)
        if not file.is_file():
            raise NotFound("page", request.url.path)
        # Who holds the address may show it for as long as it holds; nobody may take it for a page of the desk.
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=600"}
        return FileResponse(file, media_type=mime, headers=headers)
