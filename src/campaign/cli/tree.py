"""The tree of commands; a command's module is imported when the command is used, not before."""

import importlib
import inspect

from cyclopts import App, Parameter

from campaign import __version__

ROOMS: dict[str, tuple[str, dict[str, str]]] = {
    "user": (
        "People: who writes, approves, reads.",
        {"add": "people:add", "link": "people:link", "list": "people:show_all"},
    ),
    "account": (
        "Accounts on platforms.",
        {
            "add": "account:add",
            "list": "account:show_all",
            "test": "account:test",
            "remove": "account:remove",
            "rule": "account_rule:rule",
        },
    ),
    "campaign": (
        "Campaigns: languages, home zone, policy.",
        {
            "add": "journey:add_campaign",
            "list": "journey:list_campaigns",
            "show": "journey:show_campaign",
            "edit": "journey:edit_campaign",
        },
    ),
    "leg": (
        "Legs of a campaign's journey.",
        {
            "add": "journey:add_leg",
            "list": "journey:list_legs",
            "edit": "leg:edit",
            "move": "leg:move",
            "remove": "leg:remove",
        },
    ),
    "blackout": (
        "Days on which nothing goes out.",
        {"add": "blackout:add", "list": "blackout:show_all", "remove": "blackout:remove"},
    ),
    "post": (
        "Posts: written, approved, moved, cancelled.",
        {
            "add": "post_add:add",
            "list": "post:show_all",
            "show": "post:show",
            "edit": "post_edit:edit",
            "translate": "post_edit:translate",
            "arrange": "post_arrange:arrange_it",
            "history": "post_history:history",
            "diff": "post_history:difference",
            "check": "post_check:check_it",
            "waive": "post_check:waive_it",
            "ready": "review:ready_it",
            "review": "review:review_it",
            "approve": "post:approve_it",
            "repeat": "series:repeat_it",
            "copy": "series:copy_it",
            "move": "post:move_it",
            "cancel": "post:cancel_it",
            "forecast": "post_forecast:forecast_it",
        },
    ),
    "series": (
        "Series: posts that come again.",
        {"list": "series:show_all", "show": "series:show", "end": "series:end_it"},
    ),
    "glossary": (
        "The glossary: which word stands for which in each language, and which must not.",
        {
            "add": "glossary:add",
            "list": "glossary:show_all",
            "edit": "glossary:edit",
            "remove": "glossary:remove",
            "import": "glossary:import_it",
            "export": "glossary:export_it",
        },
    ),
    "calendar": (
        "Calendars: what goes out when, for other programs.",
        {
            "export": "calendar:export",
            "import": "calendar:import_it",
            "holidays": "calendar:holidays",
            "feed add": "calendar:feed_add",
            "feed list": "calendar:feed_list",
            "feed revoke": "calendar:feed_revoke",
        },
    ),
    "queue": ("The queue of an account.", {"next": "account_rule:next_slot_of"}),
    "time": ("Times and the zones that they were told in.", {"check": "rezone:check_it"}),
    "delivery": (
        "Deliveries: each part of a post to each account.",
        {
            "list": "delivery:show_all",
            "show": "delivery:show",
            "settle": "delivery:settle_it",
            "package": "delivery:package_it",
            "retry": "delivery:again",
            "withdraw": "delivery:withdraw_it",
        },
    ),
    "comment": ("Comments: what people answered.", {"list": "comments:show_all"}),
    "archive": (
        "The record on disk.",
        {"verify": "archive:verify_it", "rebuild": "archive:rebuild_it", "show": "archive:show"},
    ),
    "keys": ("The keys that tokens are sealed under.", {"rotate": "keys:rotate_it"}),
    "db": ("The database.", {"upgrade": "install:upgrade_it", "copy": "db:copy_it"}),
}

# A room within a room: its commands are those whose name begins with it.
NOOKS = {("calendar", "feed"): "Secret addresses at which calendar programs read."}

