"""Makes processes hang when a test says so: a computation in C that has no end and holds the interpreter."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

HANG = signal.SIGUSR2
STALLED_LINE = "catastrophe"
_CODE = f"""
import re, signal

def {STALLED_LINE}(_number, _frame):
    re.match(r"(a+)+$", "a" * 64 + "b")

signal.signal(signal.{HANG.name}, {STALLED_LINE})
"""


def environment(folder: Path) -> Mapping[str, str]:
    """For processes that should hang on SIGUSR2: Python runs this file of the folder before anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_CODE)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))}


def descendants(pid: int, *, such: Callable[[str], bool] = lambda _: True) -> list[int]:
    """The processes below one whose command line is `such`, parents first."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop(0)
        with suppress(FileNotFoundError, ProcessLookupError):
            children = [int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
            waiting += children
            found += [child for child in children if such(command(child))]
    return found


def command(pid: int) -> str:
    """A process's command line, "" when it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def alive(pid: int) -> bool:
    """Whether it lives; one that waits for its parent to look does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return as soon as it is true. Other processes make it so: there is nothing to wait on but time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_stalled(pid: int) -> bool:
    """Whether the computation without an end has begun: the process has taken the signal and spends its time."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pending = next(int(line.split()[1], 16) for line in lines if line.startswith("ShdPnd"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return not pending & (1 << (HANG - 1)) and fields[0] == "R"


def is_beating(pid: int) -> bool:
    """Whether a process has shown its pulse: the watch of it has begun."""
    environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
    folder = next(each.partition("=")[2] for each in environment if each.startswith("BEACON_PULSE="))
    return (Path(folder) / str(pid)).exists()
