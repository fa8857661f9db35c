"""Where people talk: one folder a channel, which knows no other channel, no database and no web page."""
