"""Made-up people, messages and finished campaigns, for rehearsals and for the demo."""
