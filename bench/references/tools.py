"""Getting the references: smtp-source from Debian's postfix, Celery in a venv of its own."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".cache"


class Missing(RuntimeError):
    """A reference cannot be had on this machine; the sentence says why."""


def smtp_source() -> tuple[str, dict[str, str]]:
    """Path and environment of Postfix's smtp-source: the system's, else unpacked from Debian's package."""
    found = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found:
        return found, dict(os.environ)
    unpacked = CACHE / "postfix"
    program = unpacked / "usr/sbin/smtp-source"
    if not program.exists():
        _unpack_postfix(unpacked)
    return str(program), {**os.environ, "LD_LIBRARY_PATH": str(unpacked / "usr/lib/postfix")}


def _unpack_postfix(target: Path) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Missing("smtp-source is not on PATH, and without apt-get it cannot be fetched (Debian package: postfix)")
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["apt-get", "download", "-q", "postfix"], cwd=CACHE, capture_output=True, text=True)
    packages = sorted(CACHE.glob("postfix_*.deb"))
    if done.returncode or not packages:
        raise Missing(f"smtp-source could not be fetched: {done.stderr.strip().splitlines()[-1:]}")
    subprocess.run(["dpkg", "-x", str(packages[-1]), str(target)], check=True)


def run_smtp_source(port: int, count: int, size: int = 5_000, connections: int = 10) -> float:
    """Seconds that smtp-source takes for `count` mails of `size` bytes."""
    program, environment = smtp_source()
    command = [program, "-s", str(connections), "-m", str(count), "-l", str(size), "-f", "a@example.com"]
    started = time.perf_counter()
    subprocess.run([*command, "-t", "b@example.com", f"127.0.0.1:{port}"], env=environment, check=True)
    return time.perf_counter() - started


def celery_python() -> str:
    """The interpreter of Celery's venv, made at first use."""
    venv = HERE.parent / ".venv-celery"
    python = venv / "bin" / "python"
    packages = ["celery[redis]", "sqlalchemy", "jinja2", "psycopg[binary]"]
    stamp = venv / "packages"
    if not stamp.exists() or stamp.read_text().split() != packages:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([str(uv), "venv", "-q", "--clear", str(venv)], check=True)
        subprocess.run([str(uv), "pip", "install", "-q", "--python", str(python), *packages], check=True)
        stamp.write_text("\n".join(packages))
    return str(python)


def celery_environment(redis_url: str, database: str, sink_port: int) -> dict[str, str]:
    """What the Celery reference is told."""
    return {
        **os.environ,
        "CELERY_BROKER": redis_url,
        "CELERY_DATABASE": database,
        "SINK_PORT": str(sink_port),
        "PYTHONPATH": str(HERE),
    }
