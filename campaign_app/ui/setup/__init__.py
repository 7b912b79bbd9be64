"""The set-up step after the owner is created: workspace settings that every message needs."""
