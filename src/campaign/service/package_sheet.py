"""What a package says for itself: the checklist, and index.html, which works from a folder, with no network."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from campaign.core.schedule import in_zone
from campaign.service.package_words import sentence

if TYPE_CHECKING:
    from campaign.service.package import Handed, Package

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:1rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "textarea{width:100%;font:inherit;box-sizing:border-box}label{font-weight:600;display:block;margin-top:1rem}"
    "li label{font-weight:400;display:inline;margin:0}ul{list-style:none;padding:0}li{margin:.4rem 0}"
    "button{font:inherit;min-height:2.2rem;padding:.2rem .9rem;margin-top:.3rem}"
    "#said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "img,video{max-width:100%;height:auto}dt{font-weight:600}dd{margin:0 0 .4rem}"
    ":focus-visible{outline:3px solid #0b4f8a;outline-offset:2px}"
)
# A module could not be loaded from a folder (its origin is opaque), so the script stands in the page.
_SCRIPT = (
    'for(const b of document.querySelectorAll("button[data-copy]")){b.hidden=false;b.onclick=async()=>{'
    "const t=document.getElementById(b.dataset.copy);t.focus();t.select();"
    'try{await navigator.clipboard.writeText(t.value)}catch{document.execCommand("copy")}'
    'document.getElementById("said").textContent=b.dataset.done;'
    "const w=b.textContent;b.textContent=b.dataset.done;setTimeout(()=>{b.textContent=w},2000)}}"
)


def checklist_text(package: "Package") -> str:
    """Return who puts it up, where, when, and what is to be done, as plain text."""
    heads = [f"{head}: {value}" for head, value in _heads(package)]
    todo = [f"[ ] {number}. {what}" for number, what in enumerate(package.checklist, 1)]
    also = sentence("check.answer.line", package.lang, command=package.command)
    return "\n".join([*heads, "", *todo, "", also, ""])


def index_page(package: "Package") -> str:
    """Return the page of a package; every text in it is escaped, and it loads nothing but the files beside it."""
    lang = package.lang

    def say(key: str, **values: object) -> str:
        return escape(sentence(key, lang, **values))

    title = escape(f"{package.post.name} · {package.account.handle}")
    parts = [
        f'<!doctype html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>{title}</h1><dl>",
        *(f"<dt>{escape(head)}</dt><dd>{_linked(value)}</dd>" for head, value in _heads(package)),
        f"</dl><h2>{say('handoff.checklist')}</h2><ul>",
    ]
    for number, what in enumerate(package.checklist, 1):
        parts.append(f'<li><input type="checkbox" id="c{number}"> <label for="c{number}">{escape(what)}</label></li>')
    also = escape(sentence("check.answer.line", lang, command=package.command))
    parts.append(f"</ul><p><small>{also}</small></p>")
    for number, wording in enumerate(package.wordings, 1):
        head = f"{sentence(f'handoff.{wording.what}', lang)} ({'+'.join(wording.langs)})"
        rows = min(24, 2 + wording.text.count("\n") + len(wording.text) // 70)
        parts += _area(f"t{number}", head, wording.text, rows, lang, text_lang=wording.langs)
    parts.append(f"<h2>{say('handoff.media')}</h2>")
    if not package.media:
        parts.append(f"<p>{say('handoff.media.none')}</p>")
    for number, item in enumerate(package.media, 1):
        parts += _medium(item, number, package)
    parts.append(f'<p id="said" role="status"></p></main><script>{_SCRIPT}</script></body></html>\n')
    return "\n".join(parts)


def _heads(package: "Package") -> Iterator[tuple[str, str]]:
    lang = package.lang
    yield sentence("handoff.person", lang), package.person or sentence("handoff.nobody", lang)
    yield sentence("handoff.account", lang), package.account.handle
    yield sentence("handoff.place", lang), package.account.base_url
    yield sentence("handoff.due", lang), in_zone(package.delivery.due_at, package.post.zone)
    yield sentence("handoff.langs", lang), " + ".join(package.outgoing.langs)


def _linked(value: str) -> str:
    shown = escape(value)
    return f'<a href="{shown}">{shown}</a>' if value.startswith(("https://", "http://")) else shown


def _area(ident: str, head: str, text: str, rows: int, lang: str, *, text_lang: tuple[str, ...]) -> Iterator[str]:
    """Return a labelled text that can be copied by hand, and a button for it where scripts run."""
    spoken = f' lang="{escape(text_lang[0])}"' if len(text_lang) == 1 else ""
    yield f'<label for="{ident}">{escape(head)}</label>'
    # A first line break after <textarea> would be swallowed.
    yield f'<textarea id="{ident}" rows="{rows}" readonly{spoken}>\n{escape(text)}</textarea>'
    what, done = (escape(sentence(key, lang, what=head)) for key in ("handoff.copy.what", "handoff.copied"))
    yield f'<button type="button" hidden data-copy="{ident}" data-done="{done}">{what}</button>'


def _medium(item: "Handed", number: int, package: "Package") -> Iterator[str]:
    name, alt, lang = escape(item.name), item.medium.alt, package.lang
    if item.medium.is_clip:
        poster = f' poster="{escape(item.poster)}"' if item.poster else ""
        yield f'<p><video controls preload="none" src="{name}" aria-label="{escape(alt)}"{poster}></video></p>'
    else:
        yield f'<p><img src="{name}" alt="{escape(alt)}"></p>'
    yield f'<p>{number}. <a href="{name}" download>{name}</a></p>'
    for spoken, track, _ in item.captions:
        said = escape(sentence("handoff.captions", lang, language=spoken))
        yield f'<p>{said}: <a href="{escape(track)}" download>{escape(track)}</a></p>'
    if alt:
        head = f"{sentence('handoff.alt', lang)} {number}"
        yield from _area(f"a{number}", head, alt, 2, lang, text_lang=package.outgoing.langs)
