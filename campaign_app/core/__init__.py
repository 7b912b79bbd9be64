"""What every room stands on: configuration, database, Redis, queue, secrets, errors."""
