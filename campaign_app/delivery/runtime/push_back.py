"""Push-back of an account within this worker: no message is taken until the rate is lowered."""

import asyncio
from collections.abc import Callable

from redis.exceptions import RedisError

from campaign_app.core import logging, push_back
from campaign_app.delivery.runtime import job_chain

ABOUT_ONE = 5
"""A message that was put off so often, while as many others were accepted, is itself the cause."""
_AGAIN_S = 0.3
log = logging.get("delivery")


class PushBack:
    """One per account queue. `step`: the last step down that is known here, by Redis's clock; 0 before the first."""

    __slots__ = ("_before", "_on_step", "_put_off", "accepted", "per_minute", "step", "waiting")

    def __init__(self, on_step: Callable[[], None] = lambda: None) -> None:
        self._on_step = on_step
        self.step = 0
        self.per_minute = 0.0
        self.accepted = 0
        self._before = 0  # of them before the last step
        self._put_off: dict[int, list[int]] = {}  # message: how often, and how many were accepted before the first time
        self.waiting = False

    @property
    def has_success(self) -> bool:
        """Whether something was accepted since the last step."""
        return self.accepted > self._before

    def success(self, key: int) -> None:
        """A message was accepted."""
        self.accepted += 1
        if self._put_off:
            self._put_off.pop(key, None)

    def is_about(self, key: int) -> bool:
        """Whether a message that was put off is itself the cause: again and again, while others are accepted."""
        found = self._put_off.setdefault(key, [0, self.accepted])
        found[0] += 1
        return found[0] >= ABOUT_ONE and self.accepted - found[1] >= ABOUT_ONE

    def is_signal(self, taken_at: int) -> bool:
        """Whether it is new information that a message taken under step `taken_at` was put off. If so, nothing is taken
        until `hear`.
        """
        if self.waiting or taken_at < self.step:
            return False
        self.waiting = True
        return True

    def hear(self, step: int, per_second: float) -> None:
        """Take what Redis says: the last step down and the present rate (0 and 0: there is none)."""
        self.per_minute = per_second * 60
        if step == self.step:
            return
        self.step = step
        self._before = self.accepted
        self._on_step()

    def go_on(self, step: int, per_second: float) -> None:
        """Take the answer to a signal."""
        self.waiting = False
        if step == self.step:
            self._on_step()
        self.hear(step, per_second)


async def learn(known: PushBack, account_id: int, measured: float, words: str) -> bool:
    """Have the rate lowered. Returns whether a person should be told because nothing was accepted for long."""
    accepted, seen = known.has_success, known.step
    while True:
        try:
            workers = await job_chain.workers_alive()
            told = await push_back.slower(account_id, seen, measured=measured * workers, accepted=accepted, words=words)
        except (RedisError, OSError) as error:  # without the limiter nothing would be sent anyway
            log.warning("push-back not shared", account=account_id, error=type(error).__name__)
            await asyncio.sleep(_AGAIN_S)
        else:
            break
    learnt = told.learnt
    log.info("push-back", account=account_id, per_second=round(learnt.per_second, 3), rest_s=round(learnt.rest_s, 2))
    known.go_on(learnt.step, learnt.per_second)
    return told.hopeless
