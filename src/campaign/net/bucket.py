"""The one user of obstore: a bucket of S3, or of a server that speaks as S3 does, as a place for whole files.

S3's answers: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
obstore: https://developmentseed.org/obstore/latest/ (its errors hold request and answer, so they are never shown)
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from errno import ENOENT
from functools import partial
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from campaign.core.errors import Invalid
from campaign.core.place import BucketTrouble, Listed, Place

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")
PART = 1 << 20  # bytes that are taken from an answer at a time
SENT = 8 << 20  # bytes of a part of what is sent; S3 takes none below 5 MiB but the last
MAX_KEY = 1024  # bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_REFUSED = {"SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "InvalidToken", "ExpiredToken"}
_ELSEWHERE = {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"}


@dataclass(frozen=True, slots=True)
class Access:
    """How the buckets of an installation are reached.

    Attributes:
        endpoint: http(s)://host[:port]; empty: Amazon's of the region.
        path_style: whether the bucket stands in the path, not in the host's name.
    """

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    path_style: bool

    def __repr__(self) -> str:
        return f"Access({self.endpoint or 'AWS'})"


def open_bucket(url: str, access: Access, *, field: str) -> "KeyStore":
    """Return a bucket; nothing is asked of it yet.

    Args:
        url: s3://bucket or s3://bucket/prefix.
        field: the setting that names it.

    Raises:
        Invalid: obstore is not installed, or there are no keys.
    """
    try:
        from obstore.store import S3Store
    except ImportError:
        raise Invalid(field, url, "needs obstore: pip install 'campaign[s3]'") from None
    for name, given in (("s3.access_key", access.access_key), ("s3.secret_key", access.secret_key)):
        if not given:
            raise Invalid(name, "", f"is missing, and {field} is in a bucket: set it, best from the environment")
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    store = S3Store(
        bucket,
        prefix=prefix.strip("/") or None,
        endpoint=access.endpoint or None,
        region=access.region,
        access_key_id=access.access_key,
        secret_access_key=access.secret_key,
        virtual_hosted_style_request=not access.path_style,
        client_options={"allow_http": True, "connect_timeout": "10s", "read_timeout": "60s", "timeout": "1h"},
        # Repeating is harmless: every key is written whole, with bytes that are known beforehand.
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
    )
    return KeyStore(store, url.rstrip("/"), field=field, room=MAX_KEY - len(prefix.encode()) - 1)


class KeyStore:
    """Keys of one bucket that begin with a prefix.

    Args:
        store: any store of obstore's.
        name: what a person calls it.
        field: the setting that names it.
        room: bytes that a key may have, without the prefix.
    """

    at_once = 8  # what is waited for is the network

    def __init__(self, store: "ObjectStore", name: str, *, field: str = "bucket", room: int = MAX_KEY) -> None:
        self._store, self.name, self._field, self._room = store, name, field, room

    def entries(self, folder: str) -> list[tuple[str, str]]:
        return self.still(folder).entries(folder)

    def still(self, folder: str = "") -> Place:
        return Listed(self, self.below(folder))

    def below(self, folder: str) -> Iterator[str]:
        import obstore

        pages = iter(obstore.list(self._store, folder or None, chunk_size=1000))
        while (page := self._asked("its keys", lambda: next(pages, None))) is not None:
            yield from (str(found["path"]) for found in page)

    def open(self, path: str) -> BinaryIO:
        import obstore

        return io.BufferedReader(_Reading(path, lambda: obstore.get(self._store, path), partial(self._asked, path)))

    def size(self, path: str) -> int | None:
        import obstore

        try:
            return int(self._asked(path, lambda: obstore.head(self._store, path))["size"])
        except FileNotFoundError:
            return None

    def put(self, path: str, source: bytes | Path, *, sha256: str) -> None:
        import obstore

        if len(path.encode()) > self._room:
            raise Invalid("file name in the bucket", path, f"must have at most {self._room} bytes")
        self._asked(path, lambda: obstore.put(self._store, path, source, chunk_size=SENT, max_concurrency=2))
        found = new_sha256()
        try:
            with self.open(path) as stream:
                while chunk := stream.read(PART):
                    found.update(chunk)
        except FileNotFoundError:
            raise BucketTrouble(f"{self.name} says that it keeps {path}, and then that it is not there") from None
        if found.hexdigest() != sha256:
            raise BucketTrouble(f"{self.name} gives back other bytes of {path} than those that were sent")

    def address(self, path: str, lifetime: timedelta) -> str:
        """Return an address under which anybody gets these bytes for a while."""
        import obstore

        # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
        store: Any = self._store
        return str(self._asked(path, lambda: obstore.sign(store, "GET", path, lifetime)))

    def delete(self, path: str) -> None:
        import obstore

        try:
            self._asked(path, lambda: obstore.delete(self._store, path))
        except FileNotFoundError:
            return

    def check(self) -> None:
        import obstore

        try:
            self._asked("its keys", lambda: obstore.list_with_delimiter(self._store))
        except BucketTrouble as error:
            if error.field:
                raise Invalid(error.field, error.value, str(error)) from None
            raise

    def _asked(self, what: str, ask: Callable[[], T]) -> T:
        """Ask, and say what went wrong in our own words."""
        from obstore.exceptions import BaseError

        try:
            return ask()
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._trouble(str(error), what) from None
            raise FileNotFoundError(ENOENT, "is not there", what) from None
        except (BaseError, OSError, ValueError) as error:
            raise self._trouble(str(error), what) from None

    def _trouble(self, told: str, what: str) -> BucketTrouble:
        code = match[1] if (match := re.search(r"<Code>(\w{1,64})</Code>", told)) else ""
        status = match[1] if (match := re.search(r"status code: (\d{3})", told)) else ""
        if code == "NoSuchBucket":
            return BucketTrouble(
                f"{self.name}: the bucket is not there; make it, or correct the name",
                field=self._field,
                value=self.name,
            )
        if code in _REFUSED or status in ("401", "403"):
            why = f"{self.name}: the keys are not accepted ({code or status}); check s3.access_key and s3.secret_key"
            return BucketTrouble(f"{why}, and what they may do with the bucket", field="s3.access_key", value="…")
        if code in _ELSEWHERE or status in ("301", "307"):
            return BucketTrouble(
                f"{self.name}: the bucket is elsewhere ({code or status}); check s3.region and s3.endpoint",
                field="s3.region",
                value="…",
            )
        if code or status:
            return BucketTrouble(f"{self.name}: the server answered {' '.join(filter(None, (status, code)))} to {what}")
        return BucketTrouble(f"{self.name} does not answer, asked for {what}; is s3.endpoint right, is it running?")


class _Reading(io.RawIOBase):
    """A key's bytes as they come. Going back asks for them anew: not every server knows ranges (rclone answers 200)."""

    def __init__(self, path: str, ask: Callable[[], Any], asked: Callable[[Callable[[], Any]], Any]) -> None:
        super().__init__()
        self._path, self._ask, self._asked, self._at = path, ask, asked, 0
        self._start, self._part, self._tries = 0, b"", 3
        self._begin()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        if self._at < self._start:
            self._begin()
        while self._at >= self._start + len(self._part):
            self._go_on()
        begin = self._at - self._start
        piece = self._part[begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _go_on(self) -> None:
        """Take the next part. An answer that breaks off is asked for again: it may have crossed with a write."""
        try:
            part = self._asked(lambda: next(self._parts, None))
            if part is None:
                raise BucketTrouble(f"{self._path} broke off while it was read")
        except BucketTrouble:
            size, self._tries = self._size, self._tries - 1
            if self._tries < 0:
                raise
            self._begin()
            if self._at and self._size != size:
                raise
            return
        self._start += len(self._part)
        self._part = bytes(part)

    def _begin(self) -> None:
        found = self._asked(self._ask)
        self._size = int(found.meta["size"])
        self._parts: Iterator[Any] = iter(found.stream(min_chunk_size=PART))
        self._start, self._part = 0, b""
