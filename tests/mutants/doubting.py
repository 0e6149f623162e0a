"""What becomes of a doubt: asked, published again from the same handle, settled by a person."""

from tests.mutants.mutant import CONFIRM, MASTODON, OUTBOX, PUBLISH, SHAPES, breaks

# --- Asking what became of it.

DOUBT = [
    breaks(
        "'not there' is believed at once",
        "service/confirm.py",
        "elif waited < settles_within(app, work):",
        "elif waited < 0:",
        CONFIRM,
    ),
    breaks(
        "a key that is dead counts as a second belt",
        "service/confirm.py",
        "and app.clock.monotonic() - held.sent_mono < capabilities.key_lifetime",
        "and held.sent_mono is not None",
        CONFIRM,
    ),
    breaks(
        "a question that fails counts as 'not there'",
        "service/confirm.py",
        "elif error is not None or work is None:",
        "elif work is None:",
        CONFIRM,
    ),
    breaks(
        "a list that cannot be read counts as 'not there'",
        "platforms/mastodon/__init__.py",
        """raise Unavailable("the account's list of statuses cannot be read")""",
        "break",
        MASTODON,
    ),
    breaks(
        "a remote post that another delivery owns is adopted",
        "platforms/mastodon/__init__.py",
        ' if str(status.get("id")) not in doubt.owned]',
        "]",
        CONFIRM,
    ),
    breaks(
        "one remote post is recorded for two deliveries",
        "store/outbox.py",
        "if owns(tx, held.account_id, remote_id):",
        "if not remote_id:",
        OUTBOX,
    ),
    breaks(
        "what is not there is sent again beyond its grace",
        "service/confirm.py",
        "late = app.clock.now() > held.late_after",
        "late = False",
        f"{PUBLISH}::test_what_was_lost_is_missed_when_its_grace_is_over_and_never_late",
    ),
    breaks(
        "a platform that cannot tell is asked and believed",
        "store/queue.py",
        """
            deliveries.c.guarantee != Guarantee.NONE,  # nothing tells: a person must look
""",
        """
""",
        OUTBOX,
    ),
    breaks(
        "a known result that comes late is refused",
        "store/outbox.py",
        """
    check_move(held.state, State.PUBLISHED)
""",
        """
    if held.state not in (State.PUBLISHING, State.PROCESSING, State.UNCERTAIN):
        raise Conflict(f"delivery {held.id} is {held.state}: its result comes too late")
""",
        OUTBOX,
    ),
]

# --- Two phases: the handle.

HANDLE = [
    breaks(
        "what an earlier attempt stored at the line is not given to the next",
        "service/publish.py",
        "previous=dict(work.delivery.wire) if work.delivery.wire else None,",
        "previous=None,",
        SHAPES,
    ),
    breaks(
        "after a doubt a new container is published",
        "tests/shapes/handle.py",
        'not in ("EXPIRED", "UNKNOWN"):',
        'in ("PUBLISHED",):',
        SHAPES,
    ),
    breaks(
        "a handle that is dead counts as a second belt",
        "service/confirm.py",
        "if held.guarantee not in (Guarantee.DEDUP, Guarantee.HANDLE):",
        "if held.guarantee is not Guarantee.DEDUP:",
        SHAPES,
    ),
    breaks(
        "what the platform works on counts as 'not there'",
        "service/confirm.py",
        "elif isinstance(answer, Pending):",
        "elif isinstance(answer, Pending) and not answer.ticket:",
        SHAPES,
    ),
    breaks(
        "what the platform took and does not know is no doubt",
        "service/confirm.py",
        "return outbox.move(tx, held, State.UNCERTAIN, error=error, **doubt).state",
        "return outbox.note(tx, held, error=error, **doubt).state",
        SHAPES,
    ),
]

# --- Nothing tells: a person.

PERSON = [
    breaks(
        "a channel that nobody watches counts as 'not there'",
        "platforms/telegram/__init__.py",
        'raise Uncertain(f"{self._label} has no watcher: look at the channel and settle it")',
        "return None",
        "tests/platforms/test_telegram.py",
    ),
    breaks(
        "a person's 'not published' sends it beyond its grace",
        "service/confirm.py",
        "new = State.SCHEDULED if app.clock.now() <= held.late_after else State.MISSED",
        "new = State.SCHEDULED",
        CONFIRM,
    ),
    breaks(
        "a person settles with an address of another host",
        "core/address.py",
        "if host.lower() not in hosts:",
        "if not hosts:",
        CONFIRM,
    ),
    breaks(
        "a person gives a piece of another's album to a delivery",
        "service/confirm.py",
        'if taken & set(remote_id.split("+")):',
        "if remote_id in taken and not url:",
        CONFIRM,
    ),
    breaks(
        "a person's word about what was settled already is taken",
        "service/confirm.py",
        "if held.state not in open_states:",
        "if held.state is State.PUBLISHED:",
        CONFIRM,
    ),
    breaks(
        "a question that a person overtook leaves no evidence",
        "service/confirm.py",
        "await asyncio.to_thread(_keep_evidence, app, attempt)",
        "pass",
        CONFIRM,
    ),
]
