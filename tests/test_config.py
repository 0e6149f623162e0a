"""Settings: where they come from, in which order, and what is said when one is wrong."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from campaign.config import Settings, example, keys_of, load_settings
from campaign.core.errors import Invalid, ManyInvalid, NotFound

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
SECRET = "c0ffee-not-to-be-seen"


def test_without_anything_every_setting_has_its_default(tmp_path: Path) -> None:
    settings = load_settings(dir=str(tmp_path), environ={})

    assert settings == Settings(dir=str(tmp_path))
    assert f"sqlite:///{tmp_path / 'campaign.db'}" == settings.database_url
    assert [tmp_path / name for name in ("media", "archive", "keys")] == [
        settings.folder("media"),
        settings.folder("archive"),
        settings.folder("keys"),
    ]


def test_environment_wins_over_file_and_dir_over_both(tmp_path: Path) -> None:
    file = _file(tmp_path, 'dir = "from-file"\n[daemon]\nslots = 3\ntick = 2\n[web]\nlang = "ko"\n')
    environ = {"CAMPAIGN_DAEMON__SLOTS": "5", "CAMPAIGN_DIR": "from-environment", "PATH": "x"}
    settings = load_settings(str(file), environ=environ)

    assert ("from-environment", 5, 2.0, "ko") == (
        settings.dir,
        settings.daemon.slots,
        settings.daemon.tick,
        settings.web.lang,
    )
    assert load_settings(str(file), environ={}).dir == "from-file"
    assert load_settings(str(file), dir="given", environ=environ).dir == "given"


def test_the_file_is_the_named_one_else_the_one_in_the_folder(tmp_path: Path) -> None:
    _file(tmp_path, "[web]\nport = 1111\n")
    other = _file(tmp_path, "[web]\nport = 2222\n", "other.toml")

    assert load_settings(dir=str(tmp_path), environ={}).web.port == 1111
    assert load_settings(environ={"CAMPAIGN_DIR": str(tmp_path)}).web.port == 1111
    assert load_settings(dir=str(tmp_path), environ={"CAMPAIGN_CONFIG": str(other)}).web.port == 2222
    assert load_settings(str(other), environ={"CAMPAIGN_CONFIG": "elsewhere.toml"}).web.port == 2222


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "no.toml")
    for named in ({"file": missing, "environ": {}}, {"environ": {"CAMPAIGN_CONFIG": missing}}):
        with pytest.raises(NotFound) as raised:
            load_settings(**named)  # type: ignore[arg-type]
        assert missing == raised.value.name


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("[daemon]\nslot = 3\n", "daemon.slot", "daemon.slots"),
        ("[demon]\nslots = 3\n", "demon", "daemon"),
        ("slots = 3\n", "slots", "daemon.slots"),
        ('[log]\nlevle = "info"\n', "log.levle", "log.level"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(tmp_path: Path, text: str, key: str, nearest: str) -> None:
    with pytest.raises(Invalid) as raised:
        load_settings(str(_file(tmp_path, text)), environ={})

    assert f"'{key}'" in str(raised.value)
    assert nearest in str(raised.value)


def test_an_unknown_variable_is_named_with_the_nearest_known_key() -> None:
    with pytest.raises(Invalid, match=r"CAMPAIGN_DAEMON__SLOT.*daemon\.slots"):
        load_settings(environ={"CAMPAIGN_DAEMON__SLOT": "3"})


@pytest.mark.parametrize(
    ("text", "key", "value", "rule"),
    [
        ("[daemon]\nslots = 0\n", "daemon.slots", "0", "greater than or equal to 1"),
        ("[daemon]\nlease = 5\n", "daemon.lease", "5", "greater than or equal to 30"),
        ('[web]\nport = "many"\n', "web.port", "many", "integer"),
        ('[web]\nlang = "fr"\n', "web.lang", "fr", "'ko', 'en' or 'ru'"),
        ("web = 3\n", "web", "3", "[web]"),
    ],
)
def test_a_bad_value_is_named_with_its_key_and_the_rule(
    tmp_path: Path, text: str, key: str, value: str, rule: str
) -> None:
    with pytest.raises(Invalid) as raised:
        load_settings(str(_file(tmp_path, text)), environ={})

    assert all(part in str(raised.value) for part in (key, value, rule)), str(raised.value)
    assert raised.value.exit_code == 2


def test_a_bad_value_of_the_environment_is_named_too() -> None:
    with pytest.raises(Invalid, match=r"web\.port '70000'"):
        load_settings(environ={"CAMPAIGN_WEB__PORT": "70000"})


def test_all_findings_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManyInvalid) as raised:
        load_settings(str(_file(tmp_path, '[daemon]\nslots = 0\n[web]\nlang = "fr"\n')), environ={})

    assert ["daemon.slots", "web.lang"] == sorted(finding.field for finding in raised.value.findings)


@pytest.mark.parametrize(
    "key", ["database.url", "keys.token_key", "daemon.ping_url", "notify.webhook", "s3.secret_key"]
)
def test_a_secret_is_never_shown(tmp_path: Path, key: str) -> None:
    section, name = key.split(".")
    for text in (f'[{section}]\n{name} = ["{SECRET}"]\n', f'[{section}]\n{name} = {{ value = "{SECRET}" }}\n'):
        with pytest.raises(Invalid) as raised:
            load_settings(str(_file(tmp_path, text)), environ={})
        assert key in str(raised.value)
        assert SECRET not in str(raised.value) + repr(raised.value)
    settings = load_settings(str(_file(tmp_path, f'[{section}]\n{name} = "{SECRET}"\n')), environ={})
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "value",
    ["S3://b", "s3://", "s3:///x", "s3://Up/x", "s3://bucket/../x", "s3://bucket//x", "https://host/b", "gs://bucket"],
)
@pytest.mark.parametrize("section", ["media", "archive"])
def test_an_address_that_is_no_bucket_is_named_with_the_rule(tmp_path: Path, section: str, value: str) -> None:
    with pytest.raises(Invalid) as raised:
        load_settings(str(_file(tmp_path, f'[{section}]\ndir = "{value}"\n')), environ={})

    assert all(part in str(raised.value) for part in (f"{section}.dir", value, "s3://bucket/prefix"))


def test_keys_in_the_address_of_a_bucket_are_refused_and_not_shown(tmp_path: Path) -> None:
    for text in (f'[media]\ndir = "s3://key:{SECRET}@bucket"\n', f'[s3]\nendpoint = "https://key:{SECRET}@host"\n'):
        with pytest.raises(Invalid) as raised:
            load_settings(str(_file(tmp_path, text)), environ={})
        assert SECRET not in f"{raised.value} {raised.value!r}"


def test_media_and_archive_in_buckets_lie_beside_each_other(tmp_path: Path) -> None:
    def chosen(media: str, archive: str) -> Settings:
        text = f'[media]\ndir = "{media}"\n[archive]\ndir = "{archive}"\n'
        return load_settings(str(_file(tmp_path, text)), dir=str(tmp_path), environ={})

    apart = chosen("s3://office/media/", "s3://office/media-record")
    assert ("s3://office/media", "s3://office/media-record") == (apart.bucket("media"), apart.bucket("archive"))
    assert (tmp_path / "media", tmp_path / "archive") == (apart.folder("media"), apart.folder("archive"))
    one = chosen("", "s3://office")
    assert (None, "s3://office") == (one.bucket("media"), one.bucket("archive"))
    for media, archive in (
        ("s3://office", "s3://office"),
        ("s3://office/a/b", "s3://office/a"),
        ("s3://bbb", "s3://bbb/x"),
    ):
        with pytest.raises(Invalid, match="must not lie in"):
            chosen(media, archive).bucket("media")


def test_a_section_of_secrets_given_as_a_word_does_not_show_it(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as raised:
        load_settings(str(_file(tmp_path, f'keys = "{SECRET}"\n')), environ={})

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("raw", [b"[daemon\nslots = 3", b"slots = = 3", b"\xff\xfe"])
def test_broken_toml_names_the_file(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(raw)
    with pytest.raises(Invalid, match=r"broken\.toml.*no valid TOML"):
        load_settings(str(file), environ={})


def test_the_example_is_what_the_program_prints() -> None:
    assert example() == EXAMPLE.read_text(encoding="utf-8")


def test_the_example_holds_every_key_at_its_default_with_a_comment() -> None:
    flat = _flat(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))
    known = keys_of()

    assert {key: default for key, (default, _) in known.items()} == flat
    assert [] == [key for key, (_, description) in known.items() if not description]
    settings = load_settings(str(EXAMPLE), environ={})
    assert settings == Settings()
    assert settings.database.url == SecretStr("")


def _file(folder: Path, text: str, name: str = "config.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def test_each_platform_may_have_a_section_that_says_who_we_are(tmp_path: Path) -> None:
    file = _file(tmp_path, '[oauth.youtube]\nclient_id = "ours"\n[oauth.x]\nclient_id = "other"\n')
    settings = load_settings(str(file), environ={"CAMPAIGN_OAUTH__X__CLIENT_SECRET": SECRET})

    assert {"youtube": ("ours", ""), "x": ("other", SECRET)} == {
        name: (one.client_id, one.client_secret.get_secret_value()) for name, one in settings.oauth.items()
    }
    assert SECRET not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f'[oauth.x]\nclient_secret = "{SECRET}"\n', "oauth.x.client_id"),
        (f'[oauth.x]\nclient_id = "a"\nclient_secret = ["{SECRET}"]\n', "oauth.x.client_secret"),
        (f'[oauth.x]\nclient_id = "a"\nsecret = "{SECRET}"\n', "oauth.x.secret"),
        (f'oauth = "{SECRET}"\n', "[oauth.NAME]"),
        (f'[oauth]\nx = "{SECRET}"\n', "[oauth.x]"),
    ],
)
def test_a_section_of_a_platform_that_is_none_is_named_and_not_shown(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(Invalid) as raised:
        load_settings(str(_file(tmp_path, text)), environ={})

    assert named in str(raised.value) and SECRET not in f"{raised.value} {raised.value!r}"
