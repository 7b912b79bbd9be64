"""Shares of campaigns that send at the same time: real workers and sinks, measured by the times in the sinks' logs.

fifty: campaigns of one priority, half on one account, half on accounts of their own. priority: three on one account.
late: a small urgent one while a large one is sending. beside: a fast account next to one that is slow, silent or
refuses. limited: campaigns that share an account's rate. The judging is pure (`spread`, `shares`, `gap`).
"""

import socket
import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from bench import fair_installation, machine, target
from bench.fair_installation import Plan, by_domain
from bench.installation import Installation, installed
from tests import servers

CASES = ("fifty", "priority", "late", "slow", "silent", "dead", "limited")
PRIORITIES = (3, 5, 7)
LIMITED = (4, 5, 6)
LIMIT_PER_MINUTE = 6_000
SPREAD = 0.8  # the slowest's share against the mean
SHARE_OFF = 0.1  # a share against the declared one
BESIDE = 0.9
FIRST_S = 2.0
STARVED_S = 2.0
SLOW_MS = 2_000
SERVER_MS = 30  # as a server on the network takes: so that connections bound the rate, not this machine's processor
Say = Callable[[str], None]
Instants = dict[str, list[float]]


def together(found: Instants) -> tuple[float, float]:
    """The time in which all of them send: from the last one's first message to the first one's last."""
    return max(min(times) for times in found.values()), min(max(times) for times in found.values())


def inside(found: Instants) -> Instants:
    """What was sent while all of them sent."""
    begin, end = together(found)
    return {name: [at for at in sorted(times) if begin <= at <= end] for name, times in found.items()}


def spread(found: Instants) -> float:
    """The smallest share against the mean; 1: all got the same. 0: they never sent together."""
    counts = [len(times) for times in inside(found).values()]
    mean = statistics.mean(counts)
    return round(min(counts) / mean, 3) if mean else 0.0


def shares(found: Instants) -> dict[str, float]:
    """Each one's part of what was sent while all of them sent."""
    counts = {name: len(times) for name, times in inside(found).items()}
    total = sum(counts.values())
    return {name: round(count / total, 4) if total else 0.0 for name, count in counts.items()}


def declared(priorities: Sequence[int]) -> list[float]:
    """The shares that the priorities promise."""
    weights = [2.0 ** (5 - priority) for priority in priorities]
    return [round(weight / sum(weights), 4) for weight in weights]


def gap(times: Sequence[float], begin: float, end: float) -> float:
    """The longest time within [begin, end] without one."""
    marks = [begin, *(at for at in sorted(times) if begin <= at <= end), end]
    return round(max(after - before for before, after in pairwise(marks)), 3)


def run(given: Namespace, say: Say) -> dict[str, Any]:
    """Every case (or those of --case) on each database."""
    wanted = given.case or CASES
    if unknown := set(wanted) - set(CASES):
        raise SystemExit(f"no such case: {', '.join(sorted(unknown))} (there are {', '.join(CASES)})")
    measures = {"fifty": _fifty, "priority": _priority, "late": _late, "limited": _limited}
    cases: list[dict[str, Any]] = []
    for database in given.databases:
        for name in wanted:
            with installed(database) as installation:
                say(f"{database}, {name}")
                measure = measures.get(name)
                found = measure(installation, given) if measure else _beside(installation, given, name)
            for one in found:
                cases.append({"case": name, "database": database, **one})
                say(f"  {cases[-1]}")
    return {"cases": cases, "campaigns": given.campaigns, "each": given.each, "recipients": given.recipients}


def _fifty(installation: Installation, given: Namespace) -> list[dict[str, Any]]:
    """First all of them as one campaign, for the cost; then at once."""
    shared, alone = given.campaigns - given.campaigns // 2, given.campaigns // 2
    worker = installation.start_worker()
    reference = _as_one(installation, worker, given.each * given.campaigns)
    log = installation.stack.var / "fifty.log"
    with target.sink(log, SERVER_MS) as sink:
        plans = [Plan(f"shared{n}", sink.port, 20, given.each, account="shared") for n in range(shared)]
        plans += [Plan(f"alone{n}", sink.port, 2, given.each) for n in range(alone)]
        made = fair_installation.make(installation, plans)
        used = machine.cpu_s(worker)
        began = fair_installation.launch(installation, made)
        fair_installation.until_over(installation, made)
        cost = (machine.cpu_s(worker) - used) * 1e6 / (given.each * given.campaigns)
        seen = sink.seen()
    found = by_domain(log)
    groups = {group: {name: found[name] for name in made if name.startswith(group)} for group in ("shared", "alone")}
    first = [min(found[name]) - began[name] for name in made]
    rate = seen.accepted / (seen.last - seen.first)
    answer = {
        "campaigns": len(made),
        "everyone_once": fair_installation.everyone_once(installation, made, found, seen),
        **{f"spread_{name}": spread(group) for name, group in groups.items()},
        **{f"together_{name}": min(len(times) for times in inside(group).values()) for name, group in groups.items()},
        "first_message_max_s": round(max(first), 2),
        "first_message_median_s": round(statistics.median(first), 2),
        "per_second": round(rate),
        "cpu_us_per_message": round(cost),
        "cpu_us_per_message_one_campaign": round(reference),
        "core_per_campaign": round((cost - reference) * rate / 1e6 / len(made), 4),
    }
    even = all(answer[f"spread_{name}"] >= SPREAD for name in groups)
    return [{**answer, "within": answer["everyone_once"] and even and max(first) <= FIRST_S * 2}]


