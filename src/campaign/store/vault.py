"""The vault: seals what the database holds but must not be read in it, under a key that lies elsewhere."""

import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from campaign.core.errors import CampaignError, Conflict

_FILE = re.compile(r"token(?:\.k([1-9][0-9]{0,5}))?\.key")


class Vault:
    """Seals tokens with AES-256-GCM; the id of what they belong to is bound in, so a row cannot be moved to another.

    The keys lie in a folder of their own (0700), outside the database: token.key is k1, token.k2.key is k2, and so
    on. The highest seals; all of them open. So whoever holds an old process still reads what a rotation sealed anew,
    and the other way round.

    Args:
        key: 64 hex digits in place of the folder's keys.
        old_key: the key before that one; it only opens.
    """

    def __init__(self, folder: Path, key: str | None = None, old_key: str | None = None) -> None:
        self.folder, self._given, self._given_old = folder, key, old_key

    def create(self) -> None:
        """Make the first key, once."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        if self._given is None and not self._files():
            self._make(self.folder / "token.key")

    def seal(self, owner_id: str, token: str) -> tuple[str, bytes]:
        """Return the key's id and the sealed token."""
        key_id, key = self._newest()
        nonce = secrets.token_bytes(12)
        return key_id, nonce + AESGCM(key).encrypt(nonce, token.encode(), owner_id.encode())

    def unseal(self, owner_id: str, sealed: bytes) -> str:
        """Return the token. Raises: CampaignError when no key here is the one that sealed it."""
        keys = list(self._keys())
        if not keys:
            raise self._unusable()
        for _, key in keys:  # the newest first; a wrong key is told by the seal itself
            with suppress(InvalidTag, ValueError):
                return AESGCM(key).decrypt(sealed[:12], sealed[12:], owner_id.encode()).decode()
        raise CampaignError(
            f"the token of an account cannot be opened with the key in {self.folder}: "
            "restore the right key, or connect the account again with: campaign account add"
        )

    def derived(self, purpose: str) -> bytes:
        """Return a secret for another purpose, from which the key cannot be found. A rotation changes it."""
        return hmac.digest(self._newest()[1], purpose.encode(), "sha256")

    def kept(self, name: str, make: Callable[[], str]) -> str | None:
        """Return another secret that lies beside the keys, made once; no rotation touches it.

        None: the keys are given by the settings, so the folder may be another on each machine.
        """
        if self._given is not None:
            return None
        file = self.folder / name
        if not file.exists():
            self._make(file, make())
        return file.read_text().strip()

    @property
    def key_id(self) -> str:
        """The id of the key that seals. Raises: CampaignError when there is none."""
        return self._newest()[0]

    def add_key(self) -> str:
        """Make a further key, which seals from now on, also in processes that run; return its id.

        Raises:
            Conflict: the key is given by the settings, and so must the next one be.
        """
        if self._given is not None:
            raise Conflict(
                "the key is given by keys.token_key: put a new one there and the present one into keys.old_token_key, "
                "for all processes, then rotate again"
            )
        number = max(self._files(), default=0) + 1
        name = "token.key" if number == 1 else f"token.k{number}.key"
        self._make(self.folder / name)
        return f"k{number}"

    def older(self) -> list[str]:
        """Return the ids of the keys in the folder that only open: a rotation was begun and did not end."""
        if self._given is not None:
            return []
        newest = int(self.key_id[1:])
        return [f"k{number}" for number in sorted(self._files()) if number < newest]

    def drop_older(self) -> list[str]:
        """Remove the key files under which nothing is sealed any more: all but the newest; return their ids."""
        gone, files = self.older(), self._files()
        for key_id in gone:
            files[int(key_id[1:])].unlink(missing_ok=True)
        return gone

    def _newest(self) -> tuple[str, bytes]:
        found = next(self._keys(), None)
        if found is None:
            raise self._unusable()
        return found

    def _keys(self) -> Iterator[tuple[str, bytes]]:
        """Yield the usable keys with their ids, the newest first. Read each time: a rotation may run elsewhere."""
        if self._given is not None:
            for text in (self._given, self._given_old):
                if text and (key := _key(text)):
                    yield f"given-{sha256(key).hexdigest()[:8]}", key
                elif text is self._given:
                    return  # the key itself is no key: nothing must be opened or sealed by halves
            return
        for number, file in sorted(self._files().items(), reverse=True):
            with suppress(OSError, ValueError):
                if key := _key(file.read_text()):
                    yield f"k{number}", key

    def _files(self) -> dict[int, Path]:
        try:
            names = [(file, _FILE.fullmatch(file.name)) for file in self.folder.iterdir()]
        except OSError:
            return {}
        return {int(match[1] or 1): file for file, match in names if match}

    def _make(self, file: Path, content: str | None = None) -> None:
        # Written whole under another name first: a crash must not leave half a key that seals tokens for good.
        # A link fails where the name is taken: of two processes that begin at once one makes the key, both use it.
        fresh = self.folder / f".{file.name}.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        with fresh.open("w", encoding="ascii") as stream:
            stream.write((content or secrets.token_hex(32)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())  # what is sealed under it is lost with it
        with suppress(FileExistsError):
            file.hardlink_to(fresh)
        fresh.unlink()
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unusable(self) -> CampaignError:
        return CampaignError(f"there is no usable key in {self.folder}; make one with: campaign init")


def _key(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return key if len(key) == 32 else None
