"""Reports of providers, one module each."""
