"""word: put the wordings of a post's languages into an Outgoing; compose and revise do it alike."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from campaign.core.adapter import Capabilities
from campaign.core.model import Outgoing
from campaign.core.text import compose_text


class Worded(Protocol):
    """What a draft's Wording and a kept Variant have in common."""

    @property
    def text(self) -> str: ...

    @property
    def tags(self) -> tuple[str, ...]: ...

    @property
    def link(self) -> str | None: ...

    @property
    def title(self) -> str | None: ...


def worded(
    outgoing: Outgoing, wordings: Mapping[str, Worded], capabilities: Capabilities, *, native: bool = False
) -> Outgoing:
    """Return the Outgoing with the text of its languages: one under the other, or, natively, beside the first.

    Args:
        native: the platform itself holds a post in several languages: title and text of the first are its own.
    """
    langs = outgoing.langs
    texts = {lang: compose_text(wordings[lang].text, wordings[lang].tags, wordings[lang].link) for lang in langs}
    titles = {lang: wordings[lang].title for lang in langs} if capabilities.title else {}
    others = langs[1:] if native else ()
    return replace(
        outgoing,
        text=texts[langs[0]] if native else "\n\n".join(texts.values()),
        tags=tuple(tag for lang in langs if lang not in others for tag in wordings[lang].tags),
        link=wordings[langs[0]].link,
        title=titles.get(langs[0]),
        localized={lang: {"title": titles.get(lang) or "", "text": texts[lang]} for lang in others},
    )
