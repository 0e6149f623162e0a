"""A translation is outdated exactly when the source's meaning changed after the revision that it translates."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.language import blocked, latest, outdated, stale_fields
from campaign.core.model import FIELDS, Variant

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def variant(lang: str, revision: int, **options: object) -> Variant:
    return Variant("p", lang, revision, f"{lang} {revision}", (), None, "alice", NOW, **options)  # type: ignore[arg-type]


def test_what_was_composed_together_is_not_outdated() -> None:
    assert outdated([variant("ko", 1), variant("ru", 1)], "ko") == {}


def test_a_change_of_meaning_outdates_each_translation_until_it_is_based_on_it() -> None:
    old = [variant("ko", 1), variant("ru", 1), variant("en", 1), variant("ko", 2)]

    assert outdated(old, "ko") == {"ru": 2, "en": 2}
    assert outdated([*old, variant("ru", 2, based_on={"text": 2})], "ko") == {"en": 2}


def test_a_mended_typo_outdates_nothing_but_does_not_mend_what_is_outdated() -> None:
    typo = [variant("ko", 1), variant("ru", 1), variant("ko", 2, change="typo")]

    assert outdated(typo, "ko") == {}
    assert outdated([variant("ko", 1), variant("ru", 1), variant("ko", 2), variant("ko", 3, change="typo")], "ko") == {
        "ru": 2
    }


@given(
    changes=st.lists(st.sampled_from(["meaning", "typo"]), max_size=6),
    based_on=st.one_of(st.none(), st.integers(1, 7)),
)
def test_outdated_is_what_a_reader_of_the_history_would_say(changes: list[str], based_on: int | None) -> None:
    sources = [variant("ko", 1), *(variant("ko", n, change=c) for n, c in enumerate(changes, 2))]
    seen = based_on or 1
    expected = any(s.change == "meaning" and s.revision > max(seen, 1) for s in sources if s.revision > 1)
    rows = [*sources, variant("ru", 1, based_on={} if based_on is None else dict.fromkeys(FIELDS, based_on))]

    assert ("ru" in outdated(rows, "ko")) == expected
    assert latest(rows)["ko"].revision == len(sources)


def test_only_the_field_that_changed_is_stale_and_only_the_wording_keeps_a_language_back() -> None:
    first = [variant("ko", 1, alt={1: "지도"}), variant("ru", 1, alt={1: "Карта"}), variant("en", 1)]
    redrawn = replace(first[0], revision=2, alt={1: "여정 지도"})
    reworded = replace(redrawn, revision=3, text="다른 글")

    assert stale_fields([*first, redrawn], "ko") == {"ru": {"alt": 2}, "en": {"alt": 2}}
    assert outdated([*first, redrawn], "ko") == {}
    assert stale_fields([*first, redrawn, reworded], "ko") == {lang: {"alt": 2, "text": 3} for lang in ("ru", "en")}
    assert outdated([*first, redrawn, reworded], "ko") == {"ru": 3, "en": 3}


def test_a_field_that_was_translated_again_is_stale_no_more_while_the_others_stay_so() -> None:
    first = [variant("ko", 1), variant("ru", 1)]
    source = replace(first[0], revision=2, text="새 글", title="새 제목")
    translated = variant("ru", 2, based_on={"text": 2})

    assert stale_fields([*first, source, translated], "ko") == {"ru": {"title": 2}}


def test_what_a_machine_wrote_is_kept_back_until_a_person_has_saved_it() -> None:
    rows = [variant("ko", 1), variant("ru", 1, machine="deepl")]

    assert blocked(rows, "ko") == {"ru": "translated by deepl in ru: a person must save it first"}
    assert blocked([*rows, variant("ru", 2)], "ko") == {}
