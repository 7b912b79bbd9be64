"""What a figure was measured on: processor, memory, load, versions."""

import os
import platform
import resource
import sqlite3
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests import servers

PACKAGES = ("uvloop", "arq", "redis", "SQLAlchemy", "asyncpg", "Jinja2", "polars", "aiosmtplib", "reflex")


def _first(path: str, field: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _redis() -> str:
    said = subprocess.run([servers.redis_binary(), "--version"], capture_output=True, text=True).stdout
    return next((word[2:] for word in said.split() if word.startswith("v=")), said.strip())


def describe() -> dict[str, Any]:
    """The machine now; `load` is the average of the last minute, before anything is measured."""
    memory = _first("/proc/meminfo", "MemTotal").split()
    return {
        "cpu": _first("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory[0]) / 1_048_576, 1) if memory else None,
        "system": platform.platform(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "redis": _redis(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu_s() -> float:
    """Processor seconds of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mb(pid: int) -> float:
    """The highest resident memory that a process and its children had, in MB."""
    own = Path(f"/proc/{pid}/status").read_text()
    peak = next((int(line.split()[1]) for line in own.splitlines() if line.startswith("VmHWM")), 0) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return peak + sum(peak_mb(int(child)) for child in children)
