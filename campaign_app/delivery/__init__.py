"""The engine: plans, sends, counts and accounts for every message."""
