"""What the servers that speak Mastodon's API do otherwise than Mastodon: keys, tokens, media, deletions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from campaign.core.adapter import Source
from campaign.core.model import Guarantee

# A key is kept for one hour: https://docs.joinmastodon.org/methods/statuses/#headers
KEY_LIFETIME = 3600.0
# More than 20 ids are refused: StatusesController, DEFAULT_STATUSES_LIMIT
IDS = 20
# Images that we can make; an instance's list also names types that nobody here produces.
IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_MASTODON = Source("https://docs.joinmastodon.org/methods/statuses/#headers", "2026-08-20")
_PLEROMA = Source(
    "https://git.pleroma.social/pleroma/pleroma/-/blob/develop/lib/pleroma/web/plugs/idempotency_plug.ex", "2026-11-24"
)
_PIXELFED = Source(
    "https://github.com/pixelfed/pixelfed/blob/dev/app/Http/Controllers/Api/ApiV1Controller.php", "2026-11-24"
)
_GOTOSOCIAL = Source("https://github.com/superseriousbusiness/gotosocial/issues/2723", "2026-11-24")
_TAKAHE = Source("https://github.com/jointakahe/takahe/pull/618", "2026-11-24")
_SNAC = Source("https://codeberg.org/grunfink/snac2", "2026-11-24")  # 2.75, measured
_HOLLO = Source("https://github.com/fedify-dev/hollo", "2026-11-24")  # 0.6.10, measured


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of server.

    Attributes:
        key: what it does with an Idempotency-Key that it saw before. `honoured`: answers with the post. `replayed`:
            gives its first answer once more, an error too. `refused`: refuses it, whatever became of the first.
        doubts: statuses that say, when a key or an upload is used again, no more than that it was used.
        bad_token: statuses besides 401 by which it may say that it does not accept a token.
        names: whether a status names people who reacted to it: Pixelfed in `liked_by` (StatusTransformer.php), Pleroma
            in the `account_ids` of its reactions (mastodon_api/views/status_view.ex).
        sheet: what it allows otherwise than it tells.
        told: what a person should know who connects an account there.
    """

    key: Literal["honoured", "replayed", "refused", "ignored"]
    source: Source | None = None
    guarantee: Guarantee = Guarantee.READ_BACK
    key_lifetime: float = 0.0
    settles_within: float = 120.0
    doubts: frozenset[int] = frozenset()
    bad_token: frozenset[int] = frozenset()
    names: bool = False
    sheet: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def burns(self) -> bool:
        """Whether a key that met an error is lost, so that what is sent a third time needs another one."""
        return self.key in ("replayed", "refused")


_IGNORES = "{} ignores Idempotency-Key: its own list is asked instead"
# The first answer is kept for hours, among the last 2,500, until the server starts anew; so an hour is safe to say.
_REPLAYS = Kind(
    "replayed",
    _PLEROMA,
    Guarantee.DEDUP,
    KEY_LIFETIME,
    doubts=frozenset({409}),  # new ones say so of a request that is still under way
    bad_token=frozenset({403}),  # "Invalid credentials."
    names=True,
    told=("it repeats its first answer to a key, an error too: a third attempt takes another key",),
)
KINDS: Mapping[str, Kind] = {
    "mastodon": Kind("honoured", _MASTODON, Guarantee.DEDUP, KEY_LIFETIME, 30.0),
    "pleroma": _REPLAYS,
    "akkoma": _REPLAYS,
    "pixelfed": Kind(
        "refused",
        _PIXELFED,
        doubts=frozenset({400, 403}),  # "Duplicate idempotency key.", "Invalid media id"
        bad_token=frozenset({403}),
        names=True,
        sheet={"min_media": 1},  # 403 "Empty statuses are not allowed"
        told=(
            "Pixelfed refuses a key that it saw, whatever became of the post: its own list is asked instead",
            "it takes no post without a picture or a clip; what continues a thread is a comment there, without media",
        ),
    ),
    # It counts code points and gives no discount for links, whatever it advertises.
    "gotosocial": Kind(
        "ignored",
        _GOTOSOCIAL,
        sheet={"counts": "characters", "link_length": None},
        told=(_IGNORES.format("GoToSocial"),),
    ),
    "takahe": Kind("ignored", _TAKAHE, bad_token=frozenset({400}), told=(_IGNORES.format("Takahē"),)),
    "snac": Kind(
        "ignored",
        _SNAC,
        bad_token=frozenset({422}),  # with no body
        sheet={"deletes": False},  # 404, and the post stays
        told=(
            _IGNORES.format("snac"),
            "it takes no post down for an application: do that at its own pages; and it tags every post as English",
        ),
    ),
    "hollo": Kind(
        "ignored",
        _HOLLO,
        told=(
            "Hollo honours Idempotency-Key, but not of two requests at once, and it says nowhere for how long: "
            "its own list is asked too",
        ),
    ),
}


def kind_of(name: str) -> Kind:
    """Return what is known of a kind of server; of others nothing is trusted that they do not show."""
    unknown = Kind("ignored", told=(f"{name} is not known to honour Idempotency-Key: its own list is asked instead",))
    return KINDS.get(name, unknown)


def sheet_of(instance: Mapping[str, Any], kind: str, version: tuple[int, ...]) -> dict[str, Any]:
    """Return the limits that the instance tells, as far as they make sense."""
    configuration = instance.get("configuration")
    configuration = configuration if isinstance(configuration, dict) else {}
    statuses = configuration.get("statuses")
    statuses = statuses if isinstance(statuses, dict) else {}
    media = configuration.get("media_attachments")
    media = media if isinstance(media, dict) else {}
    sheet: dict[str, Any] = {"version": str(instance.get("version", ""))[:80]}
    told = {
        "text_limit": statuses.get("max_characters", instance.get("max_toot_chars")),
        "link_length": statuses.get("characters_reserved_per_url"),
        "media_count": statuses.get("max_media_attachments"),
        "image_bytes": media.get("image_size_limit"),
        "image_pixels": media.get("image_matrix_limit"),
        "video_bytes": media.get("video_size_limit"),
        "video_pixels": media.get("video_matrix_limit"),
        "alt_limit": media.get("description_limit"),
    }
    sheet |= {
        name: value
        for name, value in told.items()
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12
    }
    mimes = media.get("supported_mime_types")
    if isinstance(mimes, list) and (known := sorted(IMAGES & {str(mime) for mime in mimes})):
        sheet["image_mimes"] = known
        sheet["video_mimes"] = ["video/mp4"] if "video/mp4" in mimes else []
    mastodon = kind == "mastodon"
    metrics = ["reactions", "replies", "reposts"]
    if mastodon and version >= (4, 5):
        metrics.append("quotes")
    sheet["metrics"] = metrics
    # Many ids a call came with 4.3: https://docs.joinmastodon.org/methods/statuses/#index
    sheet["ids_per_reading"] = IDS if mastodon and version >= (4, 3) else 1
    does = kind_of(kind)
    own = {"settles_within": does.settles_within, "key_lifetime": does.key_lifetime, **does.sheet}
    return sheet if mastodon else {**sheet, **own}


def version_of(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in text.split(" ", maxsplit=1)[0].split("+", maxsplit=1)[0].split("-", maxsplit=1)[0].split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
