"""Where an installation keeps things: keys, media, the archive; in folders or in buckets, as the settings say."""

from typing import Literal

from campaign.config import Settings
from campaign.core.place import Bucket
from campaign.media.library import Library
from campaign.record.ocfl import Repository
from campaign.record.root import Root
from campaign.store.vault import Vault


def make_vault(settings: Settings) -> Vault:
    """Return what seals tokens."""
    keys = settings.keys
    given, old = (value.get_secret_value() or None for value in (keys.token_key, keys.old_token_key))
    return Vault(settings.folder("keys"), given, old)


def open_library(settings: Settings) -> Library:
    """Return the media library of an installation, in a folder or in a bucket. Raises: Invalid."""
    limit = settings.media.max_bytes
    if (bucket := open_bucket_of(settings, "media")) is None:
        return Library(settings.folder("media"), limit=limit)
    from campaign.media.bucket import BucketLibrary

    return BucketLibrary(bucket, settings.root / "media-cache", limit=limit, room=settings.media.cache_bytes)


def open_archive(settings: Settings) -> Root:
    """Return the archive of an installation, in a folder or in a bucket. Raises: Invalid."""
    root = settings.folder("archive")
    staging = root.with_name(root.name + "-staging")
    if (bucket := open_bucket_of(settings, "archive")) is None:
        return Repository(root, staging)
    from campaign.record.bucket import BucketRepository

    return BucketRepository(bucket, staging)


def open_bucket_of(settings: Settings, section: Literal["media", "archive"]) -> Bucket | None:
    url = settings.bucket(section)
    if url is None:
        return None
    from campaign.net.bucket import Access, open_bucket

    given = settings.s3
    access = Access(
        given.endpoint, given.region, given.access_key, given.secret_key.get_secret_value(), given.path_style
    )
    return open_bucket(url, access, field=f"{section}.dir")
