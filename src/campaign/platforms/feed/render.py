"""Feeds of one language, of the same entries: Atom, JSON Feed and ActivityStreams.

Atom: RFC 4287; threads: RFC 4685; what was taken down: RFC 6721. JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/
ActivityStreams 2.0: https://www.w3.org/TR/activitystreams-core/
"""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

NEWEST = 100  # entries in a feed; each has a page of its own besides
ATOM, THREAD, TOMBSTONE = (
    "http://www.w3.org/2005/Atom",
    "http://purl.org/syndication/thread/1.0",
    "http://purl.org/atompub/tombstones/1.0",
)
# What XML 1.0 cannot hold: https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}»”’]")
for _prefix, _name in (("", ATOM), ("thr", THREAD), ("at", TOMBSTONE)):
    ET.register_namespace(_prefix, _name)


def render(base_url: str, title: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return path → file of every feed that the entries make: three for each language."""
    files: dict[str, bytes] = {}
    langs = sorted({lang for entry in entries for lang in entry["langs"]})
    for lang in langs:
        own = [entry for entry in entries if lang in entry["langs"]][:NEWEST]
        files |= {
            f"feed.{lang}.atom": _atom(base_url, title, lang, own),
            f"feed.{lang}.json": _json(base_url, title, lang, own),
            f"feed.{lang}.as2.json": _activities(base_url, title, lang, own),
        }
    return files


def page(title: str, base_url: str, entry: Mapping[str, Any]) -> bytes:
    """Return the page of one entry, where its links lead."""
    lang = escape(str(entry["langs"][0]), quote=True)
    if entry.get("deleted"):
        inner = f"<p>410 · {escape(str(entry['updated']))}</p>"
    else:
        inner = f"<h1>{escape(_titled(entry))}</h1><p><time>{escape(str(entry['published']))}</time></p>"
        inner += html_of(base_url, entry)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = f"<body><article>{inner}</article></body>"
    return f'<!doctype html>\n<html lang="{lang}"><head>{head}</head>{body}</html>\n'.encode()


def html_of(base_url: str, entry: Mapping[str, Any]) -> str:
    """Return the text of an entry with its links and pictures."""
    text = str(entry["text"])
    at, pieces = 0, []
    for link in _LINK.finditer(text):
        href = escape(link[0], quote=True)
        pieces += [escape(text[at : link.start()]), f'<a href="{href}">{escape(link[0])}</a>']
        at = link.end()
    pieces.append(escape(text[at:]))
    body = "".join(f"<p>{part}</p>".replace("\n", "<br>") for part in "".join(pieces).split("\n\n") if part.strip())
    return body + "".join(_shown(base_url, medium) for medium in entry["media"])


def _shown(base_url: str, medium: Mapping[str, Any]) -> str:
    source, alt = escape(f"{base_url}/{medium['path']}", quote=True), escape(str(medium["alt"]), quote=True)
    if str(medium["mime"]).startswith("video/"):
        return f'<p><video controls src="{source}" aria-label="{alt}"></video></p>'
    return f'<p><img src="{source}" alt="{alt}"></p>'


def _atom(base_url: str, title: str, lang: str, entries: Sequence[Mapping[str, Any]]) -> bytes:
    here = f"{base_url}/feed.{lang}.atom"
    feed = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": lang})
    _text(feed, "id", here)
    _text(feed, "title", title)
    _text(feed, "updated", max((str(entry["updated"]) for entry in entries), default="1970-01-01T00:00:00Z"))
    _text(ET.SubElement(feed, f"{{{ATOM}}}author"), "name", title)
    ET.SubElement(feed, f"{{{ATOM}}}link", {"rel": "self", "type": "application/atom+xml", "href": here})
    for entry in entries:
        if entry.get("deleted"):
            gone = {"ref": str(entry["id"]), "when": str(entry["updated"])}
            ET.SubElement(feed, f"{{{TOMBSTONE}}}deleted-entry", gone)
        else:
            _entry(feed, base_url, lang, entry)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(feed, encoding="unicode")}\n'.encode()


def _entry(feed: ET.Element, base_url: str, lang: str, entry: Mapping[str, Any]) -> None:
    node = ET.SubElement(feed, f"{{{ATOM}}}entry")
    _text(node, "id", str(entry["id"]))
    _text(node, "title", _titled(entry))
    _text(node, "published", str(entry["published"]))
    _text(node, "updated", str(entry["updated"]))
    ET.SubElement(node, f"{{{ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": str(entry["url"])})
    for tag in entry["tags"]:
        ET.SubElement(node, f"{{{ATOM}}}category", {"term": _plain(str(tag).lstrip("#"))})
    if entry["parent"]:
        ET.SubElement(node, f"{{{THREAD}}}in-reply-to", {"ref": str(entry["parent"])})
    for medium in entry["media"]:
        told = {"rel": "enclosure", "type": str(medium["mime"]), "length": str(medium["size"])}
        ET.SubElement(node, f"{{{ATOM}}}link", {**told, "href": f"{base_url}/{medium['path']}"})
    content = _text(node, "content", html_of(base_url, entry))
    content.set("type", "html")


def _json(base_url: str, title: str, lang: str, entries: Sequence[Mapping[str, Any]]) -> bytes:
    items = []
    for entry in entries:
        if entry.get("deleted"):
            continue
        item: dict[str, Any] = {
            "id": entry["id"],
            "url": entry["url"],
            "title": _titled(entry),
            "content_html": html_of(base_url, entry),
            "content_text": entry["text"],
            "date_published": entry["published"],
            "date_modified": entry["updated"],
            "tags": [str(tag).lstrip("#") for tag in entry["tags"]],
            "language": lang,
            "attachments": [
                {"url": f"{base_url}/{medium['path']}", "mime_type": medium["mime"], "size_in_bytes": medium["size"]}
                for medium in entry["media"]
            ],
        }
        if picture := next((one for one in entry["media"] if str(one["mime"]).startswith("image/")), None):
            item["image"] = f"{base_url}/{picture['path']}"
        items.append(item)
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "feed_url": f"{base_url}/feed.{lang}.json",
        "language": lang,
        "items": items,
    }
    return _dumped(told)


def _activities(base_url: str, title: str, lang: str, entries: Sequence[Mapping[str, Any]]) -> bytes:
    told = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{base_url}/feed.{lang}.as2.json",
        "type": "OrderedCollection",
        "nameMap": {lang: title},
        "totalItems": len(entries),
        "orderedItems": [_note(base_url, title, lang, entry) for entry in entries],
    }
    return _dumped(told)


def _note(base_url: str, title: str, lang: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry.get("deleted"):
        return {"type": "Tombstone", "id": entry["id"], "formerType": "Note", "deleted": entry["updated"]}
    note: dict[str, Any] = {
        "type": "Note",
        "id": entry["id"],
        "url": entry["url"],
        "attributedTo": {"type": "Organization", "name": title},
        "contentMap": {lang: html_of(base_url, {**entry, "media": []})},
        "published": entry["published"],
        "updated": entry["updated"],
        "attachment": [
            {
                "type": "Video" if str(medium["mime"]).startswith("video/") else "Image",
                "mediaType": medium["mime"],
                "url": f"{base_url}/{medium['path']}",
                "nameMap": {lang: medium["alt"]},
            }
            for medium in entry["media"]
        ],
        "tag": [{"type": "Object", "name": tag} for tag in entry["tags"]],
    }
    if entry["title"]:
        note["nameMap"] = {lang: entry["title"]}
    if entry["parent"]:
        note["inReplyTo"] = entry["parent"]
    return note


def _titled(entry: Mapping[str, Any]) -> str:
    """Return the title, or the first line, which a reader shows where it shows one."""
    if entry["title"]:
        return str(entry["title"])
    line = str(entry["text"]).strip().partition("\n")[0]
    return line if len(line) <= 80 else line[:79] + "…"


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    node = ET.SubElement(parent, f"{{{ATOM}}}{name}")
    node.text = _plain(text)
    return node


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _dumped(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
