"""Drive the demo: a twin, an installation, the journey, a daemon that may be killed, and what came of it all."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from campaign import bootstrap, sandbox
from campaign.clock import FileClock
from campaign.config import Settings, load_settings
from campaign.core.errors import CampaignError, Conflict
from campaign.core.states import State
from campaign.demo.journey import Journey, load_journey
from campaign.demo.load import ROLES, ends_at, load_into, starts_at
from campaign.demo.story import STORY, Scene, scene, told
from campaign.demo.twin import CHANNELS
from campaign.engine.supervise import Kept
from campaign.record.verify import verify
from campaign.service import App
from campaign.service.login import set_password
from campaign.service.report import report
from campaign.store import queue, readings
from campaign.web.report_page import render

MARK = "demo.json"  # says that a folder is a demo of ours
PATIENCE = 900.0  # seconds after which a demo that gets nowhere is given up
RATE = 86_400.0  # a day a second


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of the demo; `duplicates` and `lost` are told by the twin's books, not by us."""

    posts: int
    variants: int
    deliveries: int
    published: int
    uncertain: int
    duplicates: int
    lost: int
    platforms: list[str]
    languages: list[str]
    archive_objects: int
    archive_valid: bool
    measurements: int
    story: dict[str, list[str]]
    report: str
    seconds: float

    @property
    def exit_code(self) -> int:
        """0: all were published once. 6: some are in doubt. 1: anything else."""
        if self.uncertain:
            return 6
        whole = self.published == self.deliveries > 0 and not self.duplicates and not self.lost
        return 0 if whole and self.archive_valid else 1


def demo(folder: Path, *, once: bool = False, as_json: bool = False, rate: float = RATE) -> int:
    """Run, resume or report the demo in a folder; return the exit code.

    Args:
        once: end when the journey is over, in place of leaving timeline and web running.
        rate: virtual seconds a real second, at most.

    Raises:
        Conflict: the folder holds something else.
    """
    began = time.monotonic()
    journey = load_journey()
    folder = folder.expanduser().resolve()
    settings = _settle(folder, journey, rate)
    with _twin(folder) as base_url, _daemon(folder) as daemon:
        app = bootstrap.open_app(settings)
        try:
            clock = app.clock
            assert isinstance(clock, FileClock)  # noqa: S101 - the settings that were just written say so
            if not json.loads((folder / MARK).read_text()).get("loaded"):
                said = json.loads((folder / "sandbox" / "sandbox.json").read_text())
                _say("alice writes, bob approves: ten posts in three languages for three platforms")
                load_into(app, journey, said["platforms"], folder / "pictures")
                _mark(folder, journey, loaded=True)
            _wait(app, clock, journey, daemon, scene(app, journey.campaign.id, base_url))
            summary = _summary(app, folder, journey, base_url, time.monotonic() - began)
            _mark(folder, journey, loaded=True, finished=True)
        finally:
            app.store.close()
        if as_json:
            print(json.dumps(asdict(summary), ensure_ascii=False))
        else:
            _tell(summary)
        if not once:
            _stay(folder, base_url, daemon, settings)
    return summary.exit_code


def _settle(folder: Path, journey: Journey, rate: float) -> Settings:
    """Make the installation, or find it half made; refuse a folder that is anything else."""
    mark = folder / MARK
    if mark.exists():
        if json.loads(mark.read_text()).get("demo") != journey.campaign.id:
            raise Conflict(f"{folder} holds another demo; choose another folder with --dir")
    elif folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty and no demo of ours; choose another folder with --dir")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        _mark(folder, journey)
    config = folder / "config.toml"
    if not config.exists():
        lines = [
            "# This installation is a demo: its clock is virtual.",
            f"clock_file = {json.dumps(str(folder / 'clock.json'))}",
            f"clock_rate = {rate}",
            f'clock_until = "{ends_at(journey).isoformat()}"',
            "",
            "[archive]",
            'publisher = "I·SEOUL·U Peace Delegation (demo)"',
            "",
            "[log]",
            'format = "json"',
            "",
        ]
        fresh = config.with_suffix(".part")
        fresh.write_text("\n".join(lines), encoding="utf-8")
        fresh.replace(config)
    clock = FileClock(folder / "clock.json")
    if not clock.file.exists():
        clock.stop_at(STORY[0].at)  # before the daemon is there: it must not run past the first scene
    clock.create(starts_at(journey))
    settings = load_settings(str(config), dir=str(folder))
    bootstrap.init(settings)
    return settings


