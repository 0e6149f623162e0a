"""A twin of Discord: a server's channel, the bot and the webhook that post there, and a bot that only reads."""
