"""The first page: what is sending, what is wrong, what came of it."""
