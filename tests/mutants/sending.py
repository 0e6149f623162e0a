"""The line of no return, what is proved about a request, and many at once."""

from tests.mutants.mutant import CLIENT, CONFIRM, FAULTS, GROUP, KINDS, MASTODON, ONCE, OUTBOX, PUBLISH, STATES, breaks

# --- The line of no return: what an attempt's end leads to.

AFTER = [
    breaks(
        "a doubt is tried again",
        "core/states.py",
        """
        case _:
            return State.UNCERTAIN
""",
        """
        case Outcome():
            return State.SCHEDULED
        case _:
            return State.UNCERTAIN
""",
        ONCE,
    ),
    breaks(
        "an unknown exception past the line is tried again",
        "core/states.py",
        """
        case _:
            return State.UNCERTAIN
""",
        """
        case Outcome():
            return State.UNCERTAIN
        case _:
            return State.SCHEDULED
""",
        STATES,
    ),
    breaks(
        "the reaper sends again what died past the line",
        "core/states.py",
        "State.PUBLISHING: State.UNCERTAIN}",
        "State.PUBLISHING: State.SCHEDULED}",
        OUTBOX,
    ),
    breaks(
        "the line is committed after the request",
        "service/publish.py",
        """
                held = await writer.cross(held, wire)
                app.failpoint("line.committed")
                result = await adapter.publish(work.outgoing, wire)
""",
        """
                result = await adapter.publish(work.outgoing, wire)
                held = await writer.cross(held, wire)
                app.failpoint("line.committed")
""",
        ONCE,
    ),
    breaks(
        "the line keeps nothing of what goes over the wire",
        "store/outbox.py",
        ".values(state=State.PUBLISHING, wire=dict(wire), **first)",
        ".values(state=State.PUBLISHING, **first)",
        OUTBOX,
    ),
    breaks(
        "a read-back begins at the last crossing, not at the first",
        "store/outbox.py",
        'first = {} if held.sent_at else {"sent_at": at, "sent_mono": mono, "sent_boot": held.boot}',
        'first = {"sent_at": at, "sent_mono": mono}',
        OUTBOX,
    ),
    breaks(
        "a rate limit counts as an attempt",
        "service/publish.py",
        "if isinstance(error, RateLimited | Unauthorized):",
        "if isinstance(error, Unauthorized):",
        f"{PUBLISH}::test_not_now_costs_no_attempt_and_the_wait_is_honoured",
    ),
    breaks(
        "a pause counts as an attempt",
        "service/publish.py",
        "outbox.move(tx, held, State.SCHEDULED, attempts=held.attempts - 1, **again)",
        "outbox.move(tx, held, State.SCHEDULED, **again)",
        f"{PUBLISH}::test_a_pause_between_claim_and_line_holds_what_was_claimed",
    ),
]

# --- What is proved about a request, and what is only hoped.

PROOF = [
    breaks(
        "silence counts as not sent",
        "net/client.py",
        'return self._uncertain(request, f"no answer ({why})")',
        'return self._unavailable(request, f"no answer ({why})")',
        ONCE,
    ),
    breaks(
        "a server's error counts as not sent",
        "net/client.py",
        "doubt = self._uncertain if call.commits else self._unavailable",
        "doubt = self._unavailable",
        ONCE,
    ),
    breaks(
        "the request that counts goes over a connection that may be dead",
        "net/client.py",
        "if call.commits or call.method not in REPEATABLE:",
        'if call.method == "PUT":',
        CLIENT,
    ),
    breaks(
        "the transport does not tell that a byte left",
        "net/transport.py",
        """
        self.line.state = "sent"
        connection.write(data)
""",
        """
        connection.write(data)
""",
        FAULTS,
    ),
    breaks(
        "the transport repeats a request that is not to be repeated",
        "net/transport.py",
        "connection.lost and whole and request.method in REPEATABLE",
        "connection.lost and whole",
        FAULTS,
    ),
    breaks(
        "an answer without an id counts as not sent",
        "platforms/mastodon/__init__.py",
        'raise reply.bad("the answer names no id")',
        'raise Unavailable("the answer names no id")',
        MASTODON,
    ),
    breaks(
        "pictures that were used already count as a refusal",
        "platforms/mastodon/__init__.py",
        'if error.status in (400, 409, 422) and wire["uses"] > 1 and wire["media_ids"]:',
        'if error.status == 409 and wire["uses"] > 1 and wire["media_ids"]:',
        MASTODON,
    ),
    breaks(
        "a key that met an error is used for ever",
        "platforms/mastodon/__init__.py",
        "if self._does.burns and tries > 2:",
        "if self._does.burns and tries > 200:",
        KINDS,
    ),
    breaks(
        "a key that Pixelfed refuses counts as a refusal",
        "platforms/mastodon/kinds.py",
        "doubts=frozenset({400, 403})",
        "doubts=frozenset({403})",
        KINDS,
    ),
    breaks(
        "a post that a server keeps counts as taken down",
        "platforms/mastodon/__init__.py",
        "if reply.status in (404, 410) and await self._statuses([remote_id]):",
        "if reply.status == 410 and await self._statuses([remote_id]):",
        KINDS,
    ),
    breaks(
        "the server is not told the idempotency key",
        "platforms/mastodon/__init__.py",
        '{"Idempotency-Key": str(wire["key"]), "Content-Type"',
        '{"Content-Type"',
        CONFIRM,
    ),
    breaks(
        "each attempt has an idempotency key of its own",
        "service/publish.py",
        "key=work.delivery.key,",
        'key=f"{work.delivery.key}-{work.delivery.attempts}",',
        CONFIRM,
    ),
]

# --- Many at once, in one transaction.

TOGETHER = [
    breaks(
        "many cross the line together past a pause",
        "store/outbox.py",
        """
    if fences(tx):
        raise Together(""",
        """
    if not crossings:
        raise Together(""",
        GROUP,
    ),
    breaks(
        "who lost the lease crosses the line with the others",
        "store/outbox.py",
        """
            deliveries.c.fence == sa.bindparam("b_fence"),
            deliveries.c.lease == sa.bindparam("b_lease"),
""",
        """
""",
        GROUP,
    ),
    breaks(
        "what moved meanwhile crosses the line with the others",
        "store/outbox.py",
        """
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == sa.bindparam("b_fence"),
""",
        """
            deliveries.c.fence == sa.bindparam("b_fence"),
""",
        GROUP,
    ),
    breaks(
        "the others cross the line, and who could not is not asked for",
        "store/outbox.py",
        "if tx.execute(_crossing(), rows).rowcount != len(rows):",
        "if not tx.execute(_crossing(), rows).rowcount:",
        GROUP,
    ),
    breaks(
        "a result that the full disk does not take is forgotten",
        "service/writer.py",
        "return self.crossing is None",
        "return False",
        "tests/service/test_full_disk.py",
    ),
]
