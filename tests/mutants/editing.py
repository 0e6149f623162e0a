"""What the desk's editor may not lose, and may not say in a person's name."""

from tests.mutants.mutant import breaks

EDITOR = "tests/web/test_edit_page.py"
WEIGH = "tests/service/test_weigh.py"

DESK = [
    breaks(
        "the slower writer overwrites the faster",
        "web/edit_page.py",
        "        based_on=seen or None,\n",
        "        based_on=None,\n",
        EDITOR,
    ),
    breaks(
        "a form that does not say what was seen is kept",
        "web/edit_page.py",
        "    if seen is None:\n        raise",
        "    if seen is None and False:\n        raise",
        EDITOR,
    ),
    breaks(
        "two first translations are kept one over the other",
        "web/edit_page.py",
        "        seen[sheet.lang] = 0\n",
        "        pass\n",
        EDITOR,
    ),
    breaks(
        "a translation of an older source counts as up to date",
        "web/edit_page.py",
        "        seen[sheet.campaign.source_lang] = source\n",
        "        pass\n",
        EDITOR,
    ),
    breaks(
        "what was not touched is put back over theirs",
        "web/edit_page.py",
        "kept[key] if key in untouched else text for",
        "text for",
        EDITOR,
    ),
    breaks(
        "saving one field says that all of them hold",
        "web/edit_page.py",
        '        fields = fields or {"text"}\n',
        "        fields = set(FIELDS)\n",
        EDITOR,
    ),
    breaks(
        "an untouched save says that the translation holds",
        "web/edit_page.py",
        "        elif not fields and sheet.stale:\n",
        "        elif False:\n",
        EDITOR,
    ),
    breaks(
        "own words that changed meanwhile are overwritten",
        "web/edit_page.py",
        '    if sheet.account and visit.text("own") not in ("", sheet.mark):\n',
        "    if False:\n",
        EDITOR,
    ),
    breaks(
        "a caption file is lost with a refusal",
        "web/edit_page.py",
        "        tracks |= _tracks(visit, sheet, files)\n",
        "        tracks |= _tracks(visit, sheet, files)\n"
        "        files.forget([one.digest for one in tracks.values()])\n",
        EDITOR,
    ),
    breaks(
        "who may not write sees the form",
        "web/edit_page.py",
        '    sheet = Sheet.read(desk, visit, visit.asked("language"), visit.asked("account"))\n'
        "    demand_writer(visit.person, sheet.campaign, sheet.lang)\n",
        '    sheet = Sheet.read(desk, visit, visit.asked("language"), visit.asked("account"))\n',
        EDITOR,
    ),
    breaks(
        "a fix goes to the wrong place",
        "web/edit_sheet.py",
        "    return sorted(mine, key=lambda one: abs((one.place or (0, 0))[0] - start))[:1]\n",
        "    return sorted(mine, key=lambda one: -abs((one.place or (0, 0))[0] - start))[:1]\n",
        EDITOR,
    ),
    breaks(
        "the source's first alt text is forgotten",
        "store/posts.py",
        "if rows and not as_came else {}",
        "if rows else {}",
        EDITOR,
    ),
    breaks(
        "another alt text is not weighed",
        "service/weigh.py",
        "            alts[lang] = alt[item.position]\n",
        "            pass\n",
        WEIGH,
    ),
    breaks(
        "a language that is new to an account is not weighed",
        "service/weigh.py",
        "if lang not in target.langs and lang in scene.accounts[target.account_id].langs\n",
        "if False\n",
        WEIGH,
    ),
]
