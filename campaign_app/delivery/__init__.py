"""Sending: everything between the launch of a campaign and the outcome of each message.

`service` is the door for use cases (launch, pause, resume, cancel, decide about uncertain recipients), `jobs` the door
for the worker. Sub-rooms, high to low; each imports only those below it:

- `recovery/`: settles what died: leases of dead workers, campaigns without jobs.
- `reporting/`: what pages are told: progress, recipients, workers, why.
- `runtime/`: one worker's engine: runners of campaigns, queues of accounts, limits, fairness, circuit and brake.
- `launch/`: frozen recipients and content, and how the first messages are met.
- `ledger/`: statuses and their transitions, leases, the worker's journal, every write of an outcome.
"""
