"""Beacon: build, approve, send and measure campaigns."""

__version__ = "0.1.0"
