"""E-mail as a channel: what is written, how it is read and checked."""
