"""Operation of the installation: health, check-up, invariants, operations page, demo data."""
