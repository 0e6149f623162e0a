"""A twin of LINE: an official account that broadcasts to its friends."""
