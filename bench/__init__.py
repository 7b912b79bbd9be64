"""Benchmarks: each figure is a ratio to a reference run in the same call."""
