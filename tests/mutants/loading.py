"""Sheets: what strangers send is told and never obeyed, and what is there is not written over."""

from tests.mutants.mutant import breaks

LOAD = "tests/service/test_load.py"
HOSTILE = "tests/sheets/test_hostile.py"
GUARDED = "tests/sheets/test_identity.py::test_what_a_spreadsheet_could_run_is_guarded_and_comes_back"
ESCAPED = "tests/sheets/test_workbook.py::test_two_escapes_that_share_a_sign_are_read_as_they_were"
FETCH = "tests/net/test_fetch.py"
REFUSE = "        parser.StartDoctypeDeclHandler = refuse\n"

SHEETS = [
    breaks(
        "a sheet: a formula is taken for its value",
        "sheets/xlsx.py",
        "        if self.formula:\n",
        "        if False:\n",
        HOSTILE,
    ),
    breaks("a sheet: a document type is let in", "sheets/xlsx.py", REFUSE, "", HOSTILE),
    breaks(
        "a sheet: what it unpacks to is not bounded",
        "sheets/xlsx.py",
        "sum(info.file_size for info in infos) > UNPACKED",
        "sum(info.compress_size for info in infos) > UNPACKED",
        HOSTILE,
    ),
    breaks(
        "a sheet: what a spreadsheet would run goes out as it is",
        "sheets/column.py",
        """return "'" + text if _RUNS.match(text) else text""",
        "return text",
        GUARDED,
    ),
    breaks(
        "a sheet: a quotation mark of the text itself is taken off",
        "sheets/column.py",
        """return text[1:] if text.startswith("'") and _RUNS.match(text) else text""",
        """return text[1:] if text.startswith("'") else text""",
        GUARDED,
    ),
    breaks(
        "a sheet: only some of two escapes in a row are escaped",
        "sheets/workbook.py",
        'made.add_worksheet("Posts", worksheet_class=_worksheet())',
        'made.add_worksheet("Posts")',
        ESCAPED,
    ),
    breaks(
        "a sheet: one bad row does not keep the rest out",
        "service/load.py",
        "kept = bool(loader.work) and (good or only_good) and",
        "kept = bool(loader.work) and",
        LOAD,
    ),
    breaks(
        "a sheet: a dry run keeps what is new",
        "service/load.py",
        "loader.look(item, keeps=not dry_run)",
        "loader.look(item, keeps=True)",
        LOAD,
    ),
    breaks(
        "a sheet: a dry run writes into the media library",
        "service/load.py",
        'replace(self.app, media=Beside(self.app.media, self.place / "beside"))',
        "self.app",
        LOAD,
    ),
    breaks(
        "a sheet: what somebody else wrote meanwhile is written over",
        "service/load.py",
        "seen = there.revisions.get(lang)\n",
        "seen = None\n",
        LOAD,
    ),
    breaks(
        "a sheet: the same words again are a revision",
        "service/differ.py",
        "given = {name: value for name, value in given.items() if value != before[name]}",
        "given = dict(given)",
        LOAD,
    ),
    breaks(
        "a sheet: an empty cell takes a language away unseen",
        "service/differ.py",
        '        if old is not None:\n            rule = "is empty',
        '        if old is None:\n            rule = "is empty',
        LOAD,
    ),
    breaks(
        "a sheet: a machine's words become a person's",
        "store/whole.py",
        "latest([each for each in mine if each.machine is None])",
        "latest(mine)",
        LOAD,
    ),
    breaks(
        "a sheet: files beside its folder are sent",
        "service/bring.py",
        "(folder / file).resolve().is_relative_to(folder.resolve())",
        "(folder / file).exists()",
        LOAD,
    ),
    breaks(
        "a sheet: where a redirect leads is not looked at",
        "net/fetch.py",
        "            guard.check_url(at, foreign=True)\n",
        "",
        FETCH,
    ),
    breaks(
        "an edit brings back an account that was left out",
        "service/revise.py",
        "        left_out = not target.langs",
        "        left_out = False",
        "tests/service/test_arrange.py",
    ),
]
