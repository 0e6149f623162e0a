"""load: a sheet of posts compared with those that are there; what is new is composed, what differs is changed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid, ManyInvalid, NotFound
from campaign.core.model import Person, PostMedium, Role
from campaign.core.states import State
from campaign.core.text import normalise
from campaign.media.beside import Beside
from campaign.media.captions import take_captions
from campaign.media.clips import is_clip, take_clip
from campaign.media.images import take_image
from campaign.media.shelf import Shelf, digest_of
from campaign.service import App, demand_role, event
from campaign.service.arrange import arrange
from campaign.service.bring import Bringer, Fetch
from campaign.service.compose import Draft, Entry, Plan, keep, plan, preview
from campaign.service.differ import Changes, Looks, by_column, differ
from campaign.service.draft import Picture, raise_errors
from campaign.service.drafted import drafted
from campaign.service.enqueue import move
from campaign.service.render import Scene
from campaign.service.revise import revise
from campaign.sheets.read import read_sheet
from campaign.sheets.row import Row
from campaign.store import Fleeting, Within
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store.whole import Whole, whole_posts

What = Literal["new", "changed", "same", "conflict", "wrong"]
BATCH = 500  # posts that are written together
CHANGED = 1000  # posts that one sheet may change at once: ten seconds, for which SQLite lets nobody else write
TOLD = 500  # wrong rows of which everything is said; of those after them, what was met first


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be taken."""

    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        return str(Invalid(self.column, self.value, self.rule))


@dataclass(frozen=True, slots=True)
class Seen:
    """What becomes of one row.

    Attributes:
        where: its place in the file: row 7, posts[3].
        changes: the columns that differ from the post that is there.
    """

    where: str
    id: str
    what: What
    changes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it can be kept."""
        return self.what in ("new", "changed", "same")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a sheet.

    Attributes:
        kept: whether anything was written.
        notes: how the file was read.
    """

    rows: tuple[Seen, ...]
    notes: tuple[str, ...]
    kept: bool

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        return dict(Counter(row.what for row in self.rows))

    @property
    def is_good(self) -> bool:
        """Whether every row can be kept."""
        return all(row.is_good for row in self.rows)


@dataclass
class _Work:
    """One row that is to be kept."""

    number: int  # its place among the rows that were seen
    where: str
    id: str
    campaign: str
    plan: Plan | None = None
    there: Whole | None = None
    changes: Changes = field(default_factory=Changes)


def load(
    app: App,
    file: Path,
    *,
    by: Person,
    campaign_name: str | None = None,
    folder: Path | None = None,
    dry_run: bool = False,
    only_good: bool = False,
    fetch: Fetch | None = None,
    most: int = CHANGED,
    progress: Callable[[int], None] = lambda done: None,
) -> Loaded:
    """Compare a sheet with the posts that are there; compose what is new, change what differs, all of it or nothing.

    A post is known by its id: the same sheet again changes nothing, leaves no revision and no event. A row that cannot
    be kept is told with its cells; then nothing is kept at all, unless `only_good`.

    Args:
        campaign_name: where rows belong that name no campaign.
        folder: that files of media are relative to; None: the sheet's own.
        dry_run: say what would be, and keep nothing.
        only_good: keep the rows that can be kept, though there are others.
        fetch: brings a medium from a public web address; None: addresses are refused.
        most: posts that are changed together; there is no bound on new ones, nor where `only_good` changes each alone.
        progress: told how many rows were looked at.

    Raises:
        Invalid: the file cannot be read, its columns are none of a sheet of posts, or it changes too many of them.
        Conflict: somebody else was faster; nothing is kept.
        Forbidden: the person may not write.
    """
    demand_role(by, Role.AUTHOR)
    sheet = read_sheet(file)
    with TemporaryDirectory(prefix="campaign-") as place:
        loader = _Loader(app, by, campaign_name, folder or file.resolve().parent, Path(place), fetch)
        for number, item in enumerate(sheet.rows, 1):
            if isinstance(item, Row):
                loader.look(item, keeps=not dry_run)
            else:
                where = item[0].field.partition(", ")[0]
                faults = tuple(Fault(one.field.partition(", ")[2], str(one.value), one.rule) for one in item)
                loader.seen.append(Seen(where, "", "wrong", faults=faults))
            progress(number)
        if not loader.seen:
            raise Invalid("file", file.name, "holds no post: there is nothing below its first row")
        changed = sum(each.what == "changed" for each in loader.seen)
        if changed > most and not only_good:
            rule = f"changes {changed:,} posts; at most {most:,} at once, for nobody else can write meanwhile: cut it"
            if not dry_run:
                raise Invalid("file", file.name, rule)
            sheet.notes.append(f"the sheet {rule}")
        good = all(each.is_good for each in loader.seen)
        # A dry run has nothing to keep.
        kept = bool(loader.work) and (good or only_good) and loader.keep(file.name, apart=only_good)
    return Loaded(tuple(loader.seen), tuple(sheet.notes), kept)


