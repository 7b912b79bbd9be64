"""Limits that hold over all workers and hosts: one Lua call reserves a block of send slots (GCRA, Redis's own clock).

Campaign rate, batches, the account's rate, the account's day and the pause gate are asked together; a slot is granted
only if all of them agree. Slots of a block lie `interval` apart, so no window of a second holds more than the rate.
"""

import json
import time
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from campaign_app.core import learnt_rate, redis

CONTROL = "control"
_DAY_S = 86_400
_MICRO = 1_000_000
_GROWING = (learnt_rate.GROWTH, learnt_rate.LONGEST_GROWTH_S, learnt_rate.DOUBLING_S)

# A campaign that waits for its own next slot uses one of the account's that lies up to AHEAD earlier, and a block of a
# campaign slower than its account spreads the account's slots by up to AHEAD: together 10 ms, 1 % of a second. So the
# account's other campaigns lose nothing.
# What the provider's push-back has taught (KEYS[4], core.learnt_rate) slows the account down as a limit of its own
# would, but owes nothing: nobody has promised that rate. After a step down comes a rest.
# Slots that were granted and could not be used (ARGV `missed`, and `return_slots`) are owed: they come back by a rate a
# little higher for a while (0.4 %, at least 0.4 messages a second, but not so that one a second becomes two), never at
# once. A second may hold 1 % or one message
# more than the rate: what this leaves of it is for slots that are used a little late (delivery.slots).
_OWED = """
local function hurry(interval, owed)
  if interval == 0 or owed < 1 then return interval end
  local rate = 1000000 / interval
  local more = 0.4 * math.max(1, math.floor(rate / 100 + 0.000001))
  if rate < 1 then more = math.min(more, 0.5 * (1 - rate)) end
  return 1000000 / (rate + more)
end
local function left(owed, n, interval, quick)
  if interval == 0 then return 0 end
  return string.format('%.3f', math.max(0, math.min(owed - n * (1 - quick / interval), 30000000 / interval + 1)))
end
"""

