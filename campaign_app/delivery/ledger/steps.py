"""Statements and the algorithms that yield them: one algorithm runs on sqlite3, asyncpg and in a session alike.

An algorithm is a generator. It yields Steps and gets the rows (or the number of changed rows) of each; its return value
is the result. Whoever drives it holds the transaction.
"""

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Step(NamedTuple):
    """One statement. `reads`: answered by its rows; otherwise by how many rows it changed."""

    statement: str
    parameters: Sequence[Any]
    reads: bool = False


Steps = Generator[Step, Any, T]


class Sql(Protocol):
    """The ledger's statements in one database's SQL, and how values travel to it. Implemented by modules.

    Parameters are numbered in the order in which `writing` passes them: own values, then a table of rows, then a clock.
    """

    LOCK_CAMPAIGNS: str
    CLAIM: str
    READ: str
    READ_THROUGH: str
    CONFIRM: str
    LOCK_ROWS: str
    WRITE_SENT: str
    WRITE: str
    COUNTERS: str
    MINUTES: str
    DOMAINS: str
    REFS: str
    LEFT: str
    SKIP: str
    RELEASE: str

    def time(self, at: Any) -> Any:
        """A time (or None) as a parameter."""

    def read_time(self, value: Any) -> datetime | None:
        """A time that a statement answered."""

    def clock(self, at: Any) -> tuple[Any, ...]:
        """Now and a lease's end, for statements that have no clock of their own."""

    def table(self, rows: Sequence[Sequence[Any]], columns: int) -> tuple[Any, ...]:
        """Rows as the parameters of one statement."""

    def rows(self, found: Sequence[Any]) -> list[Any]:
        """The rows of READ."""
