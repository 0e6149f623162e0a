"""The journey's glossary: what it asks stands in the ten posts, and it is the same once it was taken in."""

from importlib.resources import as_file, files

from campaign.core.glossary import Glossary
from campaign.core.lint import lint, lint_pair, lint_tags
from campaign.demo.journey import load_journey
from campaign.service.glossary import checked
from campaign.sheets.terms import read_terms


def glossary() -> Glossary:
    with as_file(files("campaign.demo") / "glossary.csv") as sheet:
        return Glossary([checked(term) for _, term in read_terms(sheet)[1]])


def test_the_posts_say_what_the_glossary_asks_and_hold_no_error() -> None:
    terms, wrong, asked = glossary(), [], 0
    for post in load_journey().posts:
        day, source = post.local.date(), post.text["ko"]
        for lang, text in post.text.items():
            field = f"{post.id} ({lang})"
            asked += len(terms.hits(text, lang))
            wrong += terms.look(text, lang, field, day) + terms.compare(source, "ko", text, lang, field)
            found = lint(text, lang, field, among=("ko", "ru", "en")) + lint_tags(post.tags[lang], lang)
            found += lint_pair(source, "ko", text, lang, field) if lang != "ko" else []
            wrong += [one for one in found if one.severity == "error"]

    assert [] == wrong
    assert asked > 50


def test_the_slogan_of_the_journey_has_ended_since() -> None:
    post = next(post for post in load_journey().posts if "I·SEOUL·U" in post.text["ru"])

    (found,) = glossary().look(post.text["ru"], "ru", "text", post.local.date().replace(year=2024))
    assert "glossary-expired" == found.code
    assert "2023" in found.message("ko")
