"""The sentences of the account pages in Korean, English and Russian."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {}
