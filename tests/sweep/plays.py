"""What is played: platforms and how a doubt is settled there, faults of the twins, failpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

COMMIT, UPLOAD = {"what": "commit"}, {"what": "upload"}  # where a fault acts; each platform has its own addresses
# name → what is cued at the twin: (fault, match, args, how often; None: until cleared)
FAULTS: dict[str, list[tuple[str, dict[str, str], dict[str, Any], int | None]]] = {
    "none": [],
    "lose_response": [("lose_response", COMMIT, {}, 1)],
    "slow": [("slow", COMMIT, {"seconds": 0.6}, 1)],
    "500_after": [("500_after", COMMIT, {}, 1)],
    "500_before": [("500_before", COMMIT, {}, 1)],
    "reset": [("reset", COMMIT, {}, 1)],
    "reset_before": [("reset", COMMIT, {"before": True}, 1)],
    "429": [("429", COMMIT, {"retry_after": 7}, 1)],
    "503": [("503", COMMIT, {}, 1)],
    "drop_request": [("drop_request", COMMIT, {}, 1)],
    "bad_json": [("bad_json", COMMIT, {}, 1)],
    "half_body": [("half_body", COMMIT, {}, 1)],
    "expired_token": [("expired_token", {}, {}, None)],
    "lagging_list": [("lose_response", COMMIT, {}, 1), ("lagging_list", {}, {"seconds": 3600}, None)],
    "lost_upload": [("lose_response", UPLOAD, {}, 1)],
    # No fault of the twin: a person puts up a pause between claim and line, and takes it down again.
    "paused": [],
}
# After these nobody can know from the answer alone whether the post is out.
SILENT = frozenset(FAULTS) - {"none", "429", "expired_token", "lagging_list", "lost_upload", "paused"}
# These act on something else than the request that makes the post, so they may meet a death before the line.
EARLY = frozenset({"none", "expired_token", "lost_upload", "paused"})
NO_LIST, NO_UPLOAD = frozenset({"lagging_list"}), frozenset({"lost_upload"})


@dataclass(frozen=True, slots=True)
class Play:
    """A platform and how a doubt is settled there.

    Attributes:
        commit, upload: the requests that faults act on; None: nothing is uploaded beforehand.
        whole: each failpoint × each fault is played; else what the whole plays have shown is left out.
        posts: deliveries that are due at once on the one account.
        without: faults that there cannot be: a list that lags where there is no list.
        times: how often a fault happens that elsewhere lasts until a person comes: an expired session is renewed.
        opened: what the twin is told besides when it opens the account.
        reads_back: the account is one of a server that ignores keys.
        asks: nothing tells, so a person is asked, who says what the platform shows, or gives up.
    """

    platform: str
    commit: dict[str, str]
    upload: dict[str, str] | None
    pictures: int
    whole: bool = False
    posts: int = 1
    without: frozenset[str] = frozenset()
    times: Mapping[str, int] = field(default_factory=dict)
    opened: Mapping[str, str] = field(default_factory=dict)
    reads_back: bool = False
    asks: Literal["", "what is true", "gives up"] = ""


def _post(path: str) -> dict[str, str]:
    return {"method": "POST", "path": path}


_STATUSES, _UPLOADS = _post("/api/v1/statuses"), _post("/api/v2/media")
_RECORD, _BLOB = _post("/xrpc/com.atproto.repo.putRecord"), _post("/xrpc/com.atproto.repo.uploadBlob")
_PUBLISH, _FILES = _post("/handle/containers/*/publish"), _post("/handle/uploads")
_ALBUM, _MESSAGE = _post("/bot*/sendMediaGroup"), _post("/bot*/sendMessage")
_UNSEEN = NO_LIST | NO_UPLOAD
# A server that honours the key; one that ignores it and can only be read back: by its media, or by its text alone; one
# where the client chooses the id; one with two phases, that answers at once or works on it for a while; one that only
# a second bot can see; one that nobody can ask.
PLAYS = {
    "replay, pictures": Play("bluesky", _RECORD, _BLOB, 2, True, without=NO_LIST, times={"expired_token": 2}),
    "handle, pictures": Play("handle", _PUBLISH, _FILES, 2, True),
    "handle, slow": Play("handle", _PUBLISH, _FILES, 0, without=NO_UPLOAD, opened={"slow": "1"}),
    "dedup, pictures": Play("mastodon", _STATUSES, _UPLOADS, 2, True),
    "dedup, three at once": Play("mastodon", _STATUSES, _UPLOADS, 1, posts=3),
    "read_back, pictures": Play("mastodon", _STATUSES, _UPLOADS, 2, True, reads_back=True),
    "read_back, text": Play("mastodon", _STATUSES, _UPLOADS, 0, without=NO_UPLOAD, reads_back=True),
    "read_back, three at once": Play("mastodon", _STATUSES, _UPLOADS, 0, posts=3, without=NO_UPLOAD, reads_back=True),
    "watcher, album": Play("telegram", _ALBUM, None, 2, without=_UNSEEN),
    "watcher, text": Play("telegram", _MESSAGE, None, 0, without=_UNSEEN),
    "none, a person looks": Play("telegram", _MESSAGE, None, 0, True, without=_UNSEEN, asks="what is true"),
    "none, a person gives up": Play("telegram", _ALBUM, None, 2, without=_UNSEEN, asks="gives up"),
}
# Every point at which a process can die between a due delivery and its first reading.
BEFORE = (
    "claim.written", "claimed", "preparing", "request.sent", "request.received", "exchanged", "prepared",
    "pause.written", "paused", "resume.written", "resumed", "line.written",
)  # fmt: skip
PAST = (
    "line.committed", "commit.sent", "commit.received", "answered", "recording", "record.written",
)  # fmt: skip
DOUBT = (
    "reap.written", "confirming", "asked", "confirmed", "confirm.written", "settled", "settling", "settle.written",
    "settle.kept",
)  # fmt: skip
AFTER = ("archiving", "archive.written", "archived", "measuring", "measured", "measure.written")
FAILPOINTS = (*BEFORE, *PAST, "recorded", *DOUBT, *AFTER)
# Dies while the platform is working on the request, by a timer: nothing of ours runs at that moment.
AWAITING = "awaiting the answer"
OCCURRENCES = 2  # a point that is passed often is died at this many times in a whole play
# Where an earlier life dies, so that the life that mends it can die too.
FIRST = {"claimed": frozenset({"reap.written"}), "commit.sent": frozenset((*PAST, *DOUBT, "recorded"))}
ENOUGH = frozenset({"none", "lose_response"})  # faults under which the steps after the result are died at
# These end like lose_response (the work was done, the answer is no use) and like drop_request (it was not done).
ALIKE = frozenset({"500_after", "reset", "bad_json", "half_body", "500_before", "reset_before", "503"})
LAGS_FOR = 2  # questions that a lagging list answers wrongly; all of them within settles_within


@dataclass(frozen=True, slots=True)
class Cell:
    """One death: at the nth passing of a point, under a fault, with a guarantee.

    `first`: a life before it had died there already, and this one is the life that was to mend it.
    """

    guarantee: str
    fault: str
    point: str
    nth: int
    first: str = ""

    @property
    def may_ask(self) -> bool:
        """Whether the request may have left and nothing tells: only then may a person be asked."""
        play = PLAYS[self.guarantee]
        past = {*PAST, AWAITING} | ({"exchanged"} if play.upload is None else set())
        return bool(play.asks) and (self.fault in SILENT or bool({self.point, self.first} & past))


def faults_of(guarantee: str) -> list[str]:
    """Return the faults that a play meets."""
    play = PLAYS[guarantee]
    return [fault for fault in FAULTS if fault not in play.without and (play.whole or fault not in ALIKE)]


def kept(guarantee: str, fault: str, passed: Sequence[str]) -> list[tuple[str, int]]:
    """Return where a life that passed these points is died at: a point, and which passing of it."""
    play = PLAYS[guarantee]
    # What a second passing of a step shows, the whole plays have shown; of three, the middle one is like the first.
    most = {1, play.posts} if play.posts > 1 else {1, OCCURRENCES} if play.whole else {1}
    cells: list[tuple[str, int]] = []
    counts: dict[str, int] = {}
    new: dict[str, int] = {}  # the same without those that other plays have shown
    acted = False  # whether the request that the fault acts on was under way
    for point in passed:
        counts[point] = counts.get(point, 0) + 1
        acted = acted or point == "line.committed"
        shown = not play.whole and (
            (point in BEFORE and not acted and fault not in EARLY) or (point in AFTER and fault not in ENOUGH)
        )
        if not shown:
            new[point] = new.get(point, 0) + 1
            if new[point] in most:
                cells.append((point, counts[point]))
    return [*cells, (AWAITING, 1)] if fault == "slow" else cells
