"""A post's text as the HTML that the real server makes of it."""

import re
from collections.abc import Container
from html import escape
from urllib.parse import quote

from campaign.sandbox.mastodon.counting import entities

_SHOWN = 30  # characters of a link that are shown; the rest is there, but invisible


def html(text: str, base_url: str, known: Container[str] = ()) -> str:
    """Return paragraphs with links, hashtags and mentions of known accounts.

    https://github.com/mastodon/mastodon/blob/main/app/lib/text_formatter.rb
    """
    if not text:
        return ""
    parts: list[str] = []
    at = 0
    for entity in entities(text):
        whole = text[entity.start : entity.end]
        parts.append(escape(text[at : entity.start], quote=True))
        if entity.kind == "url":
            parts.append(_link(entity.value))
        elif entity.kind == "tag":
            address = f"{base_url}/tags/{quote(entity.value)}"
            parts.append(
                f'<a href="{address}" class="mention hashtag" rel="tag">#<span>{escape(entity.value)}</span></a>'
            )
        elif entity.value in known and "@" not in whole[1:]:
            parts.append(
                f'<span class="h-card" translate="no"><a href="{base_url}/@{entity.value}" class="u-url mention">'
                f"@<span>{escape(entity.value)}</span></a></span>"
            )
        else:
            parts.append(escape(whole, quote=True))
        at = entity.end
    parts.append(escape(text[at:], quote=True))
    joined = "".join(parts).replace("\r\n", "\n")
    paragraphs = [block.replace("\n", "<br />") for block in re.split(r"\n{2,}", joined)]
    return "".join(f"<p>{block}</p>" for block in paragraphs)


def _link(url: str) -> str:
    prefix = url[: re.match(r"https?://(?:www\.)?", url, re.IGNORECASE).end()]  # type: ignore[union-attr]
    rest = url[len(prefix) :]
    shown, hidden = rest[:_SHOWN], rest[_SHOWN:]
    cut = ' class="ellipsis"' if hidden else ' class=""'
    return (
        f'<a href="{escape(url, quote=True)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{escape(prefix)}</span><span{cut}>{escape(shown)}</span>'
        f'<span class="invisible">{escape(hidden)}</span></a>'
    )
