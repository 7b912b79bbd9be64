"""Runtime: the engine of one worker process.

- `engine`: puts the rest together; jobs call `Engine.run_batch`. `background`: work beside the sending.
- `runner_registry`: which campaigns this worker sends, through which accounts. `campaign_runner`: one campaign: its
  state, leases, slots and messages. `loading` makes it from the database.
- `account_queue`: one sending account: what its connections take next, and what its answers mean. `fair_scheduler`
  decides whose turn it is.
- `lease_keeper`: claims leases, reads them on, releases them. `held_lease`, `lease_registry`: those in this worker's
  hands. `lease_returns`, `lease_loss`: how they end.
- `pacer`, `slots`, `meter`: limits and rates. `push_back`, `circuit`, `safety_brake`, `slow_render`: what slows or
  stops it.
- `job_chain`: the jobs of a campaign that follow one another. `retry`: when a message is tried again.
- `database_health`: whether this worker reaches the database.
"""
