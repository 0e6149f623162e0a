"""Which of the posts that a watcher saw is the one in doubt. Pure: it reads what was seen, and asks nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.core.adapter import Doubt
from campaign.core.model import Outgoing, OutgoingMedium
from campaign.core.text import fingerprint

SKEW = timedelta(minutes=10)  # what our clock and the platform's may differ by
SHAPE, SECONDS = 0.05, 2.0  # how far a picture's shape and a clip's length may be off: platforms encode anew


@dataclass(frozen=True, slots=True)
class Shape:
    """A medium as it was seen; None: not told."""

    is_clip: bool
    width: int | None = None
    height: int | None = None
    seconds: float | None = None

    def fits(self, medium: OutgoingMedium) -> bool:
        """Whether kind, shape and length are about those of a medium that was sent."""
        wry = long = 0.0
        if self.width and self.height and medium.width and medium.height:
            wry = abs(self.width / self.height * medium.height / medium.width - 1)
        if self.seconds and medium.seconds:
            long = abs(self.seconds - medium.seconds)
        return self.is_clip == medium.is_clip and wry <= SHAPE and long <= SECONDS


@dataclass(frozen=True, slots=True)
class Seen:
    """One post as it was seen: the ids of its pieces, and its texts in every version."""

    ids: tuple[int, ...]
    at: datetime
    texts: frozenset[str]  # fingerprints
    parent: int | None
    shapes: tuple[Shape, ...]


def find(seen: Iterable[Seen], outgoing: Outgoing, parent: int | None, doubt: Doubt) -> tuple[Seen | None, bool]:
    """Return the post in doubt, and whether only some of its pieces were seen so far.

    It says the same under the same parent, is not older than the doubt, and no other delivery owns it. Among those that
    are alike, one whose media have the right shapes comes first, then the oldest.
    """
    owned = {number for remote_id in doubt.owned for number in remote_id.split("+")}
    wanted = fingerprint(outgoing.text)
    alike = [
        post
        for post in seen
        if wanted in post.texts
        and post.parent == parent
        and post.at >= doubt.since - SKEW
        and bool(post.shapes) == bool(outgoing.media)
        and not owned & {str(number) for number in post.ids}
    ]
    whole = [post for post in alike if len(post.ids) == max(1, len(outgoing.media))]
    fitting = [
        post
        for post in whole
        if all(shape.fits(medium) for shape, medium in zip(post.shapes, outgoing.media, strict=False))
    ]
    found = next(iter(fitting or whole), None)
    return found, found is None and bool(alike)
