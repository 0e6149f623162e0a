"""What the server tells about itself. https://docs.joinmastodon.org/methods/instance/"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from campaign.sandbox.mastodon import entities
from campaign.sandbox.mastodon.asking import Asking, answer, asking
from campaign.sandbox.mastodon.counting import MAX_CHARS, URL_CHARS
from campaign.sandbox.mastodon.kinds import asked_of, kind_of
from campaign.sandbox.mastodon.media import DESCRIPTION, IMAGE_BYTES, IMAGE_PIXELS, MIMES, VIDEO_BYTES
from campaign.sandbox.mastodon.statuses import MAX_MEDIA

_TITLE = "Sandbox (demo)"
_ABOUT = "A twin of a Mastodon server on this machine. Nothing here leaves it."


def _configuration(ask: Asking) -> dict[str, Any]:
    base_url, limit = ask.sandbox.base_url, ask.limit
    return {
        "urls": {
            "streaming": base_url.replace("http", "ws", 1),
            "status": None,
            "about": base_url,
            "privacy_policy": None,
            "terms_of_service": None,
        },
        "vapid": {"public_key": ""},
        "accounts": {
            "max_featured_tags": 10,
            "max_pinned_statuses": 5,
            "max_profile_fields": 4,
            "profile_field_name_limit": 255,
            "profile_field_value_limit": 255,
        },
        "statuses": {
            "max_characters": limit("text_limit", MAX_CHARS),
            "max_media_attachments": limit("media_count", MAX_MEDIA),
            "characters_reserved_per_url": limit("link_length", URL_CHARS),
            "supported_mime_types": ["text/plain"],
        },
        "media_attachments": {
            "description_limit": limit("alt_limit", DESCRIPTION),
            "supported_mime_types": list(MIMES),
            "image_size_limit": limit("image_bytes", IMAGE_BYTES),
            "image_matrix_limit": limit("image_pixels", IMAGE_PIXELS),
            "video_size_limit": VIDEO_BYTES,
            "video_frame_rate_limit": 120,
            "video_matrix_limit": 8_294_400,
        },
        "polls": {
            "max_options": 4,
            "max_characters_per_option": 50,
            "min_expiration": 300,
            "max_expiration": 2_629_746,
        },
        "translation": {"enabled": False},
        "timelines_access": {
            feed: {"local": "public", "remote": "public"}
            for feed in ("live_feeds", "hashtag_feeds", "trending_link_feeds")
        },
        "limited_federation": False,
    }


def _contact(ask: Asking) -> dict[str, Any] | None:
    first = ask.sandbox.books.one("SELECT * FROM accounts ORDER BY id LIMIT 1")
    return entities.account(ask.sandbox, first, ask.now) if first else None


async def v2(request: Request) -> Response:
    ask = await asking(request)
    base = ask.sandbox.base_url
    picture = f"{base}/assets/account.png"
    users = ask.sandbox.books.number("SELECT count(*) FROM accounts")
    return answer(
        {
            "domain": ask.sandbox.host,
            "title": _TITLE,
            "version": asked_of(ask).version,
            "source_url": "https://github.com/mastodon/mastodon",
            "description": _ABOUT,
            "usage": {"users": {"active_month": users}},
            "thumbnail": {"url": picture, "blurhash": None, "versions": {"@1x": picture, "@2x": picture}},
            "icon": [{"src": picture, "size": "48x48"}],
            "languages": ["ko", "ru", "en"],
            "configuration": _configuration(ask),
            "registrations": {
                "enabled": False,
                "approval_required": False,
                "reason_required": False,
                "message": None,
                "min_age": None,
                "url": None,
            },
            "api_versions": {"mastodon": 7},
            "contact": {"email": "sandbox@example.org", "account": _contact(ask)},
            "rules": [{"id": "1", "text": _ABOUT, "hint": "", "translations": {}}],
        }
    )


async def v1(request: Request) -> Response:
    ask = await asking(request)
    base, books = ask.sandbox.base_url, ask.sandbox.books
    configuration = _configuration(ask)
    return answer(
        {
            "uri": ask.sandbox.host,
            "title": _TITLE,
            "short_description": _ABOUT,
            "description": _ABOUT,
            "email": "sandbox@example.org",
            "version": asked_of(ask).version,
            "urls": {"streaming_api": configuration["urls"]["streaming"]},
            "stats": {
                "user_count": books.number("SELECT count(*) FROM accounts"),
                "status_count": books.number("SELECT count(*) FROM statuses WHERE deleted_at IS NULL"),
                "domain_count": 0,
            },
            "thumbnail": f"{base}/assets/account.png",
            "languages": ["en"],
            "registrations": False,
            "approval_required": False,
            "invites_enabled": False,
            "configuration": {
                name: configuration[name] for name in ("accounts", "statuses", "media_attachments", "polls")
            },
            "contact_account": _contact(ask),
            "rules": [{"id": "1", "text": _ABOUT, "hint": "", "translations": {}}],
        }
    )


async def nodeinfo_links(request: Request) -> Response:
    base = request.app.state.sandbox.base_url
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    return answer({"links": [{"rel": rel, "href": f"{base}/nodeinfo/2.0"}]})


async def nodeinfo(request: Request) -> Response:
    ask = await asking(request)
    books = ask.sandbox.books
    software, kind = kind_of(ask.sandbox, ask.account["name"] if ask.account else None)
    users = books.number("SELECT count(*) FROM accounts")
    return answer(
        {
            "version": "2.0",
            "software": {"name": software, "version": kind.version},
            "protocols": ["activitypub"],
            "services": {"outbound": [], "inbound": []},
            "usage": {
                "users": {"total": users, "activeMonth": users, "activeHalfyear": users},
                "localPosts": books.number("SELECT count(*) FROM statuses WHERE deleted_at IS NULL"),
            },
            "openRegistrations": False,
            "metadata": {"nodeName": _TITLE, "nodeDescription": _ABOUT},
        }
    )


async def health(request: Request) -> Response:
    return Response("OK", media_type="text/plain")
