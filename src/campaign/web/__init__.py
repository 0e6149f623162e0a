"""The desk: pages in the browser, in Korean, English and Russian; what is decided there, verbs decide."""

from campaign.config import Settings


def serve(settings: Settings, port: int | None = None) -> int:
    """Serve the desk until SIGTERM or SIGINT; return the exit code. `root/web.json` says where, once it listens.

    Args:
        port: in place of the setting; 0: any free one.

    Raises:
        Conflict: the address is taken, or there is no installation.
    """
    # A web framework costs half a second at import: a command that serves nothing does not pay for it.
    from campaign.web.server import run

    return run(settings, port)
