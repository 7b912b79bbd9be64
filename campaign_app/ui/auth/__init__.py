"""Sign-in and first start: the only pages without a session."""