def _as_one(installation: Installation, worker: int, count: int) -> float:
    """Microseconds of processor per message when one campaign has all the recipients, over as many connections."""
    with target.sink(delay_ms=SERVER_MS) as sink:
        one = fair_installation.make(installation, [Plan("one", sink.port, 70, count)])
        used = machine.cpu_s(worker)
        fair_installation.launch(installation, one)
        fair_installation.until_over(installation, one)
        return (machine.cpu_s(worker) - used) * 1e6 / count


def _priority(installation: Installation, given: Namespace) -> list[dict[str, Any]]:
    log = installation.stack.var / "priority.log"
    installation.start_worker()
    count = given.each * 10
    with target.sink(log, SERVER_MS) as sink:
        plans = [Plan(f"p{number}", sink.port, 40, count, number, account="shared") for number in PRIORITIES]
        made = fair_installation.make(installation, plans)
        fair_installation.launch(installation, made)
        fair_installation.until_over(installation, made)
        seen = sink.seen()
    found = by_domain(log)
    measured = shares(found)
    promised = dict(zip(_names(plans), declared(PRIORITIES), strict=True))
    longest = gap(found[plans[-1].name], *together(found))
    once = fair_installation.everyone_once(installation, made, found, seen)
    return [
        {
            "everyone_once": once,
            "shares": {plan.name: measured[plan.name] for plan in plans},
            "declared": promised,
            "lowest_waits_at_most_s": longest,
            "together_s": round(together(found)[1] - together(found)[0], 2),
            "within": once and near(measured, promised) and longest <= STARVED_S,
        }
    ]


def _names(plans: Sequence[Plan]) -> list[str]:
    return [plan.name for plan in plans]


def near(measured: dict[str, float], promised: dict[str, float]) -> bool:
    """Whether each share is the promised one, up to a tenth of it."""
    return all(abs(measured[name] - share) <= share * SHARE_OFF for name, share in promised.items())


