"""The twin of Threads."""
