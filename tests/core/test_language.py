"""A translation is outdated exactly when the source's meaning changed after the revision that it translates."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.language import latest, outdated
from campaign.core.model import Variant

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def variant(lang: str, revision: int, **options: object) -> Variant:
    return Variant("p", lang, revision, f"{lang} {revision}", (), None, "alice", NOW, **options)  # type: ignore[arg-type]


def test_what_was_composed_together_is_not_outdated() -> None:
    assert outdated([variant("ko", 1), variant("ru", 1)], "ko") == {}


def test_a_change_of_meaning_outdates_each_translation_until_it_is_based_on_it() -> None:
    old = [variant("ko", 1), variant("ru", 1), variant("en", 1), variant("ko", 2)]

    assert outdated(old, "ko") == {"ru": 2, "en": 2}
    assert outdated([*old, variant("ru", 2, based_on=2)], "ko") == {"en": 2}


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
    rows = [*sources, variant("ru", 1, based_on=based_on)]

    assert ("ru" in outdated(rows, "ko")) == expected
    assert latest(rows)["ko"].revision == len(sources)
