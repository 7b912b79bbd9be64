"""How the campaigns of one account share its rate, and its connections. Pure."""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

CATCH_UP = 250  # turns missed while rows were read that are made up for; more would delay the others


class Taker(Protocol):
    """Who takes turns: `turn` is when the next one is due, `stride` how much a turn costs."""

    turn: float
    stride: float


T = TypeVar("T", bound=Taker)


def allocate(total: float, wants: Sequence[tuple[float, float]]) -> list[float]:
    """A rate for each (own limit, weight); limit 0 = none. Their sum is `total` if the limits let it be.

    By weight. What one cannot use goes to the others (max-min fairness).
    """
    rates = [0.0] * len(wants)
    open_ = set(range(len(wants)))
    left = total
    while open_:
        weight = sum(wants[n][1] for n in open_)
        bound = {n for n in open_ if 0 < wants[n][0] <= left * wants[n][1] / weight}
        if not bound:
            for n in open_:
                rates[n] = left * wants[n][1] / weight
            break
        for n in bound:
            rates[n] = wants[n][0]
        left = max(0.0, left - sum(rates[n] for n in bound))
        open_ -= bound
    return rates


class FairScheduler(Generic[T]):
    """Stride scheduling: a taker with half the stride gets twice the turns, and every taker gets some."""

    def __init__(self) -> None:
        self._order: list[T] = []
        self._now = 0.0

    def __iter__(self) -> Iterator[T]:
        """In the order of turns. Serve at most one of them, then iterate anew."""
        return iter(self._order)

    def enter(self, taker: T, all_: Iterable[T]) -> None:
        """Add a taker, level with the others. `all_` are those who take turns now."""
        taker.turn = max(taker.turn, self._now)
        self._order = sorted(all_, key=_turn)

    def serve(self, place: int, catch_up: int = CATCH_UP) -> None:
        """The taker at this place has its turn; those before it were not ready.

        If it was not ready for a while itself, it makes up for `catch_up` turns.
        """
        order = self._order
        taker = order[place]
        turn = max(taker.turn, self._now - catch_up * taker.stride)
        self._now = max(self._now, turn)
        taker.turn = turn + taker.stride
        if place + 1 < len(order) and order[place + 1].turn < taker.turn:
            insort(order, order.pop(place), key=_turn)


def _turn(taker: Taker) -> float:
    return taker.turn
