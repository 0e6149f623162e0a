"""What it takes to proofread one post: three languages, a picture, twelve accounts, a glossary of 300 terms.

    python -m tests.bench.check [--before 500] [--rounds 50]

It makes an installation of its own with a twin of Mastodon and twelve accounts on it, posts that went to the same
accounts in the 90 days before (the demo's ten texts in turn, so that each tenth is like it), and proofreads one more.
Milliseconds of CPU, since other programs may use the machine too, and of the wall clock; `first` is the first time in
the process. Exit 1 when the median of the CPU time is over 20 ms.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.model import Account, Role
from campaign.core.plan import Form, Term
from campaign.demo.journey import load_journey
from campaign.sandbox.serve import Twin
from campaign.service import App, accounts, campaigns, glossary
from campaign.service.compose import Draft, Entry, Picture, Wording, compose_all
from campaign.service.proofread import proofread
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows

LIMIT = 20.0  # milliseconds
ACCOUNTS, TERMS = 12, 300
LANGS = ("ko", "ru", "en")


def prepare(folder: Path, before: int) -> App:
    """Make an installation with so many posts before the one that is proofread: P."""
    settings = load_settings(dir=str(folder / "data"), environ={})
    bootstrap.init(settings)
    app = bootstrap.open_app(settings)
    alice = campaigns.add_person(app, "alice", [Role.ADMIN])

    async def connect(twin: Twin) -> Account:
        """Connect one account; what the platform told of it holds for the others too."""
        made = await accounts.connect(
            app, "mastodon", name="a0", base_url=twin.base_url, token=twin.tokens["peace_ko"], langs=LANGS, by=alice,
            private=True,
        )  # fmt: skip
        await app.close_network()
        return made.account

    with Twin(folder / "sandbox") as twin:
        first = asyncio.run(connect(twin))
    with app.store.begin() as tx:
        for number in range(1, ACCOUNTS):
            other = replace(first, id=app.new_id(), name=f"a{number}", handle=f"@a{number}", remote_id=str(number))
            account_rows.add_account(tx, other, app.vault, "token")
    campaigns.add_campaign(app, "c", by=alice, languages=LANGS, zone_name="Asia/Seoul", approval="none")
    terms = [
        Term("", None, f"t{n}", {"ko": Form(f"낱말{n}"), "ru": Form(f"Слово{n}ское дело"), "en": Form(f"Word{n}")})
        for n in range(TERMS)
    ]
    glossary.import_terms(app, list(enumerate(terms)), by=alice)
    picture = folder / "a.png"
    Image.new("RGB", (64, 36), "navy").save(picture)
    shown = Picture(picture, {"ko": "남색 그림", "ru": "Синий рисунок", "en": "A navy picture"})
    texts = [post.text for post in load_journey().posts]
    start = datetime.now(UTC) + timedelta(days=1)

    def entry(name: str, days: float, number: int) -> Entry:
        words = {lang: Wording(f"{number}. {texts[number % 10][lang]}", (f"#n{number}",)) for lang in LANGS}
        at = (start + timedelta(days=days, hours=9)).strftime("%Y-%m-%d %H:%M")
        to = tuple(f"a{each}" for each in range(ACCOUNTS))
        return Entry(name, "c", Draft(name, words, at, to, pictures=(shown,)))

    # Those before go to the accounts in turn, so that the installation is made within a minute.
    for number in range(before):
        made = entry(f"B{number}", 88 * number / max(1, before), number)
        draft = made.draft
        to = (f"a{number % ACCOUNTS}",)
        few = Draft(draft.name, draft.wordings, draft.at, to)
        compose_all(app, [Entry(draft.name, "c", few)], by=alice)
    compose_all(app, [entry("P", 89, 3)], by=alice)
    return app


def main() -> int:
    """Measure, print one JSON object, and say whether it is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=50)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        app = prepare(Path(folder), chosen.before)
        took, cpu = [], []
        for _ in range(chosen.rounds):
            began, used = time.perf_counter(), time.process_time()
            with app.store.read() as tx:
                post = post_rows.post_named(tx, "P")
                found = proofread(app, tx, campaign_rows.campaign_of(tx, post.campaign_id), post)
            took.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        outgoings = ACCOUNTS * len(LANGS)
        app.store.close()
    median = statistics.median(cpu)
    figures = {
        "accounts": ACCOUNTS, "outgoings": outgoings, "terms": TERMS, "posts_before": chosen.before,
        "findings": len(found), "first_cpu_ms": round(cpu[0], 1), "cpu_ms": round(median, 1),
        "wall_ms": round(statistics.median(took), 1),
        "good": median <= LIMIT,
    }  # fmt: skip
    print(json.dumps(figures, indent=2))
    return 0 if median <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
