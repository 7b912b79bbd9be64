"""Ledger: what became of each delivery, and who holds it.

- `transitions`: the table of statuses. `moves`: the only functions that change a status in a session.
- `writing`: the one algorithm that claims, reads and writes; `settling` is its careful part. `sql_sqlite` and
  `sql_postgres` are its statements, `lease_store_*` and `in_session` run it.
- `outcome`: the end of an attempt, and the sums of many. `outcome_writer` writes them in bulk and keeps them while the
  database is away. `encoding` turns them into values of the database.
- `lease_store`: what the sending path exchanges with the ledger. `sqlite_process`: the process that runs it on SQLite.
- `leases`: leases outside the sending path. `journal`: one byte per delivery that survives SIGKILL. `repository`: SQL.
"""
