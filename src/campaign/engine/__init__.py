"""Turns the crank: an engine decides when to look, never what to do. The rows are the only truth."""

from typing import Protocol


class Engine(Protocol):
    """A crank. A look that is lost, late or doubled changes nothing: the next one finds the rows that are due."""

    name: str

    async def run(self) -> None:
        """Turn until stop() is called."""

    def stop(self) -> None:
        """Claim nothing more; what is under way gets its time."""
