"""The benchmark: a program that prints figures, no test. See __main__.py for how to run it."""
