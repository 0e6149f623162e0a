"""Settings from a TOML file and the environment; the only reader of either."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from campaign.core.errors import Invalid, ManyInvalid, NotFound

# A bucket's name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/(?!\.{1,2}(/|$))[A-Za-z0-9._\-]+)*/?")


def _place(value: str) -> str:
    if "://" in value and not _BUCKET.fullmatch(value):
        raise PydanticCustomError(
            "place", "must be a folder or s3://bucket/prefix, of letters, digits, '.', '_' and '-'; keys go to [s3]"
        )
    return value


# Names of settings whose values never stand in a message.
SECRETS = ("url", "token_key", "old_token_key", "ping_url", "webhook", "secret_key", "client_secret", "key")
Dir = Annotated[str, AfterValidator(_place)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(_Section):
    """Where the rows are."""

    url: Annotated[SecretStr, Field(description="sqlite:///PATH or postgresql://…; empty: campaign.db in `dir`")] = (
        SecretStr("")
    )


class Media(_Section):
    """The media library."""

    dir: Annotated[
        Dir, Field(description="the media library, a folder or s3://bucket/prefix; empty: media in `dir`")
    ] = ""
    cache_bytes: Annotated[
        int, Field(ge=0, description="what is kept of a library on S3 in media-cache in `dir`, in bytes")
    ] = 4_294_967_296
    max_bytes: Annotated[int, Field(ge=1024, description="the largest file it takes, in bytes")] = 536_870_912
    max_pixels: Annotated[int, Field(ge=1, description="the largest picture it takes, in pixels (width × height)")] = (
        50_000_000
    )


class Archive(_Section):
    """The record on disk."""

    dir: Annotated[
        Dir, Field(description="the archive's OCFL root, a folder or s3://bucket/prefix; empty: archive in `dir`")
    ] = ""
    publisher: Annotated[str, Field(description="who publishes, as the record names it")] = "communications office"


class S3(_Section):
    """How buckets are reached, where media or archive lie in one."""

    endpoint: Annotated[
        str,
        Field(
            pattern=r"^(https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?)?$",
            description="the server, as in https://s3.example:9000; empty: Amazon's of the region",
        ),
    ] = ""
    region: Annotated[
        str, Field(pattern=r"^[a-z0-9\-]{1,64}$", description="the region that requests are signed for")
    ] = "us-east-1"
    access_key: Annotated[str, Field(description="who asks: the id of the access key")] = ""
    secret_key: Annotated[SecretStr, Field(description="its secret; best from the environment")] = SecretStr("")
    path_style: Annotated[
        bool, Field(description="whether the bucket stands in the path; false: in the host's name, as Amazon wants it")
    ] = True


class Keys(_Section):
    """What tokens are sealed with."""

    dir: Annotated[str, Field(description="the folder of the keys; empty: keys in `dir`")] = ""
    token_key: Annotated[
        SecretStr, Field(description="64 hex digits in place of the key file; best from the environment")
    ] = SecretStr("")
    old_token_key: Annotated[
        SecretStr, Field(description="the token_key before this one, until `campaign keys rotate` has sealed all anew")
    ] = SecretStr("")


class Registration(_Section):
    """Who we are to a platform where accounts are connected by consent."""

    client_id: Annotated[str, Field(min_length=1, max_length=500, description="the id that the platform gave our app")]
    client_secret: Annotated[SecretStr, Field(description="its secret, if it has one; best from the environment")] = (
        SecretStr("")
    )


class Daemon(_Section):
    """The process that publishes."""

    slots: Annotated[int, Field(ge=1, le=500, description="deliveries under way at once")] = 16
    tick: Annotated[float, Field(gt=0, le=60, description="seconds between two looks when nothing else wakes it")] = (
        15.0
    )
    lease: Annotated[float, Field(ge=30, description="seconds for which a claim holds")] = 600.0
    stop_within: Annotated[
        float, Field(ge=0, le=60, description="seconds for what is under way when it is told to stop")
    ] = 10.0
    dead_after: Annotated[
        float,
        Field(ge=1, le=600, description="seconds without a sign of life after which a worker is dead; alike on all"),
    ] = 30.0
    spacing: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="seconds between two late posts of one account after a pause or an outage; 0: all at once",
        ),
    ] = 30.0
    reserve_bytes: Annotated[
        int,
        Field(ge=0, description="bytes to keep free on each disk: with less, nothing new is begun and health fails"),
    ] = 67_108_864
    ping_url: Annotated[
        SecretStr,
        Field(description="a dead man's switch: a URL that is asked after each good look, at most once a minute"),
    ] = SecretStr("")


class Engagement(_Section):
    """What is kept of those who answer."""

    comment_authors: Annotated[
        bool, Field(description="whether names of those who comment or react are kept; else a hash of the former")
    ] = False
    comment_days: Annotated[
        int, Field(ge=0, le=36500, description="days after which comments are forgotten; 0: never")
    ] = 180


class Holidays(_Section):
    """Holidays that posts are told to fall on."""

    countries: Annotated[
        str,
        Field(description="whose holidays the audience of a language keeps: LANG=COUNTRY (ISO 3166-1); empty: none"),
    ] = "ko=KR, ru=RU"


class Notify(_Section):
    """How a person is told of what only a person can put right."""

    webhook: Annotated[
        SecretStr, Field(description="a URL that gets each notice as JSON: kind, subject, text, at, url, number")
    ] = SecretStr("")
    command: Annotated[
        str, Field(description="a program with its arguments that gets the same JSON on standard input; no shell")
    ] = ""


class Translation(_Section):
    """What translates drafts by machine; a person must save what it wrote before anybody can approve it."""

    tool: Annotated[
        Literal["off", "libretranslate", "deepl"],
        Field(description="what fills drafts in other languages; it is sent their texts"),
    ] = "off"
    url: Annotated[
        str,
        Field(
            pattern=r"^(https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~\-]+)*/?)?$",
            description="its server, as in http://127.0.0.1:5000; empty: DeepL's own, which the key names",
        ),
    ] = ""
    key: Annotated[
        SecretStr, Field(description="the key that it gave you, if it wants one; best from the environment")
    ] = SecretStr("")


class Network(_Section):
    """How platforms are spoken to."""

    user_agent: Annotated[str, Field(description="what we call ourselves; empty: campaign/VERSION")] = ""
    connect_timeout: Annotated[float, Field(gt=0, description="seconds to reach a server")] = 10.0
    read_timeout: Annotated[float, Field(gt=0, description="seconds to wait for its next byte")] = 30.0
    total_timeout: Annotated[float, Field(gt=0, description="seconds for a whole request, uploads included")] = 300.0


class Web(_Section):
    """The desk in the browser."""

    host: Annotated[str, Field(description="the address it listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="its port; 0: any free one")] = 8765
    lang: Annotated[Literal["ko", "en", "ru"], Field(description="its language where the browser asks for none")] = "en"
    url: Annotated[
        str,
        Field(
            pattern=r"^(https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?)?$",
            description="where people reach it, if by way of a proxy, as in https://desk.example; empty: directly",
        ),
    ] = ""
    metrics: Annotated[
        bool, Field(description="whether /metrics is served, to anyone who reaches this address and without a login")
    ] = False


class Log(_Section):
    """What the processes say."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="the least that is said")] = "info"
    format: Annotated[
        Literal["auto", "console", "json"], Field(description="auto: console on a terminal, else json")
    ] = "auto"


