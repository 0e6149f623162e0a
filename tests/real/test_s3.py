"""rclone's S3 server: media and archive in a bucket, driven for real, killed in the middle, by several machines.

It checks signatures and ignores conditional puts, as some servers do. `make test-real` fetches it
(tests/real/fetch_rclone.sh); TEST_RCLONE names another binary.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import obstore
import pytest
from obstore.store import S3Store
from pydantic import SecretStr
from tests.conftest import World, picture_file
from tests.record.conftest import POST, WHO, judged

from campaign import bootstrap
from campaign.cli import main
from campaign.config import S3, Archive, Database, Media, Settings, load_settings
from campaign.core.errors import Conflict, Invalid
from campaign.core.states import State
from campaign.net.bucket import Access, open_bucket
from campaign.record import as2
from campaign.record.bucket import BucketRepository
from campaign.record.verify import verify
from campaign.service import App
from campaign.service.audit import audit
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.service.doctor import doctor
from campaign.service.rebuild import rebuild
from campaign.store import posts as post_rows
from campaign.store import queue

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rclone")]

KEY, SECRET = "AKTESTAKTEST", "canary/SECRET+key/of/the/bucket"
BUCKET = "office"


@dataclass
class Rclone:
    """A running server of S3 over a folder; a bucket is a folder in it."""

    binary: str
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the port of last time."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        where = ("--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{SECRET}", "--config", os.devnull)
        with (self.folder.parent / "rclone.log").open("ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", "s3", *where, str(self.folder)], stderr=log)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        pytest.fail("rclone does not listen")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def settings(self, **changes: object) -> dict[str, object]:
        """The sections that put media and archive into the bucket."""
        s3 = {"endpoint": self.endpoint, "access_key": KEY, "secret_key": SecretStr(SECRET), **changes}
        return {
            "media": Media(dir=f"s3://{BUCKET}/media"),
            "archive": Archive(dir=f"s3://{BUCKET}/record"),
            "s3": S3(**s3),  # type: ignore[arg-type]
        }

    def repository(self, staging: Path, prefix: str = "record", **parts: Callable[[str], None]) -> BucketRepository:
        access = Access(self.endpoint, "us-east-1", KEY, SECRET, True)
        return BucketRepository(open_bucket(f"s3://{BUCKET}/{prefix}", access, field="archive.dir"), staging, **parts)

    def client(self, prefix: str) -> S3Store:
        """A client without any of our code."""
        return S3Store(
            BUCKET,
            prefix=prefix,
            endpoint=self.endpoint,
            region="us-east-1",
            access_key_id=KEY,
            secret_access_key=SECRET,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )

    def fetched(self, folder: Path, prefix: str = "record") -> Path:
        """What lies below a prefix, fetched key by key."""
        store = self.client(prefix)
        for page in obstore.list(store):
            for found in page:
                file = folder / found["path"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(bytes(obstore.get(store, found["path"]).bytes()))
        return folder


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[Rclone]:
    binary = os.environ.get("TEST_RCLONE", "")
    if not binary or not os.access(binary, os.X_OK):
        lack = f"no rclone: TEST_RCLONE is {binary!r}; run: make test-real"
        pytest.fail(lack) if os.environ.get("CI") == "true" else pytest.skip(lack)
    (tmp_path / "s3" / BUCKET).mkdir(parents=True)
    made = Rclone(binary, tmp_path / "s3")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def world(rclone: Rclone, make_world: Callable[..., World]) -> World:
    """An installation whose media and archive lie in the bucket, with an account on the twin."""
    made = make_world(**rclone.settings())
    bootstrap.init(made.settings)
    made.campaign()
    made.connect("kr", "ko")
    return made


def published(world: World, name: str = "P01") -> str:
    """Publish a post with a picture; return the picture's digest as it went out."""
    picture = world.picture(name=f"{name}.png")
    world.post(name, minutes=1, pictures=(picture,))
    world.clock.turn(minutes=1)
    world.tick()
    with world.app.store.read() as tx:
        [medium] = post_rows.media_of(tx, world.deliveries()[-1].post_id)
    return medium.medium.sha256


