"""Commonly used software, run on the same work in the same call."""
