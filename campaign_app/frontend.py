"""Builds the browser's files when their sources changed, with the venv's own Node and nothing but npm packages."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from campaign_app.core.config import ROOT
from campaign_app.core.errors import AppError

_STAMP: Final = ".web/beacon.stamp"
_RESULT: Final = ".web/build/client/index.html"
_SOURCES: Final = ("campaign_app/ui", "campaign_app/models", "assets")
_LOCK: Final = "reflex.lock"
_FILES: Final = ("rxconfig.py", "campaign_app/campaign_app.py", "requirements.txt")
_WRITTEN_BY_BUILD: Final = "reflex.lock"
_LEFT_OUT: Final = {"__pycache__", "external"}

Progress = Callable[[str], None]


class BuildFailed(AppError):
    """The front end could not be built."""

    status = 500
    code = "frontend_build_failed"


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Every file that people write and the built front end depends on, sorted."""
    yield from _files(root, _SOURCES)
    yield from sorted(root.glob("campaign_app/*/schemas.py"))
    yield from (root / name for name in _FILES if (root / name).exists())


def _files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not _LEFT_OUT & set(path.relative_to(root).parts):
                yield path


def fingerprint(root: Path = ROOT) -> str:
    """Hash over names and contents of the sources and of npm's lock."""
    return _hash(root, [*sources(root), *_files(root, (_LOCK,))])


def _hash(root: Path, paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_current(root: Path = ROOT) -> bool:
    """Whether the build in place was made from the sources in place."""
    stamp = root / _STAMP
    return (root / _RESULT).exists() and stamp.exists() and stamp.read_text() == fingerprint(root)


def environment() -> dict[str, str]:
    """The process environment for Reflex's tools: venv's node and npm first, no Bun, no calls home."""
    scripts = sysconfig.get_path("scripts")
    return os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    }


def build(progress: Progress = print, root: Path = ROOT) -> None:
    """Compiles and bundles; the stamp is written last, so that a broken or outdated build is made again.

    Raises:
        BuildFailed: with the last lines of the build.
    """
    before = _hash(root, sources(root))
    lock = {path: path.read_bytes() for path in _files(root, (_LOCK,))}
    (root / _STAMP).unlink(missing_ok=True)
    progress("Building the front end (about a minute the first time, 20 s later)")
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--loglevel", "warning"]
    done = subprocess.run(  # noqa: S603 (our own interpreter and arguments)
        command, cwd=root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode or not (root / _RESULT).exists():
        for path, content in lock.items():  # a build that broke off leaves it half written
            path.write_bytes(content)
        tail = "\n".join(done.stdout.strip().splitlines()[-25:])
        raise BuildFailed(f"The front end could not be built. The build said:\n{tail}", title="Build failed")
    for path, content in lock.items():
        if _says_the_same(path, content):
            path.write_bytes(content)
    if _hash(root, sources(root)) == before:  # the build itself may have completed the lock, nobody else anything
        (root / _STAMP).write_text(fingerprint(root))
    progress("Front end ready")


def _says_the_same(path: Path, content: bytes) -> bool:
    """Whether a file of the lock was only written anew: npm and Reflex put other blanks into the same JSON."""
    try:
        return bool(json.loads(path.read_bytes()) == json.loads(content))
    except (OSError, ValueError):
        return False


def build_if_needed(progress: Progress = print, root: Path = ROOT) -> bool:
    """Builds when the sources changed since the last build; returns whether it did. Of two at once the second waits."""
    if is_current(root):
        return False
    with _only_one(root):
        if is_current(root):
            return False
        build(progress, root)
    return True


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    build_if_needed()