class Settings(_Section):
    """All settings of one installation."""

    dir: Annotated[str, Field(description="the folder of the installation: database, media, archive and keys")] = (
        "campaign-data"
    )
    clock_file: Annotated[str, Field(description="a demo's virtual clock; empty: the system's time")] = ""
    clock_rate: Annotated[
        float, Field(gt=0, description="seconds that a virtual clock may go forward in one real second")
    ] = 86_400.0
    clock_until: Annotated[str, Field(description="when a virtual clock begins to run like real time (ISO, UTC)")] = ""
    database: Database = Database()
    media: Media = Media()
    archive: Archive = Archive()
    s3: S3 = S3()
    keys: Keys = Keys()
    daemon: Daemon = Daemon()
    engagement: Engagement = Engagement()
    holidays: Holidays = Holidays()
    notify: Notify = Notify()
    translation: Translation = Translation()
    network: Network = Network()
    web: Web = Web()
    log: Log = Log()
    oauth: Annotated[
        dict[str, Registration],
        Field(description="one section for each platform: [oauth.youtube] client_id, client_secret"),
    ] = {}

    @property
    def root(self) -> Path:
        """The installation's folder."""
        return Path(self.dir).expanduser().resolve()

    @property
    def database_url(self) -> str:
        """Where the rows are."""
        return self.database.url.get_secret_value() or f"sqlite:///{self.root / 'campaign.db'}"

    def folder(self, section: Literal["media", "archive", "keys"]) -> Path:
        """Return where a kind of file lies; for what is in a bucket, where it would lie on this machine."""
        chosen = {"media": self.media.dir, "archive": self.archive.dir, "keys": self.keys.dir}[section]
        in_folder = chosen and not chosen.startswith("s3://")
        return Path(chosen).expanduser().resolve() if in_folder else self.root / section

    def bucket(self, section: Literal["media", "archive"]) -> str | None:
        """Return the address of the bucket that a kind of file lies in: s3://bucket/prefix; None: in a folder.

        Raises:
            Invalid: media and archive lie in each other.
        """
        media, archive = (f"{url.rstrip('/')}/" for url in (self.media.dir, self.archive.dir))
        if media.startswith("s3://") and (media.startswith(archive) or archive.startswith(media)):
            raise Invalid("media.dir", self.media.dir, "must not lie in archive.dir, nor around it; give it a prefix")
        chosen = {"media": media, "archive": archive}[section]
        return chosen.rstrip("/") if chosen.startswith("s3://") else None