_RESERVE = (
    """
redis.replicate_commands()
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local want, horizon, missed, unspent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[8]), tonumber(ARGV[9])
local ic, batch_size, batch_delay = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local ia, day_limit = tonumber(ARGV[6]), tonumber(ARGV[7])
local AHEAD, CREDIT = 5000, 50000
"""
    + _OWED
    + """
local own, il, rest, step, learnt = ia, 0, 0, 0, 0
local known = redis.call('HMGET', KEYS[4], 'step', 'rate', 'rest', 'searching')
if known[1] then
  step, learnt, rest = known[1], tonumber(known[2]), tonumber(known[3])
  local grown = math.max(0, (now - tonumber(step) - rest) / 1000000)
  if known[4] == '1' then learnt = learnt * 2 ^ (math.min(grown, tonumber(ARGV[11])) / tonumber(ARGV[12]))
  else learnt = learnt * (1 + tonumber(ARGV[10]) * grown) end
  rest = math.min(rest, math.max(0, tonumber(step) + rest - now))
  il = 1000000 / learnt
  ia = math.max(own, il)
  learnt = string.format('%.6f', learnt)
end
local function answer(code, n, first, interval, wait)
  return {code, n, first, interval, wait, string.format('%.0f', now), step, learnt}
end
if redis.call('EXISTS', KEYS[1]) == 1 then return answer(2, 0, 0, 0, 0) end
local paced = ic > 0 or batch_size > 0
if not paced and ia == 0 and day_limit == 0 then return answer(0, want, 0, 0, 0) end
local back = missed + unspent
local n = want
local tc, ta, used, owed_c, owed_a = 0, 0, 0, 0, 0
if paced then
  local found = redis.call('HMGET', KEYS[2], 'tat', 'batch', 'owed')
  tc = math.max(tonumber(found[1]) or 0, now - math.min(ic, CREDIT))
  used = math.max(0, (tonumber(found[2]) or 0) - back)
  owed_c = (tonumber(found[3]) or 0) + missed
  if batch_size > 0 then
    if used >= batch_size then used = 0 end
    n = math.min(n, batch_size - used)
  end
end
local day, day_used = math.floor(now / 86400000000), 0
if ia > 0 or day_limit > 0 then
  local found = redis.call('HMGET', KEYS[3], 'tat', 'day', 'used', 'owed')
  ta = math.max(tonumber(found[1]) or 0, now - math.min(ia, CREDIT))
  owed_a = (tonumber(found[4]) or 0) + missed
  if day_limit > 0 then
    if not found[2] then return answer(3, 0, 0, 0, 0) end
    if tonumber(found[2]) == day then day_used = math.max(0, (tonumber(found[3]) or 0) - back) end
    if day_used >= day_limit then return answer(4, 0, 0, 0, string.format('%.0f', (day + 1) * 86400000000 - now)) end
    n = math.min(n, day_limit - day_used)
  end
end
local qc, qa = hurry(ic, owed_c), math.max(hurry(own, owed_a), il)
local interval = math.max(qc, qa)
local sane = now + horizon * 2 + interval * 2 + batch_delay + 1000000
if tc > sane then tc = now end -- the clock was set back
if ta > sane then ta = now end
if rest > 0 then ta = math.max(ta, now + rest) end
local first = math.max(tc, ta)
local limit = now + horizon
if ia > 0 and tc > ta then
  limit = math.min(limit, math.max(ta, now) + AHEAD)
end
if ia > 0 and ic > ia then n = math.min(n, math.max(1, math.floor(AHEAD / (ic - ia)))) end
if first > limit then
  if missed > 0 and paced then redis.call('HSET', KEYS[2], 'owed', left(owed_c, 0, ic, ic)) end
  if missed > 0 and own > 0 then redis.call('HSET', KEYS[3], 'owed', left(owed_a, 0, own, own)) end
  if back > 0 and batch_size > 0 then redis.call('HSET', KEYS[2], 'batch', used) end
  if back > 0 and day_limit > 0 then redis.call('HSET', KEYS[3], 'day', day, 'used', day_used) end
  return answer(1, 0, 0, 0, string.format('%.0f', first - limit))
end
if interval > 0 then n = math.min(n, math.floor((now + horizon - first) / interval) + 1) end
if paced then
  local tat = first + n * qc
  used = used + n
  if batch_size > 0 and used >= batch_size then tat = tat + batch_delay end
  redis.call('HSET', KEYS[2], 'tat', string.format('%.3f', tat), 'batch', used, 'owed', left(owed_c, n, ic, qc))
  redis.call('EXPIRE', KEYS[2], 172800)
end
if ia > 0 or day_limit > 0 then
  ta = ta + n * qa
  redis.call('HSET', KEYS[3], 'tat', string.format('%.3f', ta), 'day', day, 'used', day_used + n,
    'owed', left(owed_a, n, own, math.min(own, qa)))
  redis.call('EXPIRE', KEYS[3], 172800)
end
return answer(0, n, string.format('%.3f', first), string.format('%.3f', interval), 0)
"""
)

_RETURN = (
    """
redis.replicate_commands()
local n, ic, ia, batch_size = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
"""
    + _OWED
    + """
local found = redis.call('HMGET', KEYS[1], 'tat', 'batch', 'owed')
if found[1] then
  local used = tonumber(found[2]) or 0
  if batch_size == 0 or used < batch_size then used = math.max(0, used - n) end
  redis.call('HSET', KEYS[1], 'batch', used, 'owed', left((tonumber(found[3]) or 0) + n, 0, ic, ic))
end
local account = redis.call('HMGET', KEYS[2], 'day', 'used', 'owed')
if account[1] then
  redis.call('HSET', KEYS[2], 'owed', left((tonumber(account[3]) or 0) + n, 0, ia, ia))
  if tonumber(account[1]) == math.floor(now / 86400000000) then
    redis.call('HSET', KEYS[2], 'used', math.max(0, (tonumber(account[2]) or 0) - n))
  end
end
"""
)


