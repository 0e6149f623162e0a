"""Notices: what waits for a person."""

from typing import Any

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, iso, line, say, table
from campaign.service.notify import text_of
from campaign.store import notices
from campaign.store.notices import Notice


def show(*, here: Here = HERE) -> None:
    """List what waits for a person."""
    with here.opened() as app, app.store.read() as tx:
        found = notices.open_now(tx)
    if here.json:
        data([_plain(each) for each in found])
        return
    if not found:
        line("nothing waits for a person")
        return
    rows = [(iso(each.at), each.kind, text_of(each)) for each in found]
    table(("since", "kind", "what to do"), rows, breaks=("what to do",))
    if not all(each.told_at for each in found):
        say("some of it was not handed over: nothing is set in [notify], or it has failed so far")


def _plain(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "kind": notice.kind,
        "subject": notice.subject,
        "text": text_of(notice),
        "at": iso(notice.at),
        "told_at": iso(notice.told_at),
        "tries": notice.tries,
        "detail": dict(notice.detail),
    }
