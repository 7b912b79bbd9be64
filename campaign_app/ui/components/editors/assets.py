"""Declaring an editor's files without the cost of a deep stack."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def with_short_stack(declare: Callable[[], T]) -> T:
    """Run `declare` in a thread of its own.

    `rx.asset` reads the source around every frame of the stack to learn who calls it. Inside a chain of imports these
    are a hundred frames: the editors' ten files took 1.5 s of CPU of every start of a process, in a thread a few
    milliseconds.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(declare).result()
