"""A twin of LinkedIn, as its versioned API answers."""
