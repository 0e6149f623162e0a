"""What a post's content is made of: paragraphs, pictures and clips as WordPress's own editor writes them."""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from campaign.core.facets import find_facets
from campaign.core.model import Outgoing, OutgoingMedium
from campaign.core.text import fingerprint

TITLE = 200  # characters of the first line that stands in for a title
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK, _ELEMENT = re.compile(r"<br\s*/?>\n?|</p>\s*<p[^>]*>", re.IGNORECASE), re.compile(r"</?[a-zA-Z][^>]*>")


def title_of(outgoing: Outgoing) -> str:
    """Return the title, else the text's first line, as HTML: WordPress takes a title for it."""
    title = " ".join((outgoing.title or outgoing.text.strip().partition("\n")[0]).split())
    if not outgoing.title and len(title) > TITLE:
        title = title[: TITLE - 1].rsplit(" ", 1)[0] + "…"
    return _escaped(title, quote=False)


def content_of(outgoing: Outgoing, uploads: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text as paragraphs, and the media below it.

    Args:
        uploads: sha256 → id and url of what was uploaded.
    """
    blocks = [_paragraph(part, outgoing.link) for part in re.split(r"\n[ \t]*\n+", outgoing.text.strip()) if part]
    blocks += [_medium(medium, uploads) for medium in outgoing.media]
    return "\n\n".join(blocks)


def said_in(content: str) -> str:
    """Return what two forms of the same content have in common: the fingerprint of its text."""
    return fingerprint(_COMMENT.sub("", content))


def plain_of(rendered: str) -> str:
    """Return the text of what a site shows of a comment."""
    return html.unescape(_ELEMENT.sub("", _BREAK.sub("\n", rendered))).strip()


def _paragraph(text: str, link: str | None) -> str:
    # https://github.com/WordPress/gutenberg/tree/trunk/packages/block-library/src/paragraph
    raw, done, parts = text.encode(), 0, list[str]()
    for facet in find_facets(text, link):
        if facet.kind == "link":
            parts.append(_escaped(raw[done : facet.start].decode()))
            shown = _escaped(raw[facet.start : facet.end].decode())
            parts.append(f'<a href="{_escaped(facet.value)}">{shown}</a>')
            done = facet.end
    parts.append(_escaped(raw[done:].decode()))
    inner = "".join(parts).replace("\n", "<br>")
    return f"<!-- wp:paragraph -->\n<p>{inner}</p>\n<!-- /wp:paragraph -->"


def _medium(medium: OutgoingMedium, uploads: Mapping[str, Mapping[str, Any]]) -> str:
    there = uploads[medium.sha256]
    ident, url, alt = int(there["id"]), _escaped(str(there["url"])), _escaped(medium.alt)
    if not medium.is_clip:
        # https://github.com/WordPress/gutenberg/tree/trunk/packages/block-library/src/image; the blank before the
        # slash is what WordPress's filter of HTML makes of it for users who may not write any they like.
        told = {"id": ident, "sizeSlug": "full", "linkDestination": "none"}
        image = f'<img src="{url}" alt="{alt}" class="wp-image-{ident}" />'
        return _block("image", told, f'<figure class="wp-block-image size-full">{image}</figure>')
    # https://github.com/WordPress/gutenberg/tree/trunk/packages/block-library/src/video; a clip has no alt text there,
    # so it stands below as its caption.
    tracks = [
        {"src": str(uploads[sha]["url"]), "label": lang, "srcLang": lang, "kind": "captions"}
        for lang, sha in sorted(medium.captions.items())
    ]
    elements = "".join(
        f'<track src="{_escaped(each["src"])}" label="{each["label"]}" srclang="{each["srcLang"]}" kind="captions" />'
        for each in tracks
    )
    poster = f' poster="{_escaped(str(uploads[medium.poster]["url"]))}"' if medium.poster else ""
    caption = f'<figcaption class="wp-element-caption">{alt}</figcaption>' if alt else ""
    video = f'<video controls{poster} src="{url}">{elements}</video>'
    told = {"id": ident, **({"tracks": tracks} if tracks else {})}
    return _block("video", told, f'<figure class="wp-block-video">{video}{caption}</figure>')


def _block(name: str, told: Mapping[str, Any], inner: str) -> str:
    # Two hyphens would end the comment: serializeAttributes in packages/blocks/src/api/serializer.js
    attributes = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    for sign, code in (("--", "\\u002d\\u002d"), ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        attributes = attributes.replace(sign, code)
    return f"<!-- wp:{name} {attributes} -->\n{inner}\n<!-- /wp:{name} -->"


def _escaped(text: str, *, quote: bool = True) -> str:
    # A bracket could begin a shortcode; the code is written as wp_kses_normalize_entities writes it.
    return html.escape(text, quote=quote).replace("[", "&#091;")
