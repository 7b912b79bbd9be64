"""Who did what to which object: append-only, every entry chained to the one before."""
