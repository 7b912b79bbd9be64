"""An owner of dialogues without sockets, and what must hold of it: the dialogue against the model server in memory."""

from collections import Counter, deque
from itertools import pairwise

from campaign_app.channels.base import Result, Verdict
from campaign_app.channels.email_smtp.dialogue import Dialogue
from campaign_app.channels.email_smtp.grouping import Evidence, Grouping, Mode
from campaign_app.channels.email_smtp.handshake import Extensions
from campaign_app.channels.email_smtp.items import Item
from campaign_app.channels.email_smtp.replies import ReplyParser
from campaign_app.models.delivery import Reason
from tests.channels.helpers import message
from tests.channels.model_server import Behaviour, ModelServer, Witness

CAPABILITIES = Extensions({"PIPELINING": "", "8BITMIME": "", "SIZE": "1000000"})


class Desk:
    """An owner of dialogues without sockets: connects again and again until everything is settled."""

    def __init__(self, count: int, wanted: str, behaviour: Behaviour) -> None:
        self.queue = deque(Item(message(key)) for key in range(count))
        self.results: dict[int, Result] = {}
        self.handed: list[int] = []
        self.moved: list[tuple[int, str]] = []
        self.broken: list[tuple[Mode, str]] = []
        self.behaviour = behaviour
        self.witness = Witness()
        self.grouping = Grouping(wanted, lambda mode, why: self.broken.append((mode, why)))
        self.grouping.offered(b"PIPELINING" in behaviour.capabilities)
        self.writes: list[bytes] = []
        self.given: dict[str, bytes] = {}

    def next_item(self) -> Item | None:
        return self.queue.popleft() if self.queue else None

    def handed_over(self, key: int) -> None:
        assert key not in self.handed
        self.handed.append(key)

    def settle(self, item: Item, result: Result) -> None:
        key = item.message.key
        assert key not in self.results, "settled twice"
        if result.verdict in (Verdict.ACCEPTED, Verdict.UNCERTAIN):
            assert key in self.handed
        if result.verdict is Verdict.NOT_TRIED and key in self.handed:
            assert result.rule, "only an answer of the server says that a message that was handed over is not sent"
        self.results[key] = result

    def give_back(self, item: Item, why: str, *, may_move: bool) -> None:
        assert not item.handed
        if may_move and item.moves < 2:
            item.moves += 1
            self.moved.append((item.message.key, why))
            self.queue.append(item)
        else:
            self.settle(item, Result(Verdict.NOT_TRIED, Reason.CONNECTION_LOST, why, account_trouble=True))

    def connect(self, cuts: list[int], merged: bool = False) -> Dialogue:
        """Run one connection until it ends or has nothing more to do. `merged`: the answers to a write come at once."""
        server, parser = ModelServer(self.behaviour, self.witness), ReplyParser()
        outbox: deque[bytes] = deque()
        dialogue = Dialogue(self, self.grouping, CAPABILITIES, outbox.append)
        dialogue.proceed()
        mute = False
        while outbox and not dialogue.finished:
            self.writes.append(outbox[0])
            acts = list(server.feed(outbox.popleft()))
            for act in together(acts) if merged else acts:
                if act[0] == "send" and not mute:
                    self.deliver(dialogue, parser, act[1], cuts)
                elif act[0] == "mute":
                    mute = True
                elif act[0] in ("drop", "reset") and not dialogue.finished:
                    dialogue.lost("closed")
        if dialogue.busy and not dialogue.finished:
            dialogue.lost("silence", Evidence.SILENCE)
        return dialogue

    def deliver(self, dialogue: Dialogue, parser: ReplyParser, data: bytes, cuts: list[int]) -> None:
        places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
        for start, end in pairwise(places):
            if dialogue.finished:
                return
            dialogue.receive(parser.feed(data[start:end]), not parser.is_empty)
            if parser.error and not dialogue.finished:
                dialogue.lost(parser.error, Evidence.CONFUSION)

    def run(self, cuts: list[int] | None = None, merged: bool = False) -> "Desk":
        for _ in range(200):
            if not self.queue:
                return self
            self.connect(cuts or [], merged)
        raise AssertionError("never ends")

    def verdicts(self) -> Counter:
        return Counter(str(result.verdict) for result in self.results.values())


def together(acts: list[tuple]) -> list[tuple]:
    """What is sent one after another as one piece, as the network may deliver it."""
    found: list[tuple] = []
    for act in acts:
        if act[0] == "send" and found and found[-1][0] == "send":
            found[-1] = ("send", found[-1][1] + act[1])
        else:
            found.append(act)
    return found


def honest(desk: Desk, count: int) -> None:
    """What must hold wherever the server said what it did."""
    assert sorted(desk.results) == list(range(count))
    assert all(times == 1 for times in desk.witness.accepted.values()), "a person got it twice"
    for key, result in desk.results.items():
        if f"p{key}@example.org" in desk.witness.lied_to:
            continue
        got = f"p{key}@example.org" in desk.witness.accepted
        if result.verdict is Verdict.ACCEPTED:
            assert got
        elif result.verdict is not Verdict.UNCERTAIN:
            assert not got, f"{key} arrived and is called {result.verdict}"
