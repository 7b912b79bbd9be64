"""The audit log: who did what to which object. Append-only; every entry is chained to the one before."""
