"""The usual errors of the verbs in the reader's language. The verbs speak English; what they said stands below."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from campaign.web.formats import Look
from campaign.web.holds import dated, tongue, why

_LONGEST = 600  # characters looked at: an error may end in a whole text

# What an error says → the key of its sentence; named groups fill the sentence in. The first that fits is taken.
_PATTERNS: Final = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"the clocks skip it: .*?gap back \((?P<back>[^=)]+).*?gap forward \((?P<forward>[^=)]+)", "gap"),
        (r"happens twice in .*?fold first \((?P<first>[^=)]+).*?fold second \((?P<second>[^=)]+)", "fold"),
        (r"was due at .* which is past; move it first", "due_past"),
        (r" is past, it is (?P<now>\d[\d :-]+(?:[\w/+-]+ \(UTC[^)]*\))?)", "past"),
        (
            r"falls on the blackout (?P<name>.+?) \((?P<days>[\d to-]+)\) for .*?next free day is (?P<free>[\d-]{10})",
            "blackout_free",
        ),
        (r"falls on the blackout (?P<name>.+?) \((?P<days>[\d to-]+)\) for .*?nothing goes out then", "blackout"),
        (
            r"falls into the quiet hours of the .*?next free time is (?P<free>\d[\d :-]+(?:[\w/+-]+ \(UTC[^)]*\))?)",
            "quiet",
        ),
        (r"must be a local time written", "time"),
        (r"is no time zone of the IANA", "zone"),
        (r"^to '?(?P<account>[^':]+)'?: this account speaks (?P<langs>[^,]+(?:, [^,]+)*), the post has", "no_lang"),
        (r"must name at least one account", "no_account"),
        (r"must be given in at least one language", "no_text"),
        (r"needs an alt text in (?P<language>[\w-]+)|every picture needs an alt text", "alt"),
        (r"needs them in (?P<language>[\w-]+) too", "captions"),
        (r"is over the limit of (?P<limit>\d+) bytes of (?P<where>\S+ account \S+);", "too_long_bytes"),
        (
            r"is over the limit of (?P<limit>\d+) of (?P<where>\S+ account [^\s;]+).*?shorten it by (?P<n>\d+)",
            "too_long",
        ),
        (r"is over the limit of (?P<limit>\d+) of (?P<where>\S+ account [^\s;]+)", "too_long_alt"),
        (r"(?P<where>\S+ account \S+) takes at most (?P<n>\d+) a post", "too_many"),
        (r"(?P<where>\S+ account \S+) needs a title", "title"),
        (r"(?P<where>\S+ account \S+) needs at least (?P<n>\d+) in a post", "media_needed"),
        (r"hashtags (?P<n>\d+): (?P<platform>\S+) takes at most (?P<most>\d+) in a post", "hashtags"),
        (r"(?P<platform>\S+) does not take (?P<signs>.{1,40}) in it; write it another way", "forbidden"),
        (r"price (?P<usd>[\d.]+) USD: is what (?P<platform>\S+) asks for a post with a link", "price_link"),
        (r"price (?P<usd>[\d.]+) USD: is what (?P<platform>\S+) asks", "price"),
        (r"this platform fetches media by itself", "share"),
        (r"(?P<where>\S+ account \S+) takes only: (?P<list>.+)", "kind"),
        (r"post id '(?P<name>[^']+)' is used already", "id_used"),
        (r"must be 1 to 64 letters", "id"),
        (r"must be filled in|must not be empty", "empty"),
        (r"must begin with https://", "https"),
        (r"a hashtag is # and then", "tag"),
        (r"is not kept any more|are not kept any more", "file_gone"),
        (r"'[^']+' wrote it; another person must approve it", "own_post"),
        (r"'(?P<person>[^']+)' wrote its words in (?P<language>[\w-]+); another person must", "own_wording"),
        (r"'(?P<person>[^']+)' has given another step in (?P<language>[\w-]+)", "step_given"),
        (r"'(?P<person>[^']+)' reads (?P<tongues>[\w-]+(?:, [\w-]+)*), not (?P<language>[\w-]+)", "reads"),
        (r"'(?P<person>[^']+)' approves for (?P<list>.+?), not for (?P<account>\S+)", "approves_for"),
        (r"only an admin approves against the rule", "no_admin"),
        (r"is translator; (?P<language>[\w-]+) is the source language, which an author writes", "source_lang"),
        (
            r"'(?P<person>[^']+)' translates into (?P<tongues>[\w-]+(?:, [\w-]+)*), not into (?P<language>[\w-]+)",
            "translates",
        ),
        (r"wants a second person's approval|wants approvals: leave", "second_person"),
        (r"; this needs: (?P<roles>[\w ]+)", "role"),
        (r"^lang \S+: post \S+ (?:goes out in|has): (?P<tongues>[\w-]+(?:, [\w-]+)*)", "no_such_lang"),
        (r"^lang \S+: campaign \S+ has: (?P<tongues>[\w-]+(?:, [\w-]+)*)", "no_such_lang"),
        (r"is at revision (?P<n>\d+) by (?P<person>.+?) by now", "newer"),
        (r"is at revision (?P<n>\d+) by (?P<person>.+?), not ", "newer"),
        (r"account (?P<account>\S+) has words of its own in (?P<language>[\w-]+)", "own_words"),
        (r"tick what still holds", "tick"),
        (r"changed meanwhile", "meanwhile"),
        (r"is what it says already", "same"),
        (r"is out in (?P<language>[\w+-]+); another language cannot be added", "out_together"),
        (r"is out in part; what follows cannot be revised", "out_in_part"),
        (r"is out in (?P<n>\d+) parts, not in (?P<most>\d+)", "out_in_parts"),
        (r"wait until it is settled", "under_way"),
        (r"was sent once and is", "sent_once"),
        (r"nothing to (?:move|revise|cancel|change)", "nothing_left"),
        (r"only a failed or missed one is scheduled again|only what is in doubt is settled", "other_state"),
        (r"must be the post's own address|must end in the post's id|must be (?:a web|an) address", "address"),
        (r"give the address of the post, or a screenshot", "proof"),
        (r"give a JPEG, PNG, WebP or GIF picture|is in truth a \w+ picture|file is broken", "picture"),
        (r"belongs to another delivery of", "owned"),
        (r"too many (?:attempts|requests); try again in (?P<n>\d+) seconds", "attempts"),
        (r"has (?P<n>\d+) characters; at most (?P<most>\d+) are kept", "too_long_remark"),
        (r"is one too many: a link takes (?P<n>\d+)", "too_many_remarks"),
        (r"together leave no hour in which all of these audiences", "no_hour"),
        (r"would put two posts of the series closer than .*?: (?P<times>\d[\d :-]+ and \d[\d :-]+)", "series_close"),
        (r"(?P<code>[a-z-]+) in (?P<language>[\w-]+) was let pass already", "passed_already"),
        (r"has no such finding in (?P<language>[\w-]+)", "no_finding"),
        (r"cannot be let pass: correct it", "must_mend"),
        (r"a form may have at most (?P<n>\d+) MiB", "too_large"),
        (r"this form was sent by another site|this form is too old or not ours", "form"),
        (r"^log in first", "login"),
        (r"it is used up or too old|it is used up", "link"),
        (r"it is too old, or was taken back; ask who sent it", "review_link"),
        (r": not found", "not_found"),
    )
)

# An error that tells what a post is held for; it keeps the sentences of holds.py between its own.
_STANDS: Final = tuple(
    (re.compile(pattern, re.DOTALL), key)
    for pattern, key in (
        (r"post \S+ is (?P<why>.+?); revise it first: campaign post edit", "first"),
        (r"post \S+ was (?P<why>returned in .+?); revise it, or say that it stands: ", "first"),
    )
)
_DATES: Final = frozenset({"back", "forward", "first", "second", "now", "days", "free", "times"})


class Meant(str):
    """What a finding means, in the reader's language; `rule` is what the verb said."""

    rule: str


