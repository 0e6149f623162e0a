"""The soak: a long campaign on the twins while daemons are killed and everything goes wrong; the twins' books decide.

    python -m tests.soak [--seconds N] [--engine sqlite|postgresql] [--workers N] [--seed N] [--rate N]

Real `campaign daemon` (or `campaign worker`) processes publish a campaign of thousands of deliveries: several accounts
of each guarantee, pictures, threads. Meanwhile, by a plan drawn from one printed seed: kill -9 and a new start; a
process that stands still for a while; answers lost, late, cut, garbled, refused; tokens that expire until a person
connects the account again; lists that lag within what the platform admits; pauses put up and lifted; clocks that jump,
where libfaketime is installed. When the time is over all faults end, everything is given time to settle, and the
twins' books are held against our rows. The exit code is 1 if anything went out twice, was lost, or came too early.

Which moment a kill hits is the machine's; the plan is the seed's.
"""
