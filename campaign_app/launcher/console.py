"""Output of the launcher: steps with their duration, warnings, problems with their solution."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Problem(Exception):
    """A problem that a person has to solve: the fact, and what to do."""

    def __init__(self, fact: str, mend: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.mend = mend


def show(problem: Problem) -> None:
    """Print a problem to stderr."""
    err.print(f"[red]✗[/red] {_plain(problem.fact)}")
    if problem.mend:
        err.print(f"  [bold]Fix:[/bold] {_plain(problem.mend)}")


def done(text: str, seconds: float | None = None) -> None:
    """One finished step."""
    took = f" [dim]{seconds:.1f} s[/dim]" if seconds is not None and seconds >= 0.1 else ""
    out.print(f"[green]✓[/green] {_plain(text)}{took}")


def warn(text: str) -> None:
    """Print a warning."""
    out.print(f"[yellow]![/yellow] {_plain(text)}")


@contextmanager
def step(doing: str, finished: str) -> Iterator[None]:
    """A spinner (on a terminal) while something runs, one line when it is done."""
    started = time.monotonic()
    with out.status(_plain(doing)) if out.is_terminal else _nothing():
        yield
    done(finished, time.monotonic() - started)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
