"""Ledger: what became of each delivery, and who holds it.

- `transitions`: the table of statuses. `moves`: the only functions that change a status in a session.
- `outcome`: the end of an attempt, and the sums of many. `outcome_writer` writes them in bulk and keeps them while the
  database is away.
- `lease_store*`: claim, read and write on the sending path, for SQLite and PostgreSQL. On SQLite `sqlite_process` does
  it with `sqlite_ledger`.
- `leases`: leases outside the sending path. `journal`: one byte per delivery that survives SIGKILL. `repository`: SQL.
"""
