"""What was approved, of which words, and whether they still say what the source says."""

from tests.mutants.mutant import breaks

LANGUAGE = "tests/core/test_language.py"
APPROVAL = "tests/core/test_approval.py"
REVISE = "tests/service/test_revise.py"
REPLACE = "tests/service/test_replace.py"
JOURNEY = "tests/demo/test_languages.py"

WORDS = [
    breaks(
        "a mended typo outdates the translations",
        "core/language.py",
        '        if after.change == "meaning":\n',
        "        if after.change:\n",
        LANGUAGE,
    ),
    breaks(
        "an outdated alt text keeps a language back",
        "core/language.py",
        "        revisions = [revision for name, revision in stale.items() if name in WORDING]\n",
        "        revisions = list(stale.values())\n",
        LANGUAGE,
    ),
    breaks(
        "a field that was translated before the change is taken for current",
        "core/language.py",
        "if revision > variant.based_on.get(name, 1)}",
        "if revision > variant.based_on.get(name, revision)}",
        LANGUAGE,
    ),
    breaks(
        "a machine's words go out as they are",
        "core/language.py",
        "        if variant.machine is not None:\n",
        "        if variant.machine is None and False:\n",
        LANGUAGE,
    ),
    breaks(
        "what is outdated keeps its approval",
        "service/enqueue.py",
        "    if old := read(tx, campaign, post, now=app.clock.now()).outdated:\n",
        "    if (old := read(tx, campaign, post, now=app.clock.now()).outdated) and False:\n",
        JOURNEY,
        REVISE,
    ),
    breaks(
        "other words go out under the old key",
        "service/replace.py",
        "outbox.note(tx, row, **values, key=app.new_key())",
        "outbox.note(tx, row, **values)",
        REPLACE,
    ),
    breaks(
        "every edit carries the approvals of the other languages over",
        "service/revise.py",
        "        carry = _others_stand(edit, new, old, campaign)\n",
        "        carry = True\n",
        REPLACE,
    ),
    breaks(
        "the word of the language that was edited is carried over with the others",
        "service/replace.py",
        "[each for each in before.outgoing.langs if each != lang]",
        "list(before.outgoing.langs)",
        REPLACE,
    ),
    breaks(
        "a part that is not needed any more goes out",
        "service/replace.py",
        "            _withdraw(app, tx, post, entry, rows.get(entry.id))\n",
        "            continue\n",
        REPLACE,
    ),
    breaks(
        "a language is added to a post of several that is out",
        "service/replace.py",
        "    if target.strategy in TOGETHER and out and places - out:\n",
        "    if target.strategy in TOGETHER and out and False:\n",
        REPLACE,
    ),
    breaks(
        "an edit passes by the words that an account has of its own",
        "service/revise.py",
        "        if edit.given & target.overrides.get(lang, {}).keys()\n",
        "        if not edit\n",
        REPLACE,
    ),
    breaks(
        "who was slower writes over who was faster",
        "service/revise.py",
        "    if now is not None and now != before:\n",
        "    if now is not None and before is None:\n",
        REPLACE,
    ),
    breaks(
        "an approval that was taken back still holds",
        "core/approval.py",
        "    if given.void_at is not None:\n",
        "    if given.void_at is not None and given.void_at < given.created_at:\n",
        APPROVAL,
    ),
    breaks(
        "an approval never expires",
        "core/approval.py",
        "    if given.expires_at is not None and given.expires_at <= now:\n",
        "    if given.expires_at is not None and given.expires_at < given.created_at:\n",
        APPROVAL,
    ),
    breaks(
        "an approval holds for any time",
        "core/approval.py",
        "abs(asked.due_at - given.due_at) > asked.window:",
        "asked.due_at < given.due_at - asked.window * 1000:",
        APPROVAL,
    ),
    breaks(
        "one person gives every step",
        "core/approval.py",
        "    return len(set(without)) == len(without)\n",
        "    return len(without) == len(without)\n",
        APPROVAL,
    ),
    breaks(
        "who wrote it approves it",
        "core/approval.py",
        "    if last and person.name == author:\n",
        "    if last and person.name == author and not steps:\n",
        APPROVAL,
    ),
    breaks(
        "who translated it reviews it",
        "core/approval.py",
        "    if person.name == writer:\n",
        "    if person.name == writer and not steps:\n",
        APPROVAL,
    ),
]
