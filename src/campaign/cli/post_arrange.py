"""Other media, accounts or ways of going out for a post that is not out yet."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from campaign.cli.given import words
from campaign.cli.here import HERE, Here
from campaign.cli.post_add import bars, pictures
from campaign.cli.show import data, line, say
from campaign.core.model import Overflow, Strategy
from campaign.service.arrange import arrange

Several = list[str] | None


def arrange_it(
    id: Annotated[str, Parameter(name="ID")],
    /,
    *,
    media: Annotated[list[Path] | None, Parameter(name="--media")] = None,
    alt: Annotated[Several, Parameter(name="--alt")] = None,
    captions: Annotated[Several, Parameter(name="--captions")] = None,
    no_media: bool = False,
    to: Annotated[Several, Parameter(name="--to")] = None,
    strategy: Strategy | None = None,
    overflow: Overflow | None = None,
    leg: str | None = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Give a post that is not out yet other media, other accounts, or another way of going out; its words stay.

    Whatever goes out otherwise than before must be approved anew. What is out at an account stays as it is there.

    Example: campaign post arrange P03 --media new.jpg --alt ko=지도 --alt ru=Карта · campaign post arrange P03 --to kr

    Args:
        id: Its id.
        media: All of its pictures and clips, in order, in place of those that it has.
        alt: LANG=TEXT, what it shows; with several media N:LANG=TEXT.
        captions: LANG=FILE, a clip's captions (WebVTT or SRT); with several media N:LANG=FILE.
        no_media: Take all media away.
        to: All of its accounts, with commas between.
        strategy: An account of several languages gets: split, combined, thread or native.
        overflow: A text that is too long is refused, or goes out as a thread, or as one whose parts end with 1/3.
        leg: The leg that it belongs to; empty: none. Its time stays.
        campaign: Its campaign, where several have a post of that id.
    """
    shown = pictures(media or [], alt or [], captions or []) if media or alt or captions else () if no_media else None
    with here.opened() as app, bars() as progress:
        done = arrange(
            app,
            id,
            by=here.person(app),
            media=shown,
            to=words(to) if to is not None else None,
            strategy=strategy,
            overflow=overflow,
            leg=leg,
            campaign_name=campaign,
            progress=progress,
        )
    for warning in done.warnings:
        say(f"warning: {warning}")
    if here.json:
        data({"post": done.post.name, "to": list(done.accounts), "held": [row.id for row in done.held]})
        return
    line(f"post {done.post.name} goes to {', '.join(done.accounts)}")
    if done.held:
        line(f"{len(done.held)} deliveries wait for an approval: campaign post approve {done.post.name}")
