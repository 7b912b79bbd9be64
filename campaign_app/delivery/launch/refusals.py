"""Counts refusals of a campaign's first messages over all workers. The same refusal again and again stops the campaign.

A worker reports each final refusal to Redis, with the number of messages accepted before it, and once that it has seen
a hundred outcomes. Later nothing is reported. Temporary refusals (greylisting, push-back) do not count.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaign_app.channels.base import Party, Result
from campaign_app.core import redis
from campaign_app.core.actor import SYSTEM

BRAKE = replace(SYSTEM, name="Safety brake")
FIRST = 100
MOST = 20  # of the first hundred
MOST_KNOWN = 50  # of a refusal for which the brake stopped the campaign before and a person resumed it
FIRST_FEW = 10
IN_A_ROW = 5
_KEPT_S = 30 * 86_400
_COUNT = """
local key, first, most, most_known = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local few, in_a_row = tonumber(ARGV[5]), tonumber(ARGV[6])
local found = redis.call('HMGET', key, 'total', 'run', 'last', 'tripped', 'of', 'met')
local total, run, last = tonumber(found[1]) or 0, tonumber(found[2]) or 0, found[3] or ''
local tripped, of, met = found[4] or '', tonumber(found[5]) or 0, tonumber(found[6]) or 0
for i = 7, #ARGV, 2 do
  local accepted, rule = tonumber(ARGV[i]), ARGV[i + 1]
  if accepted > 0 then total, run, last = total + accepted, 0, '' end
  if rule ~= '' then
    total = total + 1
    if total <= first then
      local known = redis.call('HEXISTS', key, 'known:' .. rule) == 1
      local n = redis.call('HINCRBY', key, 'n:' .. rule, 1)
      if rule == last then run = run + 1 else run, last = 1, rule end
      local at_once = not known and total <= few and run >= in_a_row
      if tripped == '' and (at_once or n > (known and most_known or most)) then tripped, of, met = rule, total, n end
    end
  end
end
redis.call('HSET', key, 'total', total, 'run', run, 'last', last, 'tripped', tripped, 'of', of, 'met', met)
redis.call('EXPIRE', key, ARGV[1])
return {total, tripped, met, of}
"""
_RELEASE = """
local tripped = redis.call('HGET', KEYS[1], 'tripped') or ''
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(name, 1, 6) ~= 'known:' then redis.call('HDEL', KEYS[1], name) end
end
if tripped ~= '' then
  redis.call('HSET', KEYS[1], 'known:' .. tripped, 1)
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
"""

Event = tuple[int, str]
"""(messages accepted before, the refusal's rule; empty: none)"""


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """What all workers have seen. `rule`: the refusal that stops the campaign, given to `refused` of the first `of`."""

    total: int
    rule: str = ""
    refused: int = 0
    of: int = 0


@dataclass(slots=True)
class FirstMessages:
    """One worker's part of the count. `since` is when counting began: it begins anew when a person resumes.

    `refusals`: rule → one answer, for its text. `reporting`: a report is under way, and no message is taken.
    `dead`: deliveries to addresses that do not exist. They are suppressed once the first messages have passed.
    """

    since: datetime | None = None
    is_open: bool = True
    tripped: bool = False
    reporting: bool = False
    accepted: int = 0
    seen: int = 0
    events: list[Event] = field(default_factory=list)
    refusals: dict[str, Result] = field(default_factory=dict)
    dead: list[int] = field(default_factory=list)
    suppressing: bool = False

    def note_accepted(self) -> bool:
        """Count an accepted message. Returns whether to begin a report."""
        self.accepted += 1
        self.seen += 1
        return self.seen >= FIRST and self._tell("")

    def note_dead(self, delivery_id: int) -> None:
        """The address of a delivery does not exist."""
        self.dead.append(delivery_id)

    @property
    def may_suppress(self) -> bool:
        """Addresses wait to be suppressed, and nobody does it yet."""
        return bool(self.dead) and not (self.is_open or self.suppressing or self.tripped)

    def take_dead(self) -> list[int]:
        """The deliveries whose addresses are to be suppressed now."""
        dead, self.dead = self.dead, []
        return dead

    def take_events(self) -> list[Event]:
        """What is to be reported now."""
        events, self.events = self.events, []
        return events

    def note_refused(self, result: Result) -> bool:
        """Count a final refusal. Returns whether to begin a report."""
        rule = result.rule or result.reason.value
        self.seen += 1
        self.refusals.setdefault(rule, result)
        return self._tell(rule)

    def _tell(self, rule: str) -> bool:
        self.events.append((self.accepted, rule))
        self.accepted = 0
        begun, self.reporting = not self.reporting, True
        return begun

    def hear(self, count: RefusalCount) -> None:
        """Take the answer to a report."""
        self.tripped = bool(count.rule)
        self.is_open = not self.tripped and count.total < FIRST
        if self.tripped:
            self.dead.clear()

    def end_report(self) -> None:
        """The report is over: messages may be taken again."""
        self.reporting = False

    @contextmanager
    def suppression(self) -> Iterator[None]:
        """Addresses are being suppressed."""
        self.suppressing = True
        try:
            yield
        finally:
            self.suppressing = False


def _key(campaign_id: int) -> str:
    return f"brake:campaign:{campaign_id}"


async def count(campaign_id: int, events: Sequence[Event]) -> RefusalCount:
    """Add one worker's events, in their order."""
    numbers = (_KEPT_S, FIRST, MOST, MOST_KNOWN, FIRST_FEW, IN_A_ROW)
    flat = [part for event in events for part in event]
    raw = await redis.client().eval(_COUNT, 1, _key(campaign_id), *numbers, *flat)  # type: ignore[misc]
    return RefusalCount(int(raw[0]), raw[1].decode(), int(raw[2]), int(raw[3]))


async def release(campaign_id: int) -> None:
    """Count anew because a person resumed the campaign. More of the refusal that stopped it is accepted now."""
    await redis.client().eval(_RELEASE, 1, _key(campaign_id), _KEPT_S)  # type: ignore[misc]


_ADVICE = {
    Party.RECIPIENT: (
        "Check where the list comes from. If these addresses exist, the sending account's server is at fault: ask who "
        "runs it. Then resume, or cancel."
    ),
    Party.ACCOUNT: "Check the sending account, then resume.",
    Party.CONTENT: "Check the message: its links, its size, its words. Then duplicate the campaign, or resume.",
}
_ASK = "Ask who runs the sending account's server what this means, then resume."


def sentence(count: RefusalCount, result: Result | None) -> str:
    """Why the campaign was stopped, in the server's words, and what to do."""
    words = result.response[:200] if result else count.rule
    advice = _ADVICE.get(result.party, _ASK) if result else _ASK
    return f"{count.refused} of the first {count.of} messages were refused with the same answer: “{words}” {advice}"
