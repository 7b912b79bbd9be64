"""Compile plugins of the front end."""
