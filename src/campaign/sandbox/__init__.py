"""HTTP twins of the platforms: they accept, refuse and fail as the real ones do, and keep books of it."""

from campaign.sandbox.limits import Limit, Limits
from campaign.sandbox.serve import PLATFORMS, Twin, ask, books, create_app, run

__all__ = ["PLATFORMS", "Limit", "Limits", "Twin", "ask", "books", "create_app", "run"]
