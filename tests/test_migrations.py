"""The migrations make exactly the tables that the models declare, on both databases."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

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
