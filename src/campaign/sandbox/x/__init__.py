"""A twin of X, as its API v2 answers."""
