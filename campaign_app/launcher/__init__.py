"""What `./campaign` does: one module per command, and the processes that `up` keeps running."""
