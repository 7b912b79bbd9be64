"""The first page: running campaigns, problems, results."""