# What stands alone. The first paragraph is shown in the list, all of it on the command's own page.
ALONE: dict[str, tuple[str, str]] = {
    "init": (
        "install:init",
        "Make an installation.\n\nExample: campaign init --dir campaign-data\n\n"
        "Makes the folder with keys, database, media library and archive. Where nobody is known yet, you become an "
        "admin. May be repeated: what is there stays.",
    ),
    "up": (
        "run:up_it",
        "Publish and serve the desk: daemon and web together.\n\nExample: campaign up --dir campaign-data",
    ),
    "daemon": ("run:daemon", "Publish what is due, until it is told to stop.\n\nExample: campaign daemon"),
    "worker": (
        "run:worker",
        "Publish as one of many workers, until it is told to stop.\n\n"
        "Examples: campaign worker · campaign worker --queues publish --slots 50\n\n"
        "Any number of them on any number of machines share one PostgreSQL database, the media and the archive.",
    ),
    "web": ("run:web", "Serve the desk in the browser.\n\nExample: campaign web --port 8765"),
    "sandbox": (
        "run:sandbox",
        "Serve twins of the platforms, to rehearse on.\n\nExample: campaign sandbox --dir campaign-sandbox\n\n"
        "Says where it listens and how an account is connected. The tokens of its accounts lie in DIR/sandbox.json.",
    ),
    "demo": (
        "run:demo_it",
        "Run the demo journey.\n\nExamples: campaign demo · campaign demo --once --json\n\n"
        "With --once it ends when the journey is over; else the desk stays open until Ctrl-C.",
    ),
    "rehearse": (
        "rehearse:rehearse_it",
        "Run a campaign on twins of its accounts, before it runs for real.\n\n"
        "Examples: campaign rehearse peace-2019 · campaign rehearse peace-2019 --drafts --from '2026-12-01 08:00'\n\n"
        "Says where and when what would go out, and what would be refused, late, missed or held. The installation is "
        "only read; nothing leaves for the real hosts. Exit 0 when all would go out in time, else 6.",
    ),
    "doctor": (
        "install:doctor_it",
        "Say what works, what is stuck, and what to do.\n\nExample: campaign doctor\n\n"
        "Exit 0 when all is well, else 1.",
    ),
    "notices": (
        "notices:show",
        "List what waits for a person.\n\nExamples: campaign notices · campaign notices --json\n\n"
        "Each is told once while its cause lasts: on the desk, and by [notify] in the settings.",
    ),
    "measure": (
        "read:measure_it",
        "Read the counters that are due, now.\n\nExample: campaign measure\n\nThe daemon does it by itself.",
    ),
    "report": (
        "read:report_it",
        "Show what a campaign reached.\n\nExamples: campaign report peace-2019 · campaign report peace-2019 --age 24h "
        "--json · campaign report peace-2019 --format html --lang ko --out report.html\n\n"
        "Comparisons are made at one age of a post. A number that was not read is a dash and never 0.",
    ),
    "platforms": ("account:platforms", "Show the platforms and their limits.\n\nExample: campaign platforms --json"),
    "import": (
        "sheets:import_it",
        "Take posts from a sheet: CSV, XLSX, YAML or JSON.\n\n"
        "Examples: campaign import --sample posts.xlsx --campaign c · campaign import posts.xlsx --campaign c "
        "--dry-run\n\n"
        "One post a row, all its languages in it. All rows are kept or none; the same sheet again changes nothing.",
    ),
    "export": (
        "sheets:export_it",
        "Write a campaign's posts as a sheet: CSV, XLSX, YAML or JSON.\n\n"
        "Example: campaign export posts.xlsx --campaign c",
    ),
    "pause": (
        "pauses:pause_it",
        "Let nothing go out until it is resumed.\n\nExamples: campaign pause --reason 'wrong date' · "
        "campaign pause language ru --reason 'translation is checked'",
    ),
    "resume": (
        "pauses:resume_it",
        "Take a pause back.\n\nExamples: campaign resume · campaign resume language ru\n\n"
        "What became late meanwhile is missed, not sent; the rest goes out one by one, account by account.",
    ),
}


def build(room_in_use: str = "") -> App:
    """Return the tree; the commands of one room may be in use, so that their help is at hand."""
    app = App(
        name="campaign",
        help="Schedule posts in many languages, publish each once at its local time, keep the record.",
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative="", consume_multiple=False),
    )
    for name, (path, words) in ALONE.items():
        app.command(f"campaign.cli.{path}", name=name, help=words)
    for name, (words, commands) in ROOMS.items():
        room = App(name=name, help=words)
        nooks: dict[str, App] = {}
        for phrase, path in commands.items():
            nook, _, verb = phrase.rpartition(" ")
            place = room
            if nook:
                if nook not in nooks:
                    nooks[nook] = App(name=nook, help=NOOKS[name, nook])
                place = nooks[nook]
            if name == room_in_use:
                module, _, function = path.partition(":")
                command = getattr(importlib.import_module(f"campaign.cli.{module}"), function)
                # What stands before Args: is shown as it is; the parser of docstrings would drop the examples.
                place.command(command, name=verb, help=(inspect.getdoc(command) or "").partition("\nArgs:")[0])
            else:
                place.command(f"campaign.cli.{path}", name=verb)
        for each in nooks.values():
            room.command(each)
        app.command(room)
    return app
