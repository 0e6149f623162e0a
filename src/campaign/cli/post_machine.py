"""A draft in another language, by the tool that the settings name."""

from campaign.cli.here import Here, ask
from campaign.cli.show import data, line, say
from campaign.service.machine import Machined, translate_by_machine


def by_machine(here: Here, id: str, lang: str, campaign: str | None) -> None:
    """Let the tool fill the draft, and say what a person must do next."""
    with here.opened() as app:
        work = translate_by_machine(app, id, lang, by=here.person(app), campaign_name=campaign)
        done = ask(app, work)
    for finding in done.findings:
        say(f"look at: {finding}")
    if here.json:
        data(_plain(done))
        return
    name, made = done.post.name, done.variant
    line(made.text)
    for position, text in sorted(made.alt.items()):
        line(f"alt {position}: {text}")
    say(f"post {name} ({lang}) is at revision {made.revision}, a draft by {made.machine} ({done.sent} characters sent)")
    say("nothing goes out of it; read it, then save it as your own, with other words or with none:")
    say(f"campaign post translate {name} --lang {lang} --text … (or --holds)")


def _plain(done: Machined) -> dict[str, object]:
    made = done.variant
    return {
        "post": done.post.name,
        "lang": made.lang,
        "revision": made.revision,
        "machine": made.machine,
        "text": made.text,
        "title": made.title,
        "tags": list(made.tags),
        "link": made.link,
        "alt": {str(position): text for position, text in sorted(made.alt.items())},
        "findings": [
            {"code": one.code, "field": one.field, "value": one.value, "rule": one.rule} for one in done.findings
        ],
        "held": [row.id for row in done.held],
        "sent": done.sent,
    }
