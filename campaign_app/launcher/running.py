"""One `up` per folder: a file lock, which the kernel releases when its holder dies. The file says who holds it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaign_app.launcher.console import Problem


@contextmanager
def only_one(var: Path, url: str) -> Iterator[None]:
    """Hold the lock of a `var` folder.

    Raises:
        Problem: another `up` holds it; the message has its process id and address.
    """
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(var / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _already(var) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(var: Path) -> dict[str, object] | None:
    """Who runs `up` here: {"pid", "url"}, or None."""
    try:
        with (var / "up.lock").open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                found: dict[str, object] = json.loads(file.read() or "{}")
                return found
    except (FileNotFoundError, ValueError):
        return None
    return None


def _already(var: Path) -> Problem:
    found = holder(var) or {}
    return Problem(
        f"Beacon already runs from this folder: {found.get('url', 'starting')} (process {found.get('pid', '?')}).",
        f"open that address, or stop it first: kill {found.get('pid', '<process>')}",
    )
