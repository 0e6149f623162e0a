"""Sheets of posts: files with many posts become rows, and rows become files; nothing is decided here."""
