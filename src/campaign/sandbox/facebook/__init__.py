"""The twin of Facebook Pages."""
