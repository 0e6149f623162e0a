"""rotate: seal every secret anew under a new key, and then forget the old one. A crash leaves both, and both open.

The steps: a new key file, which seals from now on in every process; all rows sealed anew, some in each transaction;
then, while nobody can write a sealed secret, a count of what is still under another key: where there is none, the old
files are removed. Whoever begins again after a crash goes on where it stopped, with the key that is there.
"""

from dataclasses import dataclass

from campaign.core.errors import CampaignError
from campaign.core.model import Person, Role
from campaign.service import App, demand_role, event
from campaign.store import credentials as rows

AT_ONCE = 100  # rows sealed anew in one transaction


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the key that seals now, how many secrets were sealed anew, the keys that are gone."""

    key_id: str
    sealed: int
    dropped: tuple[str, ...]


def rotate(app: App, *, by: Person) -> Rotated:
    """Make a new key, seal all secrets under it, and remove the old one.

    Where a rotation was begun and did not end, it is ended, and no further key is made.

    Raises:
        Forbidden: only an admin may.
        Conflict: the key is given by the settings, and there is no new one in them yet.
        CampaignError: a secret cannot be opened with any key that is here; it and the keys stay.
    """
    demand_role(by, Role.ADMIN)
    with app.store.read() as tx:
        unfinished = rows.under_other_keys(tx, app.vault.key_id)
    if not unfinished and not app.vault.older():
        app.vault.add_key()
    app.failpoint("rotation.key_made")
    sealed = 0
    while True:
        with app.store.begin() as tx:
            rows.lock(tx)
            done = rows.reseal(tx, app.vault, limit=AT_ONCE)
        sealed += done
        app.failpoint("rotation.some_sealed")
        if done < AT_ONCE:
            break
    with app.store.begin() as tx:
        rows.lock(tx)
        left = rows.under_other_keys(tx, app.vault.key_id)
        if left:
            raise CampaignError(f"{left} secrets are still sealed under an older key; rotate again")
        event(app, tx, "keys.rotated", by.name, detail={"key": app.vault.key_id, "sealed": sealed})
    app.failpoint("rotation.all_sealed")
    with app.store.begin() as tx:  # nobody seals while the old key goes: who waited seals under the new one
        rows.lock(tx)
        dropped = () if rows.under_other_keys(tx, app.vault.key_id) else tuple(app.vault.drop_older())
    return Rotated(app.vault.key_id, sealed, dropped)
