"""What is read before it goes: the glossary, likeness, and what a person may let stand."""

from tests.mutants.mutant import Edit, Mutant, breaks

TERMS = "tests/core/test_glossary.py"
LIKE = "tests/core/test_likeness.py"
READ = "tests/service/test_proofread.py"
ROWS = "tests/store/test_glossary.py"

READING = [
    breaks(
        "a forbidden word is found at the beginning of a longer one",
        "core/glossary.py",
        'if _END in node and (at == size or not text[at].isalnum() or "가" <= text[at] <= "힣"):',
        "if _END in node:",
        TERMS,
    ),
    breaks(
        "a Korean word with its particle is not found",
        "core/glossary.py",
        'not text[at].isalnum() or "가" <= text[at] <= "힣"):',
        "not text[at].isalnum()):",
        TERMS,
    ),
    breaks(
        "ё is another letter than е",
        "core/glossary.py",
        '    "е": "ё",\n',
        "",
        TERMS,
    ),
    breaks(
        "a form that may stand does not excuse what stands within it",
        "core/glossary.py",
        "if not any(start == match.start and end >= match.end for start, end in right):",
        "if True:",
        TERMS,
    ),
    breaks(
        "a term ends a day early",
        "core/glossary.py",
        "term.valid_until < day:",
        "term.valid_until <= day:",
        TERMS,
    ),
    breaks(
        "the particle is left as it was",
        "core/glossary.py",
        "fix, end = joined(fix, shown, text, end)",
        "pass",
        TERMS,
    ),
    breaks(
        "any two texts with a few runs in common are alike",
        "core/likeness.py",
        "NEAR: Final = 0.5",
        "NEAR: Final = 0.1",
        LIKE,
    ),
    breaks(
        "of a short text a changed number is nearly the same",
        "core/likeness.py",
        "LEAST: Final = 30",
        "LEAST: Final = 1",
        LIKE,
    ),
    breaks(
        "the index of many questions forgets what it was asked once",
        "core/likeness.py",
        "                shared.update(self._runs.get(run, ()))",
        "                shared.update(())",
        LIKE,
    ),
    breaks(
        "an error in the words is kept",
        "service/compose.py",
        "    raise_errors(rendered.findings + said)",
        "    raise_errors(rendered.findings)",
        f"{READ}::test_an_error_in_the_words_keeps_a_post_from_being_kept",
    ),
    breaks(
        "a revision is not read",
        "service/revise.py",
        "rendered.findings += unwaived(_remarks(",
        "_ = unwaived(_remarks(",
        f"{READ}::test_a_revision_is_held_against_the_same_rules",
    ),
    breaks(
        "signs that turn a text may stand",
        "service/usage.py",
        'return bool(finding.code) and (finding.severity == "warning" or finding.code in WAIVABLE)',
        "return bool(finding.code)",
        f"{READ}::test_not_everything_may_stand_nor_may_everybody_say_so",
    ),
    breaks(
        "what may stand in one language may stand in all",
        "service/usage.py",
        "        and waiver.lang in one.langs\n",
        "",
        f"{READ}::test_what_may_stand_in_one_language_is_told_in_another",
    ),
    breaks(
        "what may stand may be followed by anything",
        "service/usage.py",
        '        and waiver.value in ("", finding.value)\n',
        "",
        f"{READ}::test_what_may_stand_is_told_again_with_another_value",
    ),
    Mutant(
        "a word that was forbidden meanwhile goes out",
        (
            Edit(
                "service/look.py",
                "    faults = faults_of(proofread(app, tx, campaign, post), entries)",
                "    faults: dict[str, str] = {}",
            ),
            Edit("service/standing.py", "blocked=stopped | blocking(tx, campaign, post, words),", "blocked=stopped,"),
        ),
        (f"{READ}::test_half_an_hour_before_its_time_a_word_that_was_forbidden_meanwhile_holds_its_language",),
    ),
    breaks(
        "what a draft lets stand lets stand whatever follows",
        "service/usage.py",
        "made.setdefault(key, replace(waiver, id=app.new_id(), value=finding.value))",
        "made.setdefault(key, waiver)",
        f"{READ}::test_what_may_stand_is_told_again_with_another_value",
    ),
    breaks(
        "what is let pass stays held",
        "service/proofread.py",
        "        judge(app, tx, campaign, post, faults)\n",
        "",
        f"{READ}::test_half_an_hour_before_its_time_a_word_that_was_forbidden_meanwhile_holds_its_language",
    ),
    breaks(
        "an outdated translation is mended into an up to date one",
        "service/mend.py",
        "        if lang in stale:\n",
        "        if lang is None:\n",
        f"{READ}::test_an_outdated_translation_is_not_mended_into_an_up_to_date_one",
    ),
    breaks(
        "what was cancelled is a neighbour",
        "store/echoes.py",
        "            sa.or_(deliveries.c.state.is_(None), deliveries.c.state != State.CANCELLED),\n",
        "",
        ROWS,
    ),
    breaks(
        "a campaign's own term does not take the place of that of all",
        "store/glossary.py",
        "        if term.campaign_id is not None or term.name not in kept:\n",
        "        if term.campaign_id is None or term.name not in kept:\n",
        ROWS,
    ),
]
