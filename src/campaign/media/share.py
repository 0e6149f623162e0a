"""Share media for a while: addresses for platforms that fetch by themselves what a post shows."""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256 as new_sha256
from urllib.parse import urlencode

from campaign.core.clock import Clock
from campaign.core.errors import NotFound, Refused
from campaign.media.library import DIGEST

PATH = "/shared/"
# Long enough for a platform that fetches a clip when it gets round to it, too short to be a place to live.
LIFETIME = timedelta(hours=2)
ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif",
    "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm",
}  # fmt: skip
MIMES = {ending: mime for mime, ending in ENDINGS.items()}


class Sharer:
    """Makes and judges addresses `…/shared/<sha256>.jpg?until=…&signature=…` of our own desk.

    Args:
        key: gives the secret that signs (at least 32 bytes).
        url: where the public reaches the desk, without a slash at its end; empty: it does not.
        sign: where the library is in a bucket, what has the bucket make the address: (sha256, lifetime) → URL.
    """

    def __init__(
        self, key: Callable[[], bytes], url: str, clock: Clock, *, sign: Callable[[str, timedelta], str] | None = None
    ) -> None:
        self._key, self._url, self._clock, self._sign = key, url.rstrip("/"), clock, sign

    def address(self, digest: str, mime: str, *, private: bool = False) -> str:
        """Return an address under which anybody gets a medium of the library for two hours.

        Args:
            private: plain http will do: the platform is one of the local network, as a sandbox's twin is.

        Raises:
            Refused: there is no public address; the message says what to set.
        """
        if mime not in ENDINGS:
            raise Refused(f"a file of the kind {mime} cannot be shared; there are: {', '.join(sorted(ENDINGS))}")
        if self._sign is not None:
            found = self._sign(digest, LIFETIME)
        else:
            until = int((self._clock.now() + LIFETIME).timestamp())
            name = f"{digest}.{ENDINGS[mime]}"
            query = urlencode({"until": until, "signature": self._signature(name, str(until))})
            found = f"{self._url}{PATH}{name}?{query}"
        if not found.startswith("https://" if not private else ("https://", "http://")):
            raise Refused(
                "this platform fetches media by itself, and nobody outside reaches ours: set web.url to the desk's "
                "public https address (only /shared/ need be public), or keep media in a bucket with an https endpoint"
            )
        return found

    def trouble(self, *, private: bool = False) -> str | None:
        """Return why nobody could fetch what is shared, so that it is known before a post's time; None: one could."""
        try:
            self.address("0" * 64, "image/jpeg", private=private)
        except (Refused, OSError) as error:
            return str(error)
        return None

    def admitted(self, name: str, until: str, signature: str) -> tuple[str, str]:
        """Return digest and MIME type of what an address of ours stands for.

        Raises:
            NotFound: it is not ours, or its time is over; which of the two is not told.
        """
        digest, _, ending = name.partition(".")
        good = bool(DIGEST.fullmatch(digest)) and ending in MIMES and until.isascii() and until.isdigit()
        good = good and len(until) <= 12 and hmac.compare_digest(
            self._signature(name, until).encode(), signature.encode("utf-8", "replace")
        )  # fmt: skip
        if not good or datetime.fromtimestamp(int(until), UTC) < self._clock.now():
            raise NotFound("page", f"{PATH}…")
        return digest, MIMES[ending]

    def _signature(self, name: str, until: str) -> str:
        return hmac.new(self._key(), f"shared {name} {until}".encode(), new_sha256).hexdigest()
