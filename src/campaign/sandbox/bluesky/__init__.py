"""The twin of Bluesky: a personal data server, and what an application tells of its posts."""
