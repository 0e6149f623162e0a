"""A twin of the Bot API: channels, the bot that posts there, and a second one that watches."""
