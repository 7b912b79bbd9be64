"""Recovery: `sweeper` settles leases of dead workers and lost hosts, and gives campaigns back their jobs and gates."""
