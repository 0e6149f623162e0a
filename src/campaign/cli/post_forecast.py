"""How long a post will be in the languages that are not written yet."""

from typing import Annotated

from cyclopts import Parameter

from campaign.cli.given import by_lang, tags_by_lang, words
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, say, table
from campaign.core.model import Strategy
from campaign.service.forecast import Foreseen, foresee

Several = list[str] | None


def forecast_it(
    *,
    campaign: str,
    text: Annotated[list[str], Parameter(name="--text")],
    to: Annotated[list[str], Parameter(name="--to")],
    tags: Annotated[Several, Parameter(name="--tags")] = None,
    link: str | None = None,
    strategy: Strategy = "split",
    with_media: bool = False,
    here: Here = HERE,
) -> None:
    """Say how long a post will be in the languages that are not written yet, as each platform counts.

    Nothing is kept. The ratios are those of the office's own published and approved texts; while these are few, those
    of the demo's ten posts weigh with them. Four times of five the length lies between `low` and `high`.

    Example: campaign post forecast --campaign c --text ko=@ko.txt --tags ko=#평화 --to kr,ru

    Args:
        campaign: The campaign's id.
        text: LANG=TEXT, LANG=@FILE, or LANG=- for standard input. What is written; once a language.
        to: The accounts, with commas between.
        tags: LANG=#a,#b. Once a language; also of a language that is not written yet.
        link: A web address; {lang} in it becomes the language.
        strategy: How an account of several languages gets them.
        with_media: A picture or a clip goes with it.
    """
    with here.opened() as app:
        found = foresee(
            app,
            campaign,
            by_lang("text", text, files=True),
            words(to),
            tags=tags_by_lang(tags or []),
            link=link,
            strategy=strategy,
            with_media=with_media,
        )
    rows = [_row(item) for item in found]
    if here.json:
        data(rows)
        return
    if not rows:
        say("nothing to foretell: all is written, or nothing is known of the language (known: ko, ru, en)")
        return
    table(tuple(rows[0]), [list(row.values()) for row in rows])


def _row(item: Foreseen) -> dict[str, object]:
    told = item.forecast
    return {
        "account": item.account,
        "langs": list(told.langs),
        "missing": list(told.missing),
        "expected": told.expected,
        "low": told.low,
        "high": told.high,
        "limit": told.limit,
        "unit": told.unit,
        "verdict": told.verdict,
        "own_pairs": told.own,
    }
