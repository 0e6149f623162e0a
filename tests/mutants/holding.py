"""Who holds a delivery, and what may be taken at all."""

from tests.mutants.mutant import APPROVE, LATENESS, OUTBOX, PUBLISH, Edit, Mutant, breaks

# --- Who holds a delivery, and what may be taken at all.

GUARD = [
    Mutant(
        "a claim takes a delivery in whatever state it is",
        (
            Edit(
                "store/outbox.py",
                "            deliveries.c.state == State.SCHEDULED,\n"
                "            deliveries.c.held_because.is_(None),\n",
                "            deliveries.c.held_because.is_(None),\n",
            ),
            Edit(
                "store/outbox.py",
                '            deliveries.c.id.in_(sa.bindparam("ids", expanding=True)),\n'
                "            deliveries.c.state == State.SCHEDULED,\n",
                '            deliveries.c.id.in_(sa.bindparam("ids", expanding=True)),\n',
            ),
        ),
        # Not the race of eight workers: each of them would claim for ever.
        (
            f"{OUTBOX}::test_a_pause_holds_the_one_and_not_the_other",
            f"{PUBLISH}::test_a_post_with_a_picture_goes_out_once_at_its_time_and_is_on_record",
        ),
    ),
    breaks(
        "a move asks for neither fence nor lease",
        "store/outbox.py",
        """
            deliveries.c.fence == held.fence,
            deliveries.c.lease.is_(None) if held.lease is None else deliveries.c.lease == held.lease,
        )
        .values(state=new, **values)
""",
        """
        )
        .values(state=new, **values)
""",
        OUTBOX,
    ),
    breaks(
        "who lost the lease crosses the line",
        "store/outbox.py",
        """
            deliveries.c.state == State.CLAIMED,
            deliveries.c.fence == held.fence,
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
""",
        """
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
""",
        f"{PUBLISH}::test_a_worker_that_lost_its_lease_before_the_line_sends_nothing",
    ),
    breaks(
        "the reaper takes from the living",
        "store/outbox.py",
        """
    over = sa.or_(deliveries.c.boot != boot, deliveries.c.lease_until < mono)
    dead =""",
        """
    over = sa.true()
    dead =""",
        OUTBOX,
    ),
    breaks(
        "a pause does not stop what is claimed already",
        "store/outbox.py",
        """
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
            unfenced(),
""",
        """
            deliveries.c.lease == held.lease,
            deliveries.c.held_because.is_(None),  # its translation may have become outdated since the claim
""",
        f"{PUBLISH}::test_a_pause_between_claim_and_line_holds_what_was_claimed",
    ),
    breaks(
        "a pause does not stop the claim",
        "store/outbox.py",
        "ready = ready.where(unfenced())",
        "pass",
        OUTBOX,
    ),
    breaks(
        "a part goes out before the part that it continues",
        "store/outbox.py",
        """
            sa.or_(deliveries.c.parent_id.is_(None), parent.c.state == State.PUBLISHED),
            sa.or_(deliveries.c.late_after""",
        """
            sa.or_(deliveries.c.late_after""",
        OUTBOX,
    ),
    breaks(
        "what is beyond its grace is claimed",
        "store/outbox.py",
        """
            sa.or_(deliveries.c.late_after >= now, deliveries.c.parent_id.is_not(None)),
""",
        """
""",
        LATENESS,
    ),
    breaks(
        "what became late while it was prepared is sent",
        "service/publish.py",
        "if held.parent_id is None and app.clock.now() > held.late_after:",
        "if held.due_at > held.late_after:",
        LATENESS,
    ),
    breaks(
        "what is not approved is sent",
        "service/publish.py",
        "    if work.unapproved is not None:\n",
        "    if work.unapproved is not None and not work.delivery.langs:\n",
        APPROVE,
    ),
    breaks(
        "what is stored is sent, whatever was approved",
        "service/work.py",
        "return sha256(work.stored).hexdigest() == work.delivery.outgoing_sha256",
        "return bool(work.stored)",
        f"{PUBLISH}::test_bytes_that_were_changed_behind_its_back_are_refused_at_the_gate",
    ),
]
