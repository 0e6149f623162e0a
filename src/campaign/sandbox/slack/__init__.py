"""A twin of Slack: a team's channel, the app's bot and the incoming webhook that post there."""
