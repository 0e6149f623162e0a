"""The keys that tokens are sealed under."""

from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line
from campaign.service.rotate import rotate


def rotate_it(*, here: Here = HERE) -> None:
    """Seal all tokens under a new key, and remove the old one.

    Example: campaign keys rotate

    It may run while the daemon publishes, and be begun again after a crash. Where keys.token_key gives the key, put the
    new one there and the old one into keys.old_token_key first, for all processes.
    """
    with here.opened() as app:
        rotated = rotate(app, by=here.person(app))
    if here.json:
        data({"key": rotated.key_id, "sealed": rotated.sealed, "dropped": list(rotated.dropped)})
    else:
        gone = f"; {', '.join(rotated.dropped)} is removed" if rotated.dropped else ""
        line(f"{rotated.sealed} secrets sealed under key {rotated.key_id}{gone}")
