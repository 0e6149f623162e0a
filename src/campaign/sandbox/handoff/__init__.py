"""The twin of a place where a person puts things up: a board in a browser, with a form and no interface."""
