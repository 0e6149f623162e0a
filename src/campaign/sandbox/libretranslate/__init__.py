"""A twin of LibreTranslate: /translate and /languages."""
