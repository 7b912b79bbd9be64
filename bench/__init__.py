"""Benchmarks: each figure is a ratio to a reference that runs in the same call."""
