"""Random dialogues against the model server until the time is over: `python -m tests.channels.fuzz --seconds 60`.

Prints how many dialogues and messages were judged. The first that breaks an invariant ends it with status 1 and the
seed that repeats it: `--seed N --rounds 1`.
"""

import argparse
import random
import sys
import time
import traceback
from collections import Counter

from campaign_app.channels.base import Verdict
from campaign_app.channels.email_smtp import mime
from campaign_app.channels.email_smtp.dialogue import LARGE
from tests.channels.desk import Desk, honest
from tests.channels.helpers import message
from tests.channels.model_server import LIES, Behaviour, Fault

STEPS = ("mail", "rcpt", "data", "dot", "rset", "lone_dot", "no_mail", "no_rcpt", "nested")
WORDS = (
    b"", b" ok", b" 2.1.0 ok", b" 4.2.2 mailbox full", b" 5.1.1 no such user", b" 5.7.1 blocked", b" 4.7.0 slow down",
    b" 5.5.0 bad pipelining", b" 5.1.8 sender", b" \x00\xff", b" " + b"x" * 600,
)  # fmt: skip
GROUPINGS = ("right",) * 8 + ("first only", "needs quiet dot", *LIES)
BODIES = (b"", b".", b".\r\n", b"x", b"a\r\n.\r\nb\r\n", b"..\r\n" * 20, b"x\r\n" * 400, b"y" * (LARGE + 3) + b"\r\n")


def code_of(chance: random.Random, step: str) -> bytes:
    """Often a code that fits the step, sometimes any, sometimes none."""
    kind = chance.random()
    if kind < 0.45:
        return chance.choice([b"421", b"450", b"451", b"452", b"500", b"503", b"530", b"550", b"552", b"554"])
    if kind < 0.6:
        return b"354" if step == "data" else b"250"
    if kind < 0.9:
        return b"%03d" % chance.randrange(1000)
    return chance.randbytes(3)


def reply_of(chance: random.Random, step: str) -> bytes:
    """One reply: short, of several lines, cut off, doubled or junk."""
    code, text = code_of(chance, step), chance.choice(WORDS)
    end = chance.choice([b"\r\n", b"\r\n", b"\r\n", b"\n"])
    one = code + text + end
    kind = chance.random()
    if kind < 0.7:
        return one
    if kind < 0.8:
        return (code + b"-" + text + end) * chance.choice([1, 2, 300]) + one
    if kind < 0.85:
        return one[: chance.randrange(len(one))]
    if kind < 0.9:
        return one + one
    return chance.randbytes(chance.choice([1, 5, 60, 9_000]))


def fault_of(chance: random.Random, step: str) -> Fault:
    """What goes wrong at one step."""
    kind, keeps = chance.random(), chance.random() < 0.5
    if kind < 0.25:
        return Fault(then=chance.choice(["drop", "mute"]), keeps=keeps)
    then = chance.choice(["go on", "go on", "drop", "mute"])
    return Fault(reply_of(chance, step), then=then, keeps=keeps)


def desk_of(chance: random.Random) -> tuple[Desk, int]:
    """A server with a plan, and the messages for it."""
    plan: dict[tuple[str, int], Fault] = {}
    for _ in range(chance.choice([0, 1, 1, 2, 3, 6, 12])):
        step = chance.choice(STEPS)
        plan[step, chance.randrange(12)] = fault_of(chance, step)
    count = chance.randint(1, 12)
    behaviour = Behaviour(
        lambda step, number: plan.get((step, number)),
        grouping=chance.choice(GROUPINGS),
        takes_data_anyway=chance.random() < 0.3,
        capabilities=(b"PIPELINING",) if chance.random() < 0.9 else (),
    )
    desk = Desk(count, chance.choice(["auto", "auto", "envelope", "off"]), behaviour)
    for item in desk.queue:
        item.message = message(item.message.key, b"Subject: x\r\n\r\n" + chance.choice(BODIES))
    return desk, count


def contents_arrived(desk: Desk) -> None:
    """What the server wrote down, its dots undone, is what was given."""
    for name, content in desk.witness.contents.items():
        given = desk.given[name]
        plain = b"\r\n".join(line[1:] if line[:1] == b"." else line for line in content.split(b"\r\n"))
        assert plain == (given if given.endswith(mime.CRLF) else given + mime.CRLF), f"{name} got something else"


def judge(seed: int) -> Counter[Verdict]:
    """One random story; raises when an invariant breaks."""
    chance = random.Random(seed)
    desk, count = desk_of(chance)
    desk.given = {item.message.recipient: item.message.content for item in desk.queue}
    cuts = [chance.randrange(400) for _ in range(chance.choice([0, 0, 1, 3, 20]))]
    desk.run(cuts, merged=chance.random() < 0.5)
    honest(desk, count)
    contents_arrived(desk)
    return Counter(result.verdict for result in desk.results.values())


def fuzz(first_seed: int, seconds: float, rounds: int | None = None) -> tuple[int, Counter[Verdict], int | None]:
    """(stories told, verdicts, the seed that broke an invariant or None)."""
    verdicts: Counter[Verdict] = Counter()
    end, told = time.monotonic() + seconds, 0
    while time.monotonic() < end and (rounds is None or told < rounds):
        seed = first_seed + told
        try:
            verdicts += judge(seed)
        except Exception:
            traceback.print_exc()
            return told, verdicts, seed
        told += 1
    return told, verdicts, None


def main() -> int:
    """0 when every invariant held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="the first seed; without it a random one")
    parser.add_argument("--rounds", type=int, default=None, help="stop after so many dialogues")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(2**40) if given.seed is None else given.seed
    told, verdicts, broken = fuzz(seed, given.seconds, given.rounds)
    parts = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items()))
    print(f"{told:,} dialogues, {verdicts.total():,} messages judged ({parts}); first seed {seed}")
    if broken is not None:
        print(f"BROKEN: python -m tests.channels.fuzz --seed {broken} --rounds 1")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
