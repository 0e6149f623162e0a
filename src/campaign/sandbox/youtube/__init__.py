"""The twin of YouTube: the Data API v3, as far as a channel uploads, publishes, edits and counts its videos."""