def _mark(folder: Path, journey: Journey, **said: bool) -> None:
    fresh = folder / (MARK + ".part")
    fresh.write_text(json.dumps({"demo": journey.campaign.id, **said}))
    fresh.replace(folder / MARK)


@contextmanager
def _twin(folder: Path) -> Iterator[str]:
    """Have the twin running, ours or one that a killed demo left; yield its address."""
    place = folder / "sandbox"
    place.mkdir(exist_ok=True)
    kept: Kept | None = None
    if _answering(place) is None:
        command = [sys.executable, "-m", "campaign.demo.twin", str(place), str(folder / "clock.json")]
        kept = Kept("sandbox", command, log=folder / "sandbox.log")
    try:
        deadline = time.monotonic() + 60
        while (base_url := _answering(place)) is None:
            if kept is not None:
                kept.keep()
            if time.monotonic() > deadline:
                raise CampaignError(f"the twin does not start; see {folder / 'sandbox.log'}")
            time.sleep(0.05)
        yield base_url
    finally:
        if kept is not None:
            kept.end()


def _answering(place: Path) -> str | None:
    """Return the twin's address when it answers there."""
    try:
        base_url = str(json.loads((place / "sandbox.json").read_text())["base_url"])
        sandbox.ask(base_url, "GET", "/_clock")
    except (OSError, ValueError, KeyError, RuntimeError):
        return None
    return base_url


@contextmanager
def _daemon(folder: Path) -> Iterator[Kept]:
    command = [sys.executable, "-m", "campaign", "daemon", "--dir", str(folder)]
    kept = Kept("daemon", command, log=folder / "daemon.log")
    try:
        yield kept
    finally:
        kept.end()


def _wait(app: App, clock: FileClock, journey: Journey, daemon: Kept, on: Scene) -> None:
    """Keep the daemon running until the journey's time is over and all of it is on record; tell the story meanwhile."""
    end, begin = ends_at(journey), starts_at(journey)
    deadline = time.monotonic() + PATIENCE
    with _progress(end.timestamp() - begin.timestamp()) as show:
        while True:
            daemon.keep()
            states, waiting = _standing(app)
            now = clock.now()
            published, total = states[State.PUBLISHED], sum(states.values())
            show(min(now, end).timestamp() - begin.timestamp(), f"{now:%Y-%m-%d %H:%M} UTC", published, total)
            if clock.runs and not waiting:
                return
            if clock.stop is not None and now >= clock.stop:
                _tell_beats(clock, on, now)
            if time.monotonic() > deadline:
                raise CampaignError(
                    f"the demo got no further than {now:%Y-%m-%d %H:%M} UTC; see daemon.log in its folder"
                )
            time.sleep(0.1)


def _tell_beats(clock: FileClock, on: Scene, now: datetime) -> None:
    """Tell what happens now, then let the clock go on to the next scene. A driver killed in between tells it again."""
    for beat in STORY:
        if beat.at == clock.stop:
            beat.tell(on)
    later = [beat.at for beat in STORY if beat.at > now]
    clock.stop_at(min(later) if later else None)


def _standing(app: App) -> tuple[Counter[str], bool]:
    """Return how many deliveries are in each state, and whether anything still waits for the daemon."""
    with app.store.read() as tx:
        rows = queue.listed(tx)
        busy = bool(queue.posts_due_for_archive(tx, 1)) or bool(queue.in_flight(tx))
    return Counter(str(row["state"]) for row in rows), busy


@contextmanager
def _progress(total: float) -> Iterator[Any]:
    """Show a bar on standard error where a person looks, and nothing where a program reads."""
    if not sys.stderr.isatty():
        yield lambda done, when, published, deliveries: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def show(done: float, when: str, published: int, deliveries: int) -> None:
            bar.update(task, completed=done, description=f"{when}  {published} of {deliveries} published")

        yield show


