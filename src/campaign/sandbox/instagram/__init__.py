"""The twin of Instagram."""