def _late(installation: Installation, given: Namespace) -> list[dict[str, Any]]:
    log = installation.stack.var / "late.log"
    installation.start_worker()
    few = max(10, given.each // 6)
    with target.sink(log) as sink:
        large = fair_installation.make(installation, [Plan("large", sink.port, 10, given.recipients, account="shared")])
        plans = [Plan("same", sink.port, 10, few, 1, account="shared"), Plan("other", sink.port, 10, few, 1)]
        small = [fair_installation.make(installation, [plan]) for plan in plans]
        fair_installation.launch(installation, large)
        began: dict[str, float] = {}
        for number, one in enumerate(small, start=1):
            sink.wait_for(given.recipients * number // 5, 60)
            began |= fair_installation.launch(installation, one)
        made = large | small[0] | small[1]
        fair_installation.until_over(installation, made)
        seen = sink.seen()
    found = by_domain(log)
    once = fair_installation.everyone_once(installation, made, found, seen)
    answers = []
    for name, at in began.items():
        first, last = min(found[name]) - at, max(found[name]) - at
        within = once and first <= FIRST_S and max(found[name]) < max(found["large"])
        answers.append(
            {
                "account": name,
                "recipients": few,
                "first_message_s": round(first, 2),
                "last_message_s": round(last, 2),
                "large_ends_after_s": round(max(found["large"]) - at, 2),
                "within": within,
            }
        )
    return answers


@contextmanager
def _bad_server(kind: str) -> Iterator[int]:
    """A port behind which a server answers each command after two seconds, never says a word, or is not there."""
    if kind == "slow":
        with target.sink(delay_ms=SLOW_MS) as sink:
            yield sink.port
    elif kind == "silent":
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:  # the kernel greets, nobody else does
            yield listening.getsockname()[1]
    else:
        yield servers.free_port()


def _beside(installation: Installation, given: Namespace, kind: str) -> list[dict[str, Any]]:
    """A fast account's campaign alone and beside the bad account's, in turns; the median of the ratios."""
    worker = installation.start_worker()
    count, few = given.each * 10, max(10, given.each)
    cpu: dict[str, float] = {}
    reasons: dict[str, tuple[str, float]] = {}
    log = installation.stack.var / f"{kind}.log"
    with target.sink(log, SERVER_MS) as sink, _bad_server(kind) as port:
        _send(installation, worker, Plan("warm", sink.port, 40, few))
        for number in range(given.rounds):
            plans = [Plan(f"bad{number}and{n}", port, 10, few, account=f"bad{number}") for n in range(2)]
            bad = fair_installation.make(installation, plans)
            cpu[f"alone{number}"] = _send(installation, worker, Plan(f"alone{number}", sink.port, 40, count))
            fair_installation.launch(installation, bad)
            time.sleep(1.0)
            cpu[f"beside{number}"] = _send(installation, worker, Plan(f"beside{number}", sink.port, 40, count))
            if kind == "dead":
                installation.until(
                    lambda made=bad: len(fair_installation.paused(installation, made)) == len(made), "they pause", 60
                )
            reasons |= fair_installation.paused(installation, bad)
            fair_installation.cancel(installation, bad)
        seen = sink.seen()
    once = seen.accepted == seen.distinct == few + 2 * count * given.rounds
    return [_judge_beside(by_domain(log), cpu, given.rounds, once, reasons)]


def _send(installation: Installation, worker: int, plan: Plan) -> float:
    """Send a campaign to its end; processor seconds of the worker."""
    made = fair_installation.make(installation, [plan])
    used = machine.cpu_s(worker)
    fair_installation.launch(installation, made)
    fair_installation.until_over(installation, made)
    return machine.cpu_s(worker) - used


def _judge_beside(
    found: Instants, cpu: dict[str, float], rounds: int, once: bool, reasons: dict[str, tuple[str, float]]
) -> dict[str, Any]:
    def rate(name: str) -> float:
        return len(found[name]) / (max(found[name]) - min(found[name]))

    ratios = [rate(f"beside{number}") / rate(f"alone{number}") for number in range(rounds)]
    return {
        "everyone_once": once,
        "rate_beside_against_alone": round(statistics.median(ratios), 3),
        "cpu_beside_against_alone": round(
            statistics.median(cpu[f"beside{number}"] / cpu[f"alone{number}"] for number in range(rounds)), 3
        ),
        "per_second_alone": round(statistics.median(rate(f"alone{number}") for number in range(rounds))),
        "rounds": [round(ratio, 3) for ratio in ratios],
        "paused": len(reasons),
        "paused_because": next((words for words, _ in reasons.values()), ""),
        "paused_after_s": round(max((seconds for _, seconds in reasons.values()), default=0.0), 2),
        "within": once and statistics.median(ratios) >= BESIDE,
    }


def _limited(installation: Installation, given: Namespace) -> list[dict[str, Any]]:
    """An account's rate, shared by three campaigns, with one worker and with two."""
    answers = []
    for workers in (1, 2):
        installation.start_worker(f"worker{workers}")
        log = installation.stack.var / f"limited{workers}.log"
        count = int(LIMIT_PER_MINUTE / 60 * (given.fast_window + 10))
        with target.sink(log) as sink:
            plans = [
                Plan(f"w{workers}p{number}", sink.port, 10, count, number, account=f"limited{workers}", limit=True)
                for number in LIMITED
            ]
            made = fair_installation.make(installation, plans, LIMIT_PER_MINUTE)
            fair_installation.launch(installation, made)
            sink.wait_for(1, 60)
            time.sleep(given.fast_window + 4.0)
            fair_installation.cancel(installation, made)
        answers.append(_judge_limited(by_domain(log), plans, workers, given.fast_window))
    return answers


def _judge_limited(found: Instants, plans: Sequence[Plan], workers: int, window: float) -> dict[str, Any]:
    begin = together(found)[0] + 1.0  # all of them know of each other
    found = {name: [at for at in times if begin <= at < begin + window] for name, times in found.items()}
    sent, expected = sum(map(len, found.values())), LIMIT_PER_MINUTE / 60 * window
    measured = {plan.name: round(len(found[plan.name]) / sent, 4) for plan in plans}
    promised = dict(zip(_names(plans), declared(LIMITED), strict=True))
    return {
        "workers": workers,
        "sent": sent,
        "expected": round(expected),
        "ratio": round(sent / expected, 4),
        "shares": measured,
        "declared": promised,
        "within": abs(sent - expected) <= max(1.0, expected * 0.01) and near(measured, promised),
    }
