"""The worker process: every background function of every room, declared on one page."""
