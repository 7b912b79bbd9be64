"""The migrations make exactly the tables that the models declare, on both databases."""

import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

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


ACCOUNT = {
    "channel": "email", "name": "Relay", "host": "mx.example", "port": 465, "tls": "implicit", "auth": "plain",
    "username": "jo", "password_sealed": "gAAA-sealed", "from_address": "a@b.de", "from_name": "Ann", "reply_to": "",
    "connections": 4, "pipelining": "off", "dkim_domain": "b.de", "dkim_selector": "s1", "dkim_key_sealed": "",
    "is_active": True, "capabilities": "{}", "last_error": "", "circuit_failures": 0, "version": 3,
    "created_at": datetime(2026, 11, 2, tzinfo=UTC), "updated_at": datetime(2026, 11, 2, tzinfo=UTC),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_accounts_move_into_settings_and_back_with_secrets_unopened(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    given, url, server, name = {"BEACON_VAR": str(tmp_path), "DATABASE_URL": ""}, "", "", f"move_{secrets.token_hex(4)}"
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        servers.create_database(server, name)
        given["DATABASE_URL"] = servers.database_url(server, name)
        url = given["DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:")
    try:
        assert alembic("upgrade", "0c94d2e6b71a", **given).returncode == 0
        rows = Rows(url or f"sqlite+aiosqlite:///{tmp_path / 'beacon.db'}")
        casts = {"capabilities": "CAST(:capabilities AS JSONB)"} if server else {}
        marks = ", ".join(casts.get(column, f":{column}") for column in ACCOUNT)
        rows.run(f"INSERT INTO sending_account ({', '.join(ACCOUNT)}) VALUES ({marks})", ACCOUNT)
        rows.run("INSERT INTO suppression (address, reason, note, created_at) VALUES ('+4915', 'manual', '', :at)", AT)
        assert (done := alembic("upgrade", "head", **given)).returncode == 0, done.stderr
        (account,) = rows.read("SELECT provider, settings, secrets FROM sending_account")
        settings, sealed = (found if isinstance(found, dict) else json.loads(found) for found in account[1:])
        assert (account[0], sealed) == ("smtp", {"password": "gAAA-sealed"})
        assert {settings[column] == ACCOUNT[column] for column in settings} == {True}
        assert rows.read("SELECT kind, address FROM suppression") == [("phone", "+4915")]
        assert (done := alembic("downgrade", "0c94d2e6b71a", **given)).returncode == 0, done.stderr
        kept = [column for column in ACCOUNT if column not in {"capabilities", "created_at", "updated_at"}]
        assert rows.read(f"SELECT {', '.join(kept)} FROM sending_account") == [tuple(ACCOUNT[c] for c in kept)]
        assert rows.read("SELECT address FROM suppression") == [("+4915",)]
    finally:
        if server:
            servers.drop_database(server, name)


AT = {"at": datetime(2026, 11, 2, tzinfo=UTC)}


class Rows:
    """Statements against a database that migrations change."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, statement: str, values: dict[str, Any]) -> None:
        self._on_connection(lambda connection: connection.execute(text(statement), values))

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []

        async def read(connection: AsyncConnection) -> None:
            found.extend(tuple(row) for row in await connection.execute(text(statement)))

        self._on_connection(read)
        return found

    def _on_connection(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> None:
        async def run() -> None:
            database = create_async_engine(self._url)
            async with database.begin() as connection:
                await work(connection)
            await database.dispose()

        servers.in_thread(run)
