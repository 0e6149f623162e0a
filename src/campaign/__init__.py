"""campaign: a social media campaign scheduler and archive that never posts twice and never loses a post."""

__version__ = "0.1.0"
