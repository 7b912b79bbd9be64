"""Local providers that speak the real protocols, with configurable faults. A separate process; nothing imports it."""
