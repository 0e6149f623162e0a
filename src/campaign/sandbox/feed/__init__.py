"""The twin of a web server that shows a folder with feeds."""
