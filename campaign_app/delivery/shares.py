"""How the campaigns of one account share its rate. Pure."""

from collections.abc import Sequence


def allocate(total: float, wants: Sequence[tuple[float, float]]) -> list[float]:
    """A rate for each (own limit, weight); limit 0 = none. Their sum is `total` if the limits let it be.

    By weight, and what one cannot use goes to the others (max-min fairness): nobody starves and nothing is wasted.
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
