"""Sending accounts and the adapters that speak to providers."""
