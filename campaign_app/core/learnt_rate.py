"""The rate that a provider takes, learnt from its push-back: down by a factor, up in even steps. Pure.

A step down answers one signal, and a signal is everything that was refused of what had been taken before the step: many
connections refused at once are one. Where nothing was accepted since the last step the rate is not at fault (the
provider's minute or hour is used up), so the rest before the next try grows instead. Times are Redis's seconds.
"""

from dataclasses import dataclass, replace

FACTOR = 0.7
GROWTH = 0.02  # of the rate at the last step, per second: back where it was after 21 s
DOUBLING_S = 2.0  # until a second signal with success before it has bounded the rate from above
LONGEST_GROWTH_S = 60.0  # of doubling; above this rate the limit does not matter
FIRST_PER_SECOND = 0.5
LEAST_PER_SECOND = 1 / 60
LEAST_REST_S = 0.1
LONGEST_REST_S = 120.0
GAP_S = 600.0  # not used for this long: start again
GIVE_UP_S = 90 * 60.0  # so that an hourly quota can end
KEPT_S = 3_600


@dataclass(frozen=True, slots=True)
class LearntRate:
    """What is known of an account. `step` (Redis's microseconds) names the last step down; after it comes a rest.

    `since`: how long nothing has been accepted, as far as signals tell. `searching`: the rate doubles.
    """

    step: int
    per_second: float
    rest_s: float
    searching: bool
    since: float
    words: str = ""

    @property
    def at(self) -> float:
        """When the rate was last changed."""
        return self.step / 1_000_000

    def rate_at(self, now: float) -> float:
        """The current rate in messages per second (the limiter's script has the same formula)."""
        grown = max(0.0, now - self.at - self.rest_s)
        if self.searching:
            return float(self.per_second * 2 ** (min(grown, LONGEST_GROWTH_S) / DOUBLING_S))
        return self.per_second * (1 + GROWTH * grown)


def slower(
    known: LearntRate | None, now: float, *, measured: float, accepted: bool, words: str, seen: int = 0
) -> LearntRate:
    """One step down. `measured`: messages per second that were accepted lately; `accepted`: some since the last step;
    `seen`: the step under which the refused message was taken, which this one must come after.
    """
    step = max(int(now * 1_000_000), seen + 1)
    words = words[:500]
    if known is None:
        rate = max(FIRST_PER_SECOND, measured * FACTOR)
        return LearntRate(step, rate, _rest(max(rate, 1.0)), True, now, words)
    if accepted:
        lately = max(2 * measured, known.per_second)  # it grew while it was not used
        rate = max(LEAST_PER_SECOND, min(known.rate_at(now), lately) * FACTOR)
        return LearntRate(step, rate, _rest(rate), False, now, words)
    since = now if now - known.at - known.rest_s > GAP_S else known.since
    return replace(known, step=step, rest_s=min(LONGEST_REST_S, known.rest_s * 2), since=since, words=words)


def is_hopeless(learnt: LearntRate, now: float) -> bool:
    """Whether to inform a person instead of trying again."""
    return now - learnt.since > GIVE_UP_S


def _rest(per_second: float) -> float:
    return min(LONGEST_REST_S, max(LEAST_REST_S, 1 / per_second))
