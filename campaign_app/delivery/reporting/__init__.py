"""Reporting: what pages and operations are told.

- `progress`: the small JSON of a running campaign. `worker_reports`: heartbeats of workers, their leases and jobs.
- `recipient_queries`: the recipients' table and counters. `reasons`: why somebody got a message, or did not.
- `account_rates`: the rates that providers' push-back has led to.
"""
