"""The tools that translate, over HTTP against their twins."""