def meant(text: str, tells: Callable[[Any], str] | None, look: Look, langs: Sequence[str] = ()) -> str:
    """Return the text, or what it means where it is none of the usual errors and knows to tell that itself.

    Args:
        tells: language of a reader → the sentence.
        langs: the languages that it is about.
    """
    if tells is None or reason(text, look) is not None:
        return text
    about = f"{look.language('+'.join(langs))}: " if langs else ""
    found = Meant(about + tells(look.lang))
    found.rule = text
    return found


def reason(text: str, look: Look) -> str | None:
    """Return what an error means in the reader's language; None: it is none of the usual ones.

    >>> reason("alt 1 (ko): a.png needs an alt text in ru", Look("en"))
    'An alt text is missing: Russian.'
    """
    for pattern, key in _STANDS:
        if (found := pattern.match(text[:_LONGEST])) and (told := why(found["why"], look)):
            return f"{told} {look.say(f'reason.{key}')}".strip()
    for pattern, key in _PATTERNS:
        if found := pattern.search(text[:_LONGEST]):
            values = {name: (value or "").strip() for name, value in found.groupdict().items()}
            if "language" in values:
                values["language"] = look.language(values["language"]) if values["language"] else "–"
            if "tongues" in values:
                values["tongues"] = ", ".join(tongue(one, look) for one in values["tongues"].split(", "))
            for name in _DATES & values.keys():
                values[name] = dated(values[name], look)
            return look.say(f"reason.{key}", **values)
    return None
