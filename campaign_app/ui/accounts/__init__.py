"""Pages of the sending accounts."""
