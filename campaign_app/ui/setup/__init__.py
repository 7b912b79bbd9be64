"""The step after the owner is made: what every message needs of the workspace."""
