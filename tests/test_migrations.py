"""The migrations make exactly the tables that the models declare, on both databases."""

import json
import os
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from campaign_app.audit import chain
from campaign_app.core import crypto
from tests import servers

ROOT = Path(__file__).parents[1]


def alembic(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_match_the_models(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    environment = {"BEACON_VAR": str(tmp_path), "DATABASE_URL": ""}
    server = ""
    name = f"migrate_{secrets.token_hex(4)}"
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        servers.create_database(server, name)
        environment["DATABASE_URL"] = servers.database_url(server, name)
    try:
        for step in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"]):
            done = alembic(*step, **environment)
            assert done.returncode == 0, done.stderr + done.stdout
    finally:
        if server:
            servers.drop_database(server, name)


@pytest.mark.parametrize("cut", [False, True])
def test_an_older_audit_log_gets_a_signed_end(var_dir: Path, cut: bool) -> None:
    assert alembic("upgrade", "8c1f0d27aa35").returncode == 0
    with closing(sqlite3.connect(var_dir / "beacon.db")) as connection, connection:
        for number in (1, 2):
            columns = (
                "id, at, actor_name, action, object_type, object_id, object_name, details, ip, previous_hash, hash"
            )
            values = f"{number}, '2026-11-02', '', 'x', 'x', '', '', '{{}}', '', '', 'h{number}'"
            connection.execute(f"INSERT INTO audit_entry ({columns}) VALUES ({values})")
        connection.execute("""INSERT INTO setting VALUES ('audit_head', '{"id": 2, "hash": "h2"}')""")
        if cut:
            connection.execute("DELETE FROM audit_entry WHERE id = 2")
    done = alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(var_dir / "beacon.db")) as connection:
        (value,) = connection.execute("SELECT value FROM setting WHERE key = 'audit_head'").fetchone()
    head = json.loads(value)
    assert chain.head_fits(crypto.derive("audit head"), head)
    assert (head["id"], head["count"], head["broken"]) == ((1, 1, True) if cut else (2, 2, False))


def test_who_paused_a_campaign_was_a_name_before(var_dir: Path) -> None:
    assert alembic("upgrade", "b7d20f94e1c6").returncode == 0
    tried = "“Main” does not work: 535 no. It is tried again by itself."
    rows = [
        ("paused", "Automatic", tried, "circuit"),
        ("paused", "Automatic", "Its start time passed.", "system"),
        ("paused", "Safety brake", "5 of the first 5", "brake"),
        ("paused", "Ines Keller", "", "person"),
        ("running", "", "", None),
    ]
    with closing(sqlite3.connect(var_dir / "beacon.db")) as connection, connection:
        names = [row[1:] for row in connection.execute("PRAGMA table_info(campaign)") if row[3] or row[1] == "pauser"]
        for number, (status, by, reason, _) in enumerate(rows, 1):
            given = {"id": number, "status": status, "paused_by": by, "status_reason": reason}
            values = {name: given.get(name, 0 if "INT" in kind else "{}") for name, kind, *_ in names}
            marks = ", ".join("?" for _ in values)
            insert = f"INSERT INTO campaign ({', '.join(values)}) VALUES ({marks})"
            connection.execute(insert, list(values.values()))
            activity = "INSERT INTO campaign_activity (campaign_id, at, kind, actor_name, title, detail)"
            connection.execute(f"{activity} VALUES (?, '2026-11-02', 'pause', ?, '', '')", (number, by))
    done = alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(var_dir / "beacon.db")) as connection:
        pausers = connection.execute("SELECT pauser FROM campaign ORDER BY id").fetchall()
        people = connection.execute("SELECT by_person FROM campaign_activity ORDER BY id").fetchall()
    assert [pauser for (pauser,) in pausers] == [row[3] for row in rows]
    assert people == [(0,), (0,), (0,), (1,), (1,)]
