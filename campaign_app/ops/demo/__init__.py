"""Made-up people, messages and history, for rehearsals and for pages that have something to show."""