class Answer(IntEnum):
    """The limiter's answer."""

    GRANTED = 0
    LATER = 1
    CLOSED = 2  # the campaign's gate: paused or cancelled
    SEED = 3  # the account's day is unknown (Redis is new): call `seed_day` and ask again
    DAY_USED_UP = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one campaign. Rates per minute and messages; 0 = no limit."""

    campaign_id: int
    account_id: int
    per_minute: float = 0
    batch_size: int = 0
    batch_delay_ms: int = 0
    account_per_minute: float = 0
    account_per_day: int = 0

    @property
    def campaign_interval_us(self) -> float:
        """Between two messages of the campaign."""
        return 60 * _MICRO / self.per_minute if self.per_minute else 0

    @property
    def account_interval_us(self) -> float:
        """Between two messages of the account."""
        return 60 * _MICRO / self.account_per_minute if self.account_per_minute else 0

    @property
    def per_second(self) -> float:
        """The steady rate without batches; 0 = no limit."""
        slowest = max(self.campaign_interval_us, self.account_interval_us)
        return _MICRO / slowest if slowest else 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """`count` slots, the first at `at` (time.monotonic; `clock_s`: Redis's clock), then every `interval_s`.

    `at` 0: there is no limit. Without slots `retry_s` says when to ask again. `step` and `learnt_per_s`: the push-back
    that this answer already knows of (core.learnt_rate), and the rate that it leads to now; 0 = none.
    """

    answer: Answer
    count: int = 0
    at: float = 0.0
    interval_s: float = 0.0
    retry_s: float = 0.0
    clock_s: float = 0.0
    step: int = 0
    learnt_per_s: float = 0.0


def gate_key(campaign_id: int) -> str:
    """The key that exists while a campaign may not send."""
    return f"gate:campaign:{campaign_id}"


def _campaign_key(campaign_id: int) -> str:
    return f"limit:campaign:{campaign_id}"


def _account_key(account_id: int) -> str:
    return f"limit:account:{account_id}"


def learnt_key(account_id: int) -> str:
    """The key of an account's learnt rate."""
    return f"limit:learnt:account:{account_id}"


class Limiter:
    """Asks Redis for slots. One per process and loop."""

    def __init__(self, client: "Redis | None" = None) -> None:
        self._client = client or redis.client()
        self._reserve = AsyncScript(self._client, _RESERVE)
        self._return_slots = AsyncScript(self._client, _RETURN)
        self._offsets: deque[float] = deque(maxlen=64)

    async def reserve(self, limits: Limits, want: int, horizon_s: float, missed: int = 0, unspent: int = 0) -> Grant:
        """Up to `want` slots whose times lie within `horizon_s` from now; `missed` earlier ones could not be used.

        `unspent` earlier ones were used for what the provider put off: they count neither for a batch nor for the day.
        """
        campaign_id, account_id = limits.campaign_id, limits.account_id
        raw = await self._reserve(
            keys=[gate_key(campaign_id), _campaign_key(campaign_id), _account_key(account_id), learnt_key(account_id)],
            args=[
                want,
                int(horizon_s * _MICRO),
                limits.campaign_interval_us,
                limits.batch_size,
                limits.batch_delay_ms * 1_000,
                limits.account_interval_us,
                limits.account_per_day,
                missed,
                unspent,
                *_GROWING,
            ],
        )
        answer, count, first, interval, retry, now, step, learnt = raw
        known = int(step), float(learnt)
        if not float(first):
            return Grant(Answer(int(answer)), int(count), 0.0, 0.0, float(retry) / _MICRO, 0.0, *known)
        clock_s = float(first) / _MICRO
        at = clock_s + self._offset(float(now) / _MICRO)
        return Grant(Answer.GRANTED, int(count), at, float(interval) / _MICRO, 0.0, clock_s, *known)

    def _offset(self, clock_s: float) -> float:
        """From Redis's clock to ours, by the fastest of the last answers: a slow one must not shift its slots."""
        self._offsets.append(time.monotonic() - clock_s)
        best = min(self._offsets)
        if max(self._offsets) - best > 1.0:  # one of the clocks was set
            self._offsets.clear()
        return best

    async def return_slots(self, limits: Limits, count: int) -> None:
        """Return granted slots that will not be used."""
        if count <= 0 or not (limits.per_second or limits.batch_size or limits.account_per_day):
            return
        await self._return_slots(
            keys=[_campaign_key(limits.campaign_id), _account_key(limits.account_id)],
            args=[count, limits.campaign_interval_us, limits.account_interval_us, limits.batch_size],
        )

    async def seed_day(self, account_id: int, used: int) -> None:
        """Set the number of messages that the account has sent today (UTC), when Redis has lost it."""
        day = int((await self._client.time())[0] // _DAY_S)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hsetnx(_account_key(account_id), "day", str(day))
            pipe.hsetnx(_account_key(account_id), "used", str(used))
            await pipe.execute()


async def close_gate(campaign_id: int) -> None:
    """Give no more slots to the campaign. Workers drop the slots that they hold."""
    client = redis.client()
    instant = await redis.now()
    pipe = client.pipeline(transaction=True)
    pipe.set(gate_key(campaign_id), f"{instant:.3f}")
    pipe.publish(CONTROL, json.dumps({"close": campaign_id}))
    await pipe.execute()


async def open_gate(campaign_id: int) -> None:
    """Let the campaign have slots again."""
    await redis.client().delete(gate_key(campaign_id))
