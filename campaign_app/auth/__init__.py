"""People who sign in, their sessions, and what each role may do."""
