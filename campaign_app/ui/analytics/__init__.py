"""Figures over all campaigns."""
