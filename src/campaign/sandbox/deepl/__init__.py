"""A twin of DeepL's API: translation of texts, usage, languages."""