class _Loader:
    """Looks at rows one by one, and keeps what is to be kept at the end."""

    def __init__(
        self, app: App, by: Person, campaign: str | None, folder: Path, place: Path, fetch: Fetch | None
    ) -> None:
        self.app, self.by, self.campaign, self.folder, self.place = app, by, campaign, folder, place
        self.bringer = Bringer(app, folder, place, fetch)
        self.shelf = Shelf(place / "shelf", limit=app.media.limit)
        self.seen: list[Seen] = []
        self.work: list[_Work] = []
        self.scenes: dict[str, tuple[Scene, dict[str, Whole]]] = {}
        self.first: dict[tuple[str, str], str] = {}
        self.digests: dict[tuple[str, str], str] = {}
        self.told = 0

    def look(self, row: Row, *, keeps: bool) -> None:
        """Find out what a row would do."""
        work = _Work(len(self.seen), row.where, row.id, row.campaign or self.campaign or "")
        try:
            with _told(row):
                seen = self._looked(work, row)
        except ManyInvalid as error:
            seen = Seen(row.where, row.id, "wrong", faults=_faults(error))
        except Conflict as error:
            seen = Seen(row.where, row.id, "conflict", _names(work), (Fault("id", row.id, str(error)),))
        self.seen.append(seen)
        if keeps and seen.what in ("new", "changed"):
            self.work.append(work)

    def _looked(self, work: _Work, row: Row) -> Seen:
        name = normalise(row.id)
        scene, known = self._scene(work.campaign)
        if before := self.first.get((work.campaign, name)):
            raise Invalid("id", row.id, f"is the id of {before} already")
        self.first[work.campaign, name] = row.where
        self.bringer.bring(row)
        draft = drafted(row, self.folder, self.bringer.brought)
        work.there = known.get(name)
        if work.there is None:
            entry = Entry(row.where, work.campaign, draft, row.approve)
            try:
                work.plan, left_out = self._planned(scene, entry)
            except (Invalid, NotFound):
                self._tell_all(work.campaign, draft)
                raise
            warnings = (*left_out, *dict.fromkeys(str(item) for item in work.plan.findings))
            work.plan.rendered.counts.clear()  # many plans wait together: what nobody asks for any more goes
            return Seen(row.where, row.id, "new", warnings=warnings)
        pictures = draft.pictures if row.media is not None else None
        looks = Looks(self._picture, self._captions)
        work.changes = differ(scene, row, work.there, pictures, looks)
        names = _names(work)
        if not names:
            return Seen(row.where, row.id, "same")
        tried = replace(self.app, media=Beside(self.app.media, self.place / "beside"))
        self._warm(tried, work)
        with Fleeting(self.app.store.engine).begin() as tx:  # what would happen, without its happening
            warnings = self._change(tried, tx, work)
        return Seen(row.where, row.id, "changed", names, warnings=warnings)

    def _planned(self, scene: Scene, entry: Entry) -> tuple[Plan, list[str]]:
        """Return the plan of a new post, and which findings that may stand are none of it any more: an export names
        whatever was let pass once.
        """
        waive, left_out = dict(entry.draft.waive or {}), list[str]()
        while True:
            tried = replace(entry, draft=replace(entry.draft, waive=waive))
            try:
                return plan(self.app, scene, tried, by=self.by, scratch=self.shelf, whole=bool(waive)), left_out
            except Invalid as error:
                gone = (
                    error.field == "waive" and str(error.value) in waive and error.rule.startswith("there is no such")
                )
                if not gone:
                    raise
                del waive[str(error.value)]
                left_out.append(str(error))

    def _tell_all(self, campaign: str, draft: Draft) -> None:
        """Say all that is wrong with a new post, which is tried step by step. Raises: ManyInvalid."""
        self.told += 1
        if self.told <= TOLD:  # it takes longer than the trial
            raise_errors(preview(self.app, campaign, draft, by=self.by).findings)

    def keep(self, file: str, *, apart: bool) -> bool:
        """Write everything in one transaction; return whether anything was.

        Args:
            apart: each post that is changed by itself; what cannot be changed any more is told as a conflict.
        """
        app = self.app
        plans = [work.plan for work in self.work if work.plan is not None]
        changed = [work for work in self.work if work.there is not None]
        for each in plans:
            each.attached.keep(app.media)
        done = len(plans) if apart else len(self.work)
        if apart:
            for work in changed:
                try:
                    with app.store.begin() as tx:
                        self._change(app, tx, work)
                    done += 1
                except (Invalid, Conflict, NotFound) as error:
                    fault = Fault("id", work.id, str(error))
                    self.seen[work.number] = Seen(work.where, work.id, "conflict", (), (fault,))
        if not done:
            return False
        with app.store.begin() as tx:
            for start in range(0, len(plans), BATCH):
                self._add(tx, plans[start : start + BATCH])
            for work in () if apart else changed:
                try:
                    self._change(app, tx, work)
                except CampaignError as error:
                    error.add_note(f"in {work.where} of the file; nothing was changed")
                    raise
            counts = Counter(self.seen[work.number].what for work in self.work)
            event(app, tx, "posts.imported", self.by.name, detail={"file": file, **counts})
        return True

    def _add(self, tx: Any, plans: Sequence[Plan]) -> None:
        for scene, _ in self.scenes.values():
            names = [each.post.name for each in plans if each.scene is scene]
            if taken := post_rows.taken_names(tx, scene.campaign, names):
                raise Conflict(f"post id '{taken[0]}' came into use meanwhile; nothing was changed: import again")
        keep(self.app, tx, plans, by=self.by)

    def _warm(self, app: App, work: _Work) -> None:
        """Have media made ready for their accounts while nothing is locked: encoding a clip takes minutes."""
        alone = replace(app, store=Fleeting(app.store.engine))
        given: Mapping[str, Any] = {"by": self.by, "campaign_name": work.campaign}
        with suppress(CampaignError):  # said when all of the row is tried
            if "media" in work.changes.arranged:
                arrange(alone, work.id, media=work.changes.arranged["media"], **given)
        for lang, edit in work.changes.edits:
            with suppress(CampaignError):
                if edit.captions:
                    revise(alone, work.id, lang, edit, **given)

    def _change(self, app: App, tx: Any, work: _Work) -> tuple[str, ...]:
        """Change a post as its row says, in the caller's transaction; return what was noticed."""
        changes, there = work.changes, work.there
        if there is None:
            return ()
        within = replace(app, store=Within(app.store.engine, tx))
        given: Mapping[str, Any] = {"by": self.by, "campaign_name": work.campaign}
        name = there.post.name
        warnings: list[str] = []
        # Accounts come last: one may speak only a language that the row brings; media come first, with their alt texts.
        first = {what: value for what, value in changes.arranged.items() if what != "to"}
        if first:
            warnings += arrange(within, name, **first, **given).warnings
        for lang, edit in changes.edits:
            seen = there.revisions.get(lang)
            if "media" in changes.arranged:
                seen = None  # what was said of the old media was taken out, as a revision
            done = revise(within, name, lang, edit, based_on=seen, **given)
            warnings += done.warnings
            if done.outdated and not any(other in done.outdated for other, _ in changes.edits):
                warnings.append(f"outdated now: {', '.join(done.outdated)}")
        for lang, edit in changes.own:
            warnings += revise(within, name, lang, edit, **given).warnings
        if "to" in changes.arranged:
            warnings += arrange(within, name, to=changes.arranged["to"], **given).warnings
        if (when := changes.moved) is not None:
            move(within, name, **asdict(when), **given)
        if changes.place is not None:
            if there.states and set(there.states) <= {State.PUBLISHED, State.CANCELLED}:
                raise Conflict(f"post {name} is out or cancelled already; its place stays")
            post = replace(post_rows.post_of(tx, there.post.id), place=changes.place)
            post_rows.change_post(tx, post, at=app.clock.now())
            event(app, tx, "post.placed", self.by.name, post_id=post.id, detail={"place": changes.place})
        return tuple(dict.fromkeys(warnings))

    def _scene(self, campaign: str) -> tuple[Scene, dict[str, Whole]]:
        """Return a campaign with its posts; each is read once."""
        if not campaign:
            raise Invalid("campaign", "", "is missing: give --campaign, or a column campaign")
        if campaign not in self.scenes:
            with self.app.store.read() as tx:
                found = campaign_rows.campaign_named(tx, campaign)
                known = {each.post.name: each for each in whole_posts(tx, found.id)}
                self.scenes[campaign] = Scene.read(self.app, tx, found), known
        return self.scenes[campaign]

    def _picture(self, item: Picture) -> str:
        """Return the digest that a file has once it is taken in."""
        digest = digest_of(item.file)
        if (digest, item.file.suffix) not in self.digests:
            if is_clip(item.file):
                taken = take_clip(item.file, self.app.shelf).medium.sha256
            else:
                taken = take_image(item.file, self.shelf, max_pixels=self.app.max_pixels).medium.sha256
            self.digests[digest, item.file.suffix] = taken
        return self.digests[digest, item.file.suffix]

    def _captions(self, file: Path, lang: str, clip: PostMedium) -> str:
        name = f"captions {clip.position} ({lang})"
        medium, _ = take_captions(file, self.shelf, lang=lang, seconds=clip.medium.seconds, field=name)
        return medium.sha256


def _names(work: _Work) -> tuple[str, ...]:
    """Return the columns in which a row differs from its post."""
    return tuple(dict.fromkeys(work.changes.names))


@contextmanager
def _told(row: Row) -> Iterator[None]:
    """Turn what is wrong with a row into findings."""
    try:
        yield
    except ManyInvalid:
        raise
    except Invalid as error:
        raise ManyInvalid([error]) from None
    except NotFound as error:
        column = {"leg": "leg", "account": "to", "campaign": "campaign"}.get(error.what, "id")
        rule = str(error).partition(": ")[2]
        raise ManyInvalid([Invalid(column, str(error.name), rule)]) from None
    except Forbidden as error:
        raise ManyInvalid([Invalid("id", row.id, str(error))]) from None


def _faults(error: ManyInvalid) -> tuple[Fault, ...]:
    return tuple(dict.fromkeys(Fault(*found) for found in by_column(error)))


def gist(rows: Sequence[Seen]) -> str:
    """Return how many rows of each kind there are, in words."""
    counts = Counter(row.what for row in rows)
    order: tuple[What, ...] = ("new", "changed", "same", "conflict", "wrong")
    return ", ".join(f"{counts[what]} {what}" for what in order if counts[what])
