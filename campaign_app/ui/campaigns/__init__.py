"""Pages of campaigns: the list and the builder."""
