"""forecast: how long a post will be in the languages that are not written yet, as each of its accounts counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaign.core.errors import Invalid
from campaign.core.forecast import SEED, Forecast, Ratios, forecast
from campaign.core.model import Account, Campaign, Lang, Strategy
from campaign.core.text import check_tag, check_text, compose_text
from campaign.service import App
from campaign.service.draft import Wording
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import pairs


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The forecast of one Outgoing."""

    account: str
    forecast: Forecast


def foresee(
    app: App,
    campaign_name: str,
    texts: Mapping[Lang, str],
    to: Sequence[str],
    *,
    tags: Mapping[Lang, Sequence[str]] | None = None,
    link: str | None = None,
    strategy: Strategy = "split",
    with_media: bool = False,
) -> list[Foreseen]:
    """Return a forecast for each account and each language of the campaign that it speaks and that is not written.

    Args:
        texts: what is written; from the campaign's source language if it is among them, else from the first.
        tags: hashtags by language.
        link: a web address; {lang} in it becomes the language.
        with_media: whether a picture or a clip goes with it: some platforms admit less text then.

    Raises:
        Invalid: no text, or a language that the campaign does not have.
        NotFound: the campaign, or an account.
    """
    if not to:
        raise Invalid("to", "", "must name at least one account")
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        accounts = [account_rows.account_named(tx, name) for name in dict.fromkeys(to)]
        in_use = pairs.texts_in_use(tx)
    known = ", ".join(campaign.languages)
    for lang in {**texts, **(tags or {})}:
        if lang not in campaign.languages:
            raise Invalid("text", lang, f"is no language of campaign {campaign.name}, which has: {known}")
    if not texts:
        raise Invalid("text", "", f"must be given in one language, as in --text {campaign.source_lang}=…")
    wordings = {
        lang: Wording(
            check_text(f"text ({lang})", text),
            tuple(check_tag(f"tags ({lang})", tag) for tag in (tags or {}).get(lang, ())),
            link.replace("{lang}", lang) if link else None,
        )
        for lang, text in texts.items()
    }
    others = {lang: tuple(given) for lang, given in (tags or {}).items() if lang not in texts}
    return foreseen(
        app,
        campaign,
        learned(campaign, in_use),
        [(account, [lang for lang in campaign.languages if lang in account.langs]) for account in accounts],
        wordings,
        tags=others,
        link=link,
        strategy=strategy,
        with_media=with_media,
    )


def learned(campaign: Campaign, in_use: Sequence[tuple[str, Mapping[Lang, str]]]) -> Ratios:
    """Return the ratios of a campaign: the seed, drawn towards the installation's texts, and more towards its own."""
    wider = SEED.learn(texts for campaign_id, texts in in_use if campaign_id != campaign.id)
    return wider.learn(texts for campaign_id, texts in in_use if campaign_id == campaign.id)


def foreseen(
    app: App,
    campaign: Campaign,
    ratios: Ratios,
    langs_of: Sequence[tuple[Account, Sequence[Lang]]],
    wordings: Mapping[Lang, Wording],
    *,
    tags: Mapping[Lang, Sequence[str]] | None = None,
    link: str | None = None,
    strategy: Strategy = "split",
    with_media: bool = False,
) -> list[Foreseen]:
    """Return the forecasts of what is not written yet; nothing where all is written, or nothing.

    Args:
        langs_of: accounts, each with the languages of the post that it takes.
        tags: hashtags of languages that are not written; where none are told, those that the campaign wants there,
            else those of the source.
        link: as it was typed, with {lang}; without one, that of the source.
    """
    if not wordings:
        return []
    source = campaign.source_lang if campaign.source_lang in wordings else next(iter(wordings))
    written = {lang: compose_text(w.text, w.tags, w.link) for lang, w in wordings.items()}
    tagged = {**campaign.required_tags, **(tags or {}), **{lang: w.tags for lang, w in wordings.items()}}
    found: list[Foreseen] = []
    for account, langs in langs_of:
        capabilities = app.capabilities(account)
        limit = capabilities.text.limit_with_media if with_media else None
        together = strategy == "combined" and len(langs) > 1
        for group in [tuple(langs)] if together else [(lang,) for lang in langs]:
            if all(lang in wordings for lang in group):
                continue
            told = forecast(
                source,
                wordings[source].text,
                group,
                capabilities.text,
                ratios=ratios,
                known=written,
                tags=tagged,
                link=link or wordings[source].link,
                limit=limit,
            )
            if told is not None:
                found.append(Foreseen(account.name, told))
    return found
