"""Helpers that know nothing of campaigns."""
