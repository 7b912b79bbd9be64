"""The rate that each account's provider accepts, learnt from push-back and shared by all workers: an hour in Redis."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaign_app.core import learnt_rate, redis
from campaign_app.core.learnt_rate import LearntRate
from campaign_app.core.rate_limit import learnt_key

_MICRO = 1_000_000
_SWAP = """
if (redis.call('HGET', KEYS[1], 'step') or '') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'step', ARGV[3], 'rate', ARGV[4], 'rest', ARGV[5], 'searching', ARGV[6],
  'since', ARGV[7], 'words', ARGV[8])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known after a signal. `hopeless`: nothing was accepted for so long that a person should be told, and it
    is this caller who tells.
    """

    learnt: LearntRate
    hopeless: bool = False


def _read(raw: dict[bytes, bytes]) -> LearntRate | None:
    if not raw:
        return None
    return LearntRate(
        step=int(raw[b"step"]),
        per_second=float(raw[b"rate"]),
        rest_s=float(raw[b"rest"]) / _MICRO,
        searching=raw[b"searching"] == b"1",
        since=float(raw[b"since"]),
        words=raw[b"words"].decode("utf-8", "replace"),
    )


async def known(account_ids: Sequence[int]) -> tuple[float, dict[int, LearntRate]]:
    """Redis's time, and what is known of those of the accounts that were pushed back lately."""
    pipe = redis.client().pipeline(transaction=False)
    pipe.time()
    for account_id in account_ids:
        pipe.hgetall(learnt_key(account_id))
    (seconds, micros), *raws = await pipe.execute()
    found = {account_id: _read(raw) for account_id, raw in zip(account_ids, raws, strict=True)}
    now = float(seconds) + float(micros) / _MICRO
    return now, {account_id: learnt for account_id, learnt in found.items() if learnt is not None}


async def slower(account_id: int, seen: int, *, measured: float, accepted: bool, words: str) -> Told:
    """A message was put off that had been taken when step `seen` was the last one known: one step down, unless
    somebody has made it meanwhile. See `learnt_rate.slower` for the rest.
    """
    now, found = await known([account_id])
    before = found.get(account_id)
    if before is not None and before.step > seen:
        return Told(before)
    after = learnt_rate.slower(before, now, measured=measured, accepted=accepted, words=words, seen=seen)
    hopeless = learnt_rate.is_hopeless(after, now)
    if hopeless:
        after = replace(after, since=now)
    if await _swap(account_id, before, after):
        return Told(after, hopeless)
    _, found = await known([account_id])
    return Told(found.get(account_id, after))


async def _swap(account_id: int, before: LearntRate | None, after: LearntRate) -> bool:
    """Write `after` if the stored value is still `before`."""
    values: list[Any] = [
        "" if before is None else before.step,
        learnt_rate.KEPT_S,
        after.step,
        repr(after.per_second),
        repr(after.rest_s * _MICRO),
        int(after.searching),
        repr(after.since),
        after.words,
    ]
    return bool(await redis.client().eval(_SWAP, 1, learnt_key(account_id), *values))  # type: ignore[misc]


async def forget(account_id: int) -> None:
    """Delete the learnt rate, because the account was changed."""
    await redis.client().delete(learnt_key(account_id))
