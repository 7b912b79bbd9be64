"""Keeping the installation well: health, invariants, demo data."""