def told(world: World, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """What the command line says; it finds the installation as a person's would."""
    code = main([*words, "--config", str(config_of(world.settings))])
    said = capsys.readouterr()
    return code, said.out + said.err


def config_of(settings: Settings, **more: str) -> Path:
    """Write the installation's settings down, as a person would."""
    lines = [f'dir = "{settings.root}"', "[media]", f'dir = "{settings.media.dir}"', "[archive]"]
    lines += [f'dir = "{settings.archive.dir}"', "[s3]", f'endpoint = "{settings.s3.endpoint}"']
    lines += [f'access_key = "{settings.s3.access_key}"', f'secret_key = "{settings.s3.secret_key.get_secret_value()}"']
    file = settings.root.parent / "s3.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_post_with_a_picture_is_published_from_the_bucket_and_archived_into_it(
    world: World, rclone: Rclone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = published(world)
    shutil.rmtree(world.settings.root / "media-cache")  # the next one comes from another machine
    published(world, "P02")
    root = rclone.fetched(tmp_path / "fetched")
    code, said = told(world, capsys, "archive", "verify")
    shown = told(world, capsys, "archive", "show", "P01")

    assert ["published", "published"] == world.states()
    assert {row["media"] for row in map(_media, world.twin.books())} == {1}
    assert (rclone.folder / BUCKET / "media" / digest[:2] / digest[2:4] / digest).is_file()
    assert ([], [], []) == (verify(root), judged(root), audit(world.app))
    assert (0, True) == (code, "objects, no damage" in said)
    assert (0, True, True) == (shown[0], "record.jsonld" in shown[1], f"s3://{BUCKET}/record/" in shown[1])
    assert [] == list((world.settings.root / "archive").rglob("inventory.json"))
    assert all(check.ok for check in doctor(world.app) if "bucket" in check.name or check.name == "archive")


def _media(row: dict[str, object]) -> dict[str, int]:
    media = row.get("media") or row.get("media_ids") or row.get("media_attachments") or []
    return {"media": len(media)}  # type: ignore[arg-type]


def test_what_a_killed_archivist_left_is_cleared_away_when_a_person_asks(
    world: World, rclone: Rclone, capsys: pytest.CaptureFixture[str]
) -> None:
    published(world)
    place, client = world.app.archive.where(as2.urn(world.deliveries()[0].post_id)), rclone.client("record")
    torn = world.app.archive.where(POST)
    for key in (f"{place}/v2/content/record.jsonld", f"{torn}/v1/content/record.jsonld"):
        obstore.put(client, key, b"half")

    before = told(world, capsys, "archive", "verify")
    cleared = told(world, capsys, "archive", "verify", "--clear")
    assert (1, True, True) == (before[0], f"{place}/v2" in before[1], torn in before[1])
    assert (0, 2) == (cleared[0], cleared[1].count("an unfinished write was cleared")), cleared[1]
    assert [] == list(world.app.archive.bucket.below(torn))  # type: ignore[attr-defined]


def test_an_empty_machine_is_rebuilt_from_the_bucket(world: World, rclone: Rclone, tmp_path: Path) -> None:
    digest = published(world)
    client = rclone.client("media")
    obstore.delete(client, [found["path"] for page in obstore.list(client) for found in page])
    other = load_settings(dir=str(tmp_path / "other"), environ={}).model_copy(update=rclone.settings())
    bootstrap.init(other)
    app = bootstrap.open_app(other, clock=world.clock)
    try:
        found = rebuild(app)

        assert (1, 1, 1) == (found.posts, found.deliveries, found.accounts)
        assert app.media.verify(digest)
        assert [] == audit(app)
    finally:
        app.store.close()


def test_a_bucket_that_is_away_holds_up_archive_and_media_and_loses_nothing(world: World, rclone: Rclone) -> None:
    published(world)
    world.post("P02", minutes=1, pictures=(world.picture(name="b.png", colour="red"),))
    shutil.rmtree(world.settings.root / "media-cache")
    rclone.stop()
    world.clock.turn(minutes=1)
    world.tick()
    [waits] = [row for row in world.deliveries() if row.state is not State.PUBLISHED]
    checks = {check.name: check.detail for check in doctor(world.app) if not check.ok}
    rclone.start()
    world.clock.turn(seconds=30)
    world.tick()

    assert (State.SCHEDULED, 1) == (waits.state, waits.attempts)
    assert "cannot be fetched" in str(waits.error) and "does not answer" in str(waits.error)
    assert {"archive in a bucket", "media in a bucket"} <= checks.keys()
    assert ["published", "published"] == world.states()
    assert ([], []) == (verify(world.app.archive.place), audit(world.app))


@pytest.mark.parametrize(
    ("changes", "section", "field", "words"),
    [
        ({"secret_key": SecretStr("wrong/" + SECRET)}, {}, "s3.access_key", "the keys are not accepted"),
        ({"secret_key": SecretStr("")}, {}, "s3.secret_key", "is missing"),
        ({}, {"media": Media(dir="s3://nobody/media")}, "media.dir", "the bucket is not there; make it"),
        ({}, {"archive": Archive(dir="s3://nobody")}, "archive.dir", "the bucket is not there; make it"),
        ({}, {"media": Media(dir=f"s3://{BUCKET}/record/media")}, "media.dir", "must not lie in archive.dir"),
    ],
)
def test_what_is_wrong_with_the_settings_is_named_by_its_field_and_no_secret_is_told(
    rclone: Rclone, tmp_path: Path, changes: dict[str, object], section: dict[str, object], field: str, words: str
) -> None:
    parts = {**rclone.settings(**changes), **section}
    settings = load_settings(dir=str(tmp_path / "data"), environ={}).model_copy(update=parts)
    with pytest.raises(Invalid, match=words) as raised:
        bootstrap.init(settings)

    error = raised.value
    assert field == error.field
    for form in (SECRET, quote(SECRET, safe=""), "canary"):
        assert form not in f"{error} {error!r} {vars(error)} {error.__cause__!r} {settings!r}"
    assert [] == list((rclone.folder / BUCKET).iterdir())


def test_no_secret_of_the_bucket_is_written_anywhere(world: World, rclone: Rclone) -> None:
    logged: list[str] = []
    app = world.open(log=lambda name, **fields: logged.append(repr((name, fields))))
    published(world)
    world.post("P02", minutes=1, pictures=(world.picture(name="b.png", colour="red"),))
    shutil.rmtree(world.settings.root / "media-cache")
    rclone.stop()
    world.clock.turn(minutes=1)
    world.tick(app)
    app.store.close()
    places = [world.settings.root, rclone.folder]
    files = {str(path): path.read_bytes() for place in places for path in place.rglob("*") if path.is_file()}

    assert logged and len(files) > 20
    said = {**files, "log": "\n".join(logged).encode()}
    assert [] == [name for name, raw in said.items() if b"canary" in raw]


# Writes a version of an object and says each step; where it is told to, it stands still until it is killed.
_WRITER = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from campaign.net.bucket import Access, open_bucket
from campaign.record.bucket import BucketRepository

endpoint, staging, url, key, secret, object_id, still_at, *files = sys.argv[1:]
steps = 0

def step(name):
    global steps
    print(name, flush=True)
    steps += 1
    if steps == int(still_at):
        time.sleep(60)

bucket = open_bucket(url, Access(endpoint, "us-east-1", key, secret, True), field="archive.dir")
print("begins", flush=True)
BucketRepository(bucket, Path(staging), checkpoint=step).put(
    object_id, {Path(name).name: Path(name) for name in files}, keep=True, message="m", user_name="n",
    user_address="urn:x:y", created=datetime(2019, 5, 12, tzinfo=UTC))
"""


def writer(
    rclone: Rclone, tmp_path: Path, files: list[Path], *, still_at: int = 0, prefix: str = "record"
) -> subprocess.Popen[str]:
    arguments = [rclone.endpoint, str(tmp_path / "staging"), f"s3://{BUCKET}/{prefix}", KEY, SECRET, POST]
    command = [sys.executable, "-c", _WRITER, *arguments, str(still_at), *map(str, files)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_an_archivist_killed_at_any_step_of_a_put_leaves_the_old_or_the_new(rclone: Rclone, tmp_path: Path) -> None:
    repository = rclone.repository(tmp_path / "staging")
    repository.create()
    texts = [b"first", b"second", b"third"]
    files = [tmp_path / "record.jsonld", tmp_path / "events.jsonl"]
    steps = ["content", "content", "version inventory", "version", "declaration", "sidecar", "inventory"]
    for number, step in enumerate(steps, 1):
        for file in files:
            file.write_bytes(b"%d %s" % (number, texts[number % 3]))
        before = _state(repository)
        process = writer(rclone, tmp_path, files, still_at=number if not before else min(number, 6))
        assert process.stdout
        last = ""
        while last != (step if not before or step != "declaration" else "sidecar"):
            last = process.stdout.readline().strip()
            assert last, f"it ended before {step}"
        process.kill()
        process.wait()
        process.stdout.close()
        new = {file.name: file.read_bytes() for file in files}
        assert _state(repository) in (before, {**before, **new}), step
        repository.put(POST, dict(new), keep=True, **WHO)
        assert ([], new) == (verify(repository.place), _state(repository))
    assert [] == judged(rclone.fetched(tmp_path / "fetched"))


def _state(repository: BucketRepository) -> dict[str, bytes]:
    if not repository.exists(POST):
        return {}
    return {name: repository.read(POST, name) for name in repository.state(POST)}


def test_an_archivist_killed_while_a_large_file_is_on_its_way_leaves_nothing_that_counts(
    rclone: Rclone, tmp_path: Path
) -> None:
    repository = rclone.repository(tmp_path / "staging")
    repository.create()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(os.urandom(1 << 20) * 96)
    process = writer(rclone, tmp_path, [clip])
    assert process.stdout
    process.stdout.readline()
    time.sleep(0.25)  # while its digest is taken, or it is sent: wherever it is
    process.kill()
    process.wait()
    process.stdout.close()

    assert not repository.exists(POST)
    assert 1 == repository.put(POST, {"clip.mp4": clip}, keep=True, **WHO)
    assert ([], []) == (verify(repository.place), judged(rclone.fetched(tmp_path / "fetched")))


@dataclass
class Machines:
    """Workers, each with a folder of its own as on a machine of its own: keys and settings are all it shares."""

    world: World
    url: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        number = len(self.processes)
        folder = self.world.folder / f"machine{number}"
        shutil.copytree(self.world.settings.root / "keys", folder / "keys")
        given = self.world.settings
        environ = {
            "CAMPAIGN_DATABASE__URL": self.url,
            "CAMPAIGN_LOG__FORMAT": "json",
            "CAMPAIGN_DAEMON__DEAD_AFTER": "2",
            "CAMPAIGN_MEDIA__DIR": given.media.dir,
            "CAMPAIGN_ARCHIVE__DIR": given.archive.dir,
            "CAMPAIGN_S3__ENDPOINT": given.s3.endpoint,
            "CAMPAIGN_S3__ACCESS_KEY": KEY,
            "CAMPAIGN_S3__SECRET_KEY": SECRET,
        }
        command = [sys.executable, "-m", "campaign", "worker", "--dir", str(folder)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, env={**os.environ, **environ}, stderr=log, text=True)
        self.processes.append(process)
        return process

    def log(self, number: int) -> str:
        return (self.world.folder / f"machine{number}" / "log").read_text()


@pytest.fixture
def machines(rclone: Rclone, make_world: Callable[..., World], make_migrated: Callable[[], str]) -> Iterator[Machines]:
    url = make_migrated()
    world = make_world(start=datetime.now(UTC), database=Database(url=SecretStr(url)), **rclone.settings())
    world.clock.file.unlink()  # the twin takes the system's time, too
    bootstrap.init(world.settings)
    world.campaign()
    world.connect("kr", "ko")
    made = Machines(world, url)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def test_of_two_machines_one_is_killed_in_the_middle_and_the_record_in_the_bucket_is_whole(
    machines: Machines, rclone: Rclone, tmp_path: Path
) -> None:
    app = bootstrap.open_app(machines.world.settings)
    number = 24
    for n in range(number):
        _compose(machines.world, app, n)
    first, second = machines.start(), machines.start()
    _until(lambda: _archived(app) >= 4, machines)
    first.kill()
    first.wait()
    _until(lambda: _archived(app) == number, machines)
    second.send_signal(signal.SIGTERM)
    code = second.wait(20)
    root = rclone.fetched(tmp_path / "fetched")
    found = audit(app)
    app.store.close()
    texts = sorted(row["text"] for row in machines.world.twin.books())

    assert (0, number) == (code, len(set(texts)))
    assert sorted(set(texts)) == texts
    assert ([], [], []) == (verify(root), judged(root), found)
    assert all(SECRET not in machines.log(n) for n in (0, 1))


def _compose(world: World, app: App, number: int) -> None:
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    file = picture_file(world.folder / f"{number}.png", f"#{number * 9:02x}3366")
    wordings = {"ko": Wording(f"평화 {number}")}
    pictures = (Picture(file, {"ko": "그림"}),)
    draft = Draft(name=f"P{number}", wordings=wordings, at=at, to=("kr",), zone="UTC", now=True, pictures=pictures)
    compose(app, "c", draft, by=world.alice, approve_now=True)


def _archived(app: App) -> int:
    with app.store.read() as tx:
        return sum(row["state"] == "published" and row["archive_state"] == "archived" for row in queue.listed(tx))


def _until(true: Callable[[], bool], machines: Machines, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, machines.log(len(machines.processes) - 1)[-2000:]
        time.sleep(0.05)  # another process is waited for: there is no clock to turn


def test_what_others_put_beside_the_record_is_named_and_not_touched(rclone: Rclone, tmp_path: Path) -> None:
    repository = rclone.repository(tmp_path / "staging")
    repository.create()
    repository.put(POST, {"a": b"1"}, keep=True, **WHO)
    obstore.put(rclone.client("record"), "holiday.jpg", b"x")

    assert ["holiday.jpg"] == [damage.path for damage in verify(repository.place)]
    repository.put(POST, {"a": b"2"}, keep=True, **WHO)
    assert ["holiday.jpg"] == [damage.path for damage in verify(repository.place)]
    with pytest.raises(Conflict, match="no OCFL storage root"):
        rclone.repository(tmp_path / "staging", prefix="").create()


def test_as_many_objects_as_need_several_pages_of_keys_are_all_found(rclone: Rclone, tmp_path: Path) -> None:
    repository = rclone.repository(tmp_path / "staging")
    repository.create()
    whole = repository.put(POST, {f"f{number:03}": b"%d" % number for number in range(300)}, keep=True, **WHO)
    client = rclone.client("record")
    inventory = obstore.get(client, f"{repository.where(POST)}/inventory.json").bytes()
    for number in range(800):  # copies of an inventory are enough, and quick
        where = repository.where(as2.urn(f"0192f0c1-2b3c-7d4e-8f5a-{number:012}"))
        obstore.put(client, f"{where}/inventory.json", bytes(inventory))

    assert (1, 801) == (whole, len(list(repository.objects())))
    assert 1000 < sum(1 for _ in repository.bucket.below(""))
