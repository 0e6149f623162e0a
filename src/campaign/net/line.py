"""The line of no return as the transport sees it: whether the first byte of a request has left."""

from collections.abc import Callable
from typing import Literal


class Line:
    """What is proved about one request; passed in as `request.extensions["line"]`.

    unknown   nobody vouches: a foreign transport carried it. Callers must take it as sent.
    not_sent  our transport holds the request, and no byte of it was given to a socket.
    sent      a byte of it may have left; set before the first write, so that no fault can come between.

    `leave` is called by our transport right before the first write, and may raise what keeps the request here; `gone`
    when the whole request was given to the socket.
    """

    __slots__ = ("gone", "leave", "peer", "state")

    def __init__(self, gone: Callable[[], None] = lambda: None, leave: Callable[[], None] = lambda: None) -> None:
        self.gone, self.leave = gone, leave
        self.state: Literal["unknown", "not_sent", "sent"] = "unknown"
        self.peer: str | None = None  # the IP address that was connected to
