"""E-mail as a channel: its content, parsing and checks."""
