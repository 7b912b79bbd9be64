"""Local providers that speak the real protocols, with faults on demand. An own process; nothing imports it."""
