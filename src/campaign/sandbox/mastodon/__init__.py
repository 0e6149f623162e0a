"""The twin of a Mastodon server, as of 4.4/4.5."""
