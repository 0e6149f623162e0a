"""Accounts whose own server sets other limits than the usual ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mastodon import MastodonAPIError

from campaign.sandbox import Twin

from .conftest import Connect, picture

SHEET = {"text_limit": "30", "link_length": "0", "media_count": "1", "alt_limit": "5", "image_pixels": "100"}


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    """One account on a narrow server, one on a wide one, one on the usual one."""
    accounts = [{"name": "narrow", **SHEET}, {"name": "wide", "text_limit": "5000", "alt_limit": "3000"}, "usual"]
    with Twin(tmp_path / "sandbox", accounts=accounts) as running:
        yield running


def test_each_account_is_held_to_its_own_limits(twin: Twin, connect: Connect) -> None:
    narrow, wide, usual = (connect(twin, name) for name in ("narrow", "wide", "usual"))

    assert wide.status_post("가" * 5000).id
    for client, text in ((wide, "가" * 5001), (usual, "가" * 501), (narrow, "가" * 31)):
        with pytest.raises(MastodonAPIError, match="422"):
            client.status_post(text)
    link = "https://example.org/" + "a" * 11  # 31 as it stands, 23 as the usual server counts
    assert usual.status_post("가" * 477 + link).id
    with pytest.raises(MastodonAPIError, match="422"):
        narrow.status_post(link)


def test_pictures_and_their_alt_texts_too(twin: Twin, connect: Connect) -> None:
    narrow, wide = connect(twin, "narrow"), connect(twin, "wide")

    assert wide.media_post(picture(), "image/png", description="나" * 3000).id
    with pytest.raises(MastodonAPIError, match="422"):
        narrow.media_post(picture(), "image/png", description="나" * 6)
    with pytest.raises(MastodonAPIError, match="422"):
        narrow.media_post(picture(), "image/png", description="나")  # of more than 100 pixels


def test_the_server_tells_them(twin: Twin, connect: Connect) -> None:
    told = [connect(twin, name).instance().configuration for name in ("narrow", "wide", "usual")]

    assert [30, 5000, 500] == [one.statuses.max_characters for one in told]
    assert [1, 4, 4] == [one.statuses.max_media_attachments for one in told]
    assert [5, 3000, 1500] == [one.media_attachments.description_limit for one in told]