def load_settings(
    file: str | None = None, *, dir: str | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings: defaults, under the file, under the environment, under `dir`.

    A variable is CAMPAIGN_ and the key in capitals, two underscores for the dot: CAMPAIGN_DAEMON__SLOTS=4. The file
    is `file`, else CAMPAIGN_CONFIG, else config.toml in the installation's folder where there is one.

    Raises:
        NotFound: the file that was named is not there.
        Invalid: broken TOML, an unknown key (the nearest known one is named), a value that breaks a rule.
    """
    environ = os.environ if environ is None else environ
    data: dict[str, Any] = {}
    named = file or environ.get("CAMPAIGN_CONFIG")
    folder = dir or environ.get("CAMPAIGN_DIR")
    if named:
        if not Path(named).is_file():
            raise NotFound("config file", named)
        data = _toml(Path(named))
    elif (beside := Path(folder or Settings().dir).expanduser() / "config.toml").is_file():
        data = _toml(beside)
    _check_keys(data, Settings, "")
    for name, value in environ.items():
        if name.startswith("CAMPAIGN_") and name not in ("CAMPAIGN_CONFIG", "CAMPAIGN_DIR", "CAMPAIGN_AS"):
            _put(data, name.removeprefix("CAMPAIGN_").lower().split("__"), value, name)
    if folder:
        data["dir"] = folder
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise ManyInvalid(
            [
                Invalid(".".join(map(str, item["loc"])), _shown(item), item["msg"].lower().rstrip("."))
                for item in error.errors()
            ]
        ) from None


def keys_of(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, tuple[Any, str]]:
    """Return dotted key → (default, description) of every setting."""
    found: dict[str, tuple[Any, str]] = {}
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys_of(kind, f"{prefix}{name}.")
        elif _each(kind) is None:  # sections that a person names have no default
            default = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
            found[prefix + name] = (default, info.description or "")
    return found


def example() -> str:
    """Return config.example.toml: every key with its default and one comment."""
    lines = [
        "# Every setting with its default. Copy it to config.toml in the installation's folder, change what you need."
    ]
    section = ""
    for key, (default, description) in keys_of().items():
        head, _, name = key.rpartition(".")
        if head != section:
            lines += ["", f"[{head}]"]
            section = head
        shown = f'"{default}"' if isinstance(default, str) else str(default).lower()
        lines.append(f"{name} = {shown}  # {description}")
    for name, info in Settings.model_fields.items():
        if (each := _each(info.annotation)) is not None:
            lines += ["", f"# [{name}.NAME]  # {info.description}"]
            lines += [f'# {key} = ""  # {description}' for key, (_, description) in keys_of(each).items()]
    return "\n".join(lines) + "\n"


def plain_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without our settings, for a program that is none of ours: keys may stand in them."""
    environ = os.environ if environ is None else environ
    return {name: value for name, value in environ.items() if not name.startswith("CAMPAIGN_")}


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid("config file", file.name, f"is no valid TOML: {error}") from None
    except OSError as error:
        raise Invalid("config file", file.name, f"cannot be read: {error.strerror}") from None


def _check_keys(data: Mapping[str, Any], model: type[BaseModel], prefix: str) -> None:
    for name, value in data.items():
        info = model.model_fields.get(name)
        if info is None:
            _unknown(prefix + name, prefix + name)
        else:
            kind = info.annotation
            if (each := _each(kind)) is not None:
                for named, section in value.items() if isinstance(value, Mapping) else ((None, value),):
                    where = f"{prefix}{name}.{named or 'NAME'}"
                    if not isinstance(section, Mapping):
                        raise Invalid(where, "…", f"is a section; write [{where}]")
                    _check_keys(section, each, f"{where}.")
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                if not isinstance(value, Mapping):
                    # Whoever writes a secret where a section belongs must not read it in a message.
                    secret = any(field.annotation is SecretStr for field in kind.model_fields.values())
                    raise Invalid(prefix + name, "…" if secret else value, f"is a section; write [{prefix}{name}]")
                _check_keys(value, kind, f"{prefix}{name}.")


def _put(data: dict[str, Any], path: list[str], value: str, variable: str) -> None:
    info = Settings.model_fields.get(path[0])
    each = _each(info.annotation) if info else None
    if not (each is not None and len(path) == 3 and path[2] in each.model_fields) and ".".join(path) not in keys_of():
        _unknown(".".join(path), variable)
    for part in path[:-1]:
        data = data.setdefault(part, {})
    data[path[-1]] = value


def _each(kind: Any) -> type[BaseModel] | None:
    """Return what each section of a dictionary of sections holds; None: it is another kind of setting."""
    return get_args(kind)[1] if get_origin(kind) is dict else None


def _unknown(key: str, shown: str) -> None:
    known = [*keys_of(), *dict.fromkeys(name.partition(".")[0] for name in keys_of() if "." in name)]
    tail = key.rpartition(".")[2]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4) or [
        name for name in known if difflib.SequenceMatcher(None, name.rpartition(".")[2], tail).ratio() > 0.6
    ]
    hint = f"; the nearest known one is {near[0]}" if near else ""
    raise Invalid("config key", shown, f"is not known{hint}")


def _shown(item: Any) -> object:
    # The value of a secret never stands in a message.
    secret = any(str(part) in SECRETS for part in item["loc"])
    secret = secret or (isinstance(item["input"], str) and "@" in item["input"])  # s3://key:secret@…
    secret = secret or isinstance(item["input"], Mapping)  # a whole section, where a key is missing from it
    return "…" if secret else item["input"]
