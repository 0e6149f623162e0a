"""The sentences of the compose pages in Korean, English and Russian."""

from collections.abc import Mapping
from typing import Final

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {}
