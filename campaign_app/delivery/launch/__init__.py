"""Launch: recipients are frozen and cut into leases.

- `recipients`: one INSERT … SELECT with the reason for everybody who is left out; the leases.
- `content`: the message as it was frozen, and the campaign's limits.
- `refusals`: how the first messages of a campaign are met, counted over all workers.
"""
