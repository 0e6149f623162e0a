"""What a native reader would mark in a text: letters, typography, parity with the source, hashtags, language."""
