"""A worker whose wall clock can be set: `python -m bench.skewed FILE`. FILE holds by how many seconds it is wrong now.

The process's own clock (the product's, arq's and `time.time`) follows the file; Redis, PostgreSQL and everything
monotonic stay right, as on a machine whose time was set.
"""

import contextlib
import datetime
import sys
import threading
import time
from pathlib import Path
from typing import Any

_right = time.time
_shift = 0.0


def _follow(file: Path) -> None:
    global _shift
    while True:
        with contextlib.suppress(OSError, ValueError):
            _shift = float(file.read_text() or 0)
        time.sleep(0.05)


def _wrong() -> float:
    return _right() + _shift


class _Skewed(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        """The current time with the shift."""
        return datetime.datetime.fromtimestamp(_wrong(), tz)


def main() -> None:
    """Entry point: set the clocks, then become the worker."""
    threading.Thread(target=_follow, args=(Path(sys.argv[1]),), daemon=True).start()
    time.time = _wrong  # before anybody takes a reference

    from campaign_app.core import clock

    clock.now = lambda: _Skewed.now(datetime.UTC)

    import arq.utils
    import arq.worker

    arq.worker.datetime = _Skewed  # type: ignore[attr-defined]  # it imports the class by name
    assert arq.utils.timestamp_ms() > 0

    from campaign_app.worker.__main__ import main as work

    work()


if __name__ == "__main__":
    main()
