"""What people use today, run on the same work in the same call."""