def _summary(app: App, folder: Path, journey: Journey, base_url: str, seconds: float) -> Summary:
    with app.store.read() as tx:
        rows = queue.listed(tx)
        number = readings.number(tx)
    found = report(app, journey.campaign.id)
    place = folder / "report.html"
    place.write_text(render(found, lang="en"), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(found.plain(), ensure_ascii=False, indent=2), encoding="utf-8")
    theirs = {channel.name: (channel.platform, channel.theirs) for channel in CHANNELS}
    duplicates, lost = compare(rows, sandbox.books(base_url), theirs)
    return Summary(
        posts=len({row["post"] for row in rows}),
        variants=len({(row["post"], lang) for row in rows for lang in row["langs"]}),
        deliveries=len(rows),
        published=sum(row["state"] == State.PUBLISHED for row in rows),
        uncertain=sum(row["state"] in queue.OPEN for row in rows),
        duplicates=duplicates,
        lost=lost,
        platforms=sorted({row["platform"] for row in rows}),
        languages=[lang for lang in journey.campaign.languages if any(lang in row["langs"] for row in rows)],
        archive_objects=sum(1 for _ in app.archive.objects()),
        archive_valid=not verify(app.archive.place),
        measurements=number,
        story=told(app, journey.campaign.id),
        report=str(place),
        seconds=round(seconds, 1),
    )


def compare(
    rows: Sequence[dict[str, Any]], books: Sequence[dict[str, Any]], theirs: Mapping[str, tuple[str, str]]
) -> tuple[int, int]:
    """Hold our rows against the platforms' books, row by row; return how many posts are double, and how many lost.

    `theirs`: our account → the platform and its own name for it, for an id is unique within an account only.
    Double: a post in the books that none of our deliveries owns, or that two own. Lost: a delivery of ours, published
    as we say, that is not in the books, or was not sent at all though its time is over.
    """
    there = {(entry["platform"], entry["account"], str(entry["id"])) for entry in books if not entry["deleted"]}
    owners = Counter((*theirs[row["account"]], row["remote_id"]) for row in rows if row["remote_id"])
    double = len(there - set(owners)) + sum(number - 1 for number in owners.values())
    waiting = (State.SCHEDULED, State.CANCELLED, *queue.OPEN)
    gone = [(*theirs[row["account"]], row["remote_id"]) not in there for row in rows if row["state"] not in waiting]
    lost = sum(gone)
    return double, lost


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _tell(summary: Summary) -> None:
    said = asdict(summary)
    story = said.pop("story")
    width = max(map(len, said))
    for name, value in said.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        print(f"{name.replace('_', ' '):<{width}}  {shown}")
    for name, lines in story.items():
        for entry in lines:
            print(f"{name.replace('_', ' '):<{width}}  {entry}")


def _stay(folder: Path, base_url: str, daemon: Kept, settings: Settings) -> None:
    """Leave the timeline and the desk running until a person ends it; passwords are new each time and shown once."""
    app = bootstrap.open_app(settings)
    try:
        passwords = {name: bootstrap.new_key() for name in ROLES}
        for name, password in passwords.items():
            set_password(app, name, password)
    finally:
        app.store.close()
    web = Kept(
        "web", [sys.executable, "-m", "campaign", "web", "--dir", str(folder), "--port", "0"], log=folder / "web.log"
    )
    try:
        web.keep()
        address = _web_address(folder, web)
        _say("")
        _say(f"timeline of the platform   {base_url}/")
        _say(f"desk                       {address}")
        for name, password in passwords.items():
            _say(f"  {name:<5} {ROLES[name]:<9} {password}")
        _say("They run until you press Ctrl-C.")
        while True:
            daemon.keep()
            web.keep()
            time.sleep(0.25)
    except KeyboardInterrupt:
        _say("stopped; run the demo again to look once more")
    finally:
        web.end()


def _web_address(folder: Path, web: Kept) -> str:
    for _ in range(200):
        try:
            said = json.loads((folder / "web.json").read_text())
            if said["pid"] == web.pid:
                return str(said["url"])
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.05)
    return f"does not answer; see {folder / 'web.log'}"
