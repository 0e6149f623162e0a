"""What it takes to import a sheet of many posts: XLSX, two accounts, two languages, no media.

    python -m tests.bench.sheet [--rows N] [--file FILE.xlsx]

It makes an installation of its own with a twin, writes the sheet, and runs `campaign import` in a process of its own
three times: a dry run, the import, and the import again, which must change nothing. Seconds are of the wall clock with
the program's start, CPU seconds and memory (peak of the resident set) are the operating system's. Exit 1 when the
import took over 20 s or 300 MB, or the second one changed something.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from campaign import bootstrap
from campaign.config import load_settings
from campaign.core.model import Role
from campaign.sandbox.serve import Twin
from campaign.service import accounts, campaigns
from campaign.sheets.row import Row, Words
from campaign.sheets.write import write_sheet

SECONDS, MEGABYTES = 20.0, 300.0
KO = "블라디보스토크에서 보내는 {}번째 편지. 오늘은 시베리아 횡단철도의 출발역을 찾았습니다. 하늘은 맑습니다."
RU = "Письмо № {} из Владивостока. Сегодня мы нашли начало Транссибирской магистрали. Ветер холодный, но небо ясное."


def rows(number: int) -> list[Row]:
    """Return so many posts, five minutes apart, each in two languages."""
    made = []
    for index in range(number):
        minutes = index * 5
        at = f"{2030 + minutes // 525_600}-{1 + minutes // 43_200 % 12:02}-{1 + minutes // 1440 % 28:02}"
        at += f" {minutes // 60 % 24:02}:{minutes % 60:02}"
        words = {
            "ko": Words(KO.format(index), "", ("#평화", "#서울"), f"https://example.org/ko/{index}"),
            "ru": Words(RU.format(index), "", ("#мир", "#Сеул"), f"https://example.org/ru/{index}"),
        }
        made.append(Row("", f"P{index:05}", at, "Asia/Seoul", ("kr", "ru"), words, strategy="split", overflow="refuse"))
    return made


def prepare(folder: Path, number: int) -> tuple[Path, Path]:
    """Make an installation and a sheet; return both."""
    data, sheet = folder / "data", folder / "posts.xlsx"
    settings = load_settings(dir=str(data), environ={})
    bootstrap.init(settings)
    app = bootstrap.open_app(settings)

    async def connect(twin: Twin, alice: Any) -> None:
        for name, account, lang in (("kr", "peace_ko", "ko"), ("ru", "peace_ru", "ru")):
            await accounts.connect(
                app, "mastodon", name=name, base_url=twin.base_url, token=twin.tokens[account], langs=(lang,),
                by=alice, private=True,
            )  # fmt: skip
        await app.close_network()

    with Twin(folder / "sandbox") as twin:
        alice = campaigns.add_person(app, "alice", [Role.ADMIN])
        asyncio.run(connect(twin, alice))
        campaigns.add_campaign(app, "c", by=alice, languages=("ko", "ru"), zone_name="Asia/Seoul", approval="none")
    app.store.close()
    write_sheet(sheet, rows(number), ("ko", "ru"))
    return data, sheet


def measured(data: Path, sheet: Path, *options: str) -> dict[str, Any]:
    """Run one import; return what it told and what it took."""
    command = [sys.executable, "-m", "campaign", "import", str(sheet), "--campaign", "c", "--dir", str(data)]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "--as", "alice", "--json", *options], stdout=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"}
    )
    said = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    told = json.loads(said)
    return {
        "counts": told["counts"],
        "code": process.returncode,
        "seconds": round(took, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "rss_mb": round(used.ru_maxrss / 1024, 1),
    }


def main() -> int:
    """Measure, print one JSON object, and say whether it is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    number = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        data, sheet = prepare(Path(folder), number)
        size = round(sheet.stat().st_size / 2**20, 2)
        steps = {
            "dry run": measured(data, sheet, "--dry-run"),
            "import": measured(data, sheet),
            "again": measured(data, sheet),
        }
    good = (
        steps["import"]["seconds"] <= SECONDS
        and steps["import"]["rss_mb"] <= MEGABYTES
        and steps["import"]["counts"] == {"new": number}
        and steps["again"]["counts"] == {"same": number}
    )
    print(json.dumps({"rows": number, "sheet_mb": size, "good": good, **steps}, indent=2))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
