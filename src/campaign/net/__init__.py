"""The one user of httpx: what leaves, where it may go, what is kept of it, and how often."""
