"""The compose pages; being written."""

from starlette.responses import Response

from campaign.core.errors import NotFound
from campaign.web.desk import Desk
from campaign.web.gate import Visit


def show(desk: Desk, visit: Visit) -> Response:
    """Not there yet. Raises: NotFound."""
    raise NotFound("page", visit.path)


def act(desk: Desk, visit: Visit) -> Response:
    """Not there yet. Raises: NotFound."""
    raise NotFound("page", visit.path)
