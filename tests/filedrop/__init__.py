"""A channel that drops one file per message into a folder: what a new channel takes, shown and tested.

`adapter.py` and `jobs.py` are all of it; the registry's line is in `test_filedrop.py`.
"""
