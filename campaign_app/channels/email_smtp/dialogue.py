"""Mail transactions on one open connection, as a state machine that is fed replies and writes commands. Pure: no I/O.

Three ways to talk, by what the server can do (grouping.py):

SERIAL    MAIL → RCPT → DATA → body, each waits for its answer: 4 round trips
ENVELOPE  MAIL RCPT DATA → body: 2 round trips
FULL      body MAIL RCPT DATA of the next message in one write: 1 round trip; only when the next one is there

Every written command adds an entry to a queue, and every reply removes the first one. So each refusal, lost connection
or unexpected reply is assigned to its message.
"""

from collections import deque
from collections.abc import Callable, Sequence

from campaign_app.channels.base import Outgoing, Result, Verdict
from campaign_app.channels.email_smtp import mime, verdicts
from campaign_app.channels.email_smtp.fit import unfit
from campaign_app.channels.email_smtp.grouping import Evidence, Grouping, Mode
from campaign_app.channels.email_smtp.handshake import Extensions
from campaign_app.channels.email_smtp.items import Item, Owner
from campaign_app.channels.email_smtp.replies import Reply, words
from campaign_app.channels.email_smtp.verdicts import CLOSING, Step
from campaign_app.models.delivery import Reason

LARGE = 256 * 1024
"""Bodies above this many octets go out before their final dot, so that a slow network is not taken for a hand-over."""


class Dialogue:
    """The transactions of one connection.

    `finished`: the connection must be closed. `failed`: it ended without our QUIT while work was outstanding. `sent`
    counts accepted messages.
    """

    __slots__ = (
        "_capabilities", "_dot_waits", "_expected", "_grouping", "_in_transaction", "_max_messages", "_owner",
        "_parameters", "_unconfirmed", "_write", "draining", "failed", "finished", "paused", "sent",
    )  # fmt: skip

    def __init__(
        self,
        owner: Owner,
        grouping: Grouping,
        capabilities: Extensions,
        write: Callable[[bytes], None],
        max_messages: int = 1_000,
    ) -> None:
        self._owner = owner
        self._grouping = grouping
        self._capabilities = capabilities
        self._write = write
        self._max_messages = max_messages
        self._expected: deque[tuple[Step, Item, Mode]] = deque()
        self._in_transaction = False
        self._dot_waits: Item | None = None
        self._unconfirmed: tuple[Item, Result] | None = None
        self._parameters = (capabilities.has_size, capabilities.eight_bit, capabilities.size)
        self.sent = 0
        self.paused = False
        self.draining = False
        self.failed = False
        self.finished = False

    @property
    def busy(self) -> bool:
        """Whether an answer is outstanding or a message is partly written."""
        return bool(self._expected) or self._dot_waits is not None

    @property
    def awaits_dot(self) -> bool:
        """Whether a message is being transferred: its body is being sent, or its final answer is the next reply."""
        return self._dot_waits is not None or (bool(self._expected) and self._expected[0][0] is Step.DOT)

    @property
    def partly_answered(self) -> bool:
        """Whether the first command of a group was answered and the rest is outstanding."""
        if not self._expected:
            return False
        step, _, mode = self._expected[0]
        return step in (Step.RCPT, Step.DATA) or (mode is Mode.FULL and step is not Step.DOT)

    @property
    def in_group(self) -> Mode:
        """The grouping whose answers are outstanding."""
        return max((mode for _, _, mode in self._expected), default=Mode.SERIAL)

    def offer(self, item: Item) -> None:
        """A message for an idle connection."""
        problem = unfit(item.message, self._parameters[2])
        if problem is None:
            self._begin(item)
        else:
            self._owner.settle(item, problem)
            self.proceed()

    def proceed(self) -> bool:
        """Start the next message if there is one. Returns False when the connection is now idle."""
        if self.busy or self.finished:
            return True
        if self._used_up():
            self.leave()
            return True
        item = self._take()
        if item is None:
            return False
        self._begin(item)
        return True

    def leave(self) -> None:
        """Send QUIT. The connection closes at the answer."""
        self.finished = True
        self._write(b"QUIT\r\n")

    def receive(self, replies: Sequence[Reply], more_follows: bool = False) -> None:
        """Take the server's replies in order. `more_follows`: part of another reply has already arrived."""
        last = len(replies) - 1
        for index, reply in enumerate(replies):
            if self.finished:
                return
            if not self._expected:
                self._unasked(reply)
                return
            step, item, mode = self._expected.popleft()
            if reply[0] == CLOSING:
                self._closing(step, item, mode, reply)
            elif step is Step.DOT:
                self._on_dot(item, mode, reply)
            elif step is Step.DATA:
                self._on_data(item, mode, reply, is_last=index == last and not more_follows)
            elif step is Step.LONE_DOT:
                self._on_lone_dot(item, mode, reply)
            else:
                self._on_command(step, item, mode, reply)

    def lost(self, why: str, evidence: Evidence = Evidence.DROP) -> None:
        """The connection is lost or given up: settle what is outstanding."""
        given_up = self._grouping.failed(self.in_group, evidence, why)
        self.failed = self.failed or (self.busy and not given_up)
        self._close_rest(why, spare=given_up, doubtful=evidence is Evidence.SILENCE)

    def resume(self) -> None:
        """The network accepts data again."""
        self.paused = False
        item, self._dot_waits = self._dot_waits, None
        if item is not None:
            self._hand_over(item, b".\r\n")

    def _used_up(self) -> bool:
        return self.draining or self.sent >= self._max_messages

    def _take(self) -> Item | None:
        while (item := self._owner.next_item()) is not None:
            problem = unfit(item.message, self._parameters[2])
            if problem is None:
                return item
            self._owner.settle(item, problem)
        return None

    def _begin(self, item: Item) -> None:
        if item.doubt is None and self._grouping.mode_for(self) is not Mode.SERIAL:
            self._write(self._group(item, Mode.ENVELOPE))
        elif self._in_transaction:
            self._expected.append((Step.RSET, item, Mode.SERIAL))
            self._write(b"RSET\r\n")
        else:
            self._expected.append((Step.MAIL, item, Mode.SERIAL))
            self._write(self._mail(item.message))

    def _mail(self, message: Outgoing) -> bytes:
        self._in_transaction = True
        has_size, eight_bit, _ = self._parameters
        size = f" SIZE={len(message.content)}" if has_size else ""
        body = " BODY=8BITMIME" if eight_bit and not message.content.isascii() else ""
        return f"MAIL FROM:<{message.sender}>{size}{body}\r\n".encode("ascii")

    def _group(self, item: Item, mode: Mode) -> bytes:
        expected = self._expected
        reset = b""
        if self._in_transaction:
            expected.append((Step.RSET, item, mode))
            reset = b"RSET\r\n"
        expected.append((Step.MAIL, item, mode))
        expected.append((Step.RCPT, item, mode))
        expected.append((Step.DATA, item, mode))
        message = item.message
        return b"%b%bRCPT TO:<%b>\r\nDATA\r\n" % (reset, self._mail(message), message.recipient.encode("ascii"))

    def _body(self, item: Item) -> None:
        content = mime.stuffed(item.message.content)
        self._in_transaction = False
        if len(content) > LARGE:
            self._write(content)
            if self.paused:
                self._dot_waits = item
                return
            content = b""
        self._hand_over(item, content + b".\r\n")

    def _hand_over(self, item: Item, data: bytes) -> None:
        following = None
        may_follow = not (self.draining or self.paused) and self.sent + 1 < self._max_messages
        if may_follow and self._grouping.mode_for(self) is Mode.FULL:
            following = self._take()
        if following is None:
            self._expected.append((Step.DOT, item, Mode.SERIAL))
        else:
            self._expected.append((Step.DOT, item, Mode.FULL))
            data += self._group(following, Mode.FULL)
        item.handed = True
        self._owner.handed_over(item.message.key)
        self._write(data)

    def _on_command(self, step: Step, item: Item, mode: Mode, reply: Reply) -> None:
        code = reply[0]
        if 200 <= code < 300:
            if step is Step.RCPT and item.refusal is not None:  # a recipient accepted without a sender
                self._out_of_step(step, item, mode, reply)
                return
            item.named = step is not Step.RSET
            if mode is Mode.SERIAL:
                self._serial_next(step, item)
        elif code < 400 or step is Step.RSET:
            self._out_of_step(step, item, mode, reply)
        elif self._blames_grouping(step, item, mode, reply):
            self._broken(item, mode, reply)
        else:
            self._doubt(step, item, mode, reply)
            item.refusal = item.refusal or verdicts.refused(step, reply, item.message)
            if mode is Mode.SERIAL:
                self._in_transaction = step is Step.RCPT
                self._owner.settle(item, item.refusal)
                self.proceed()

    def _serial_next(self, step: Step, item: Item) -> None:
        if step is Step.RSET:
            following, command = Step.MAIL, self._mail(item.message)
        elif step is Step.MAIL:
            following, command = Step.RCPT, f"RCPT TO:<{item.message.recipient}>\r\n".encode("ascii")
        else:
            following, command = Step.DATA, b"DATA\r\n"
        self._expected.append((following, item, Mode.SERIAL))
        self._write(command)

    def _on_data(self, item: Item, mode: Mode, reply: Reply, *, is_last: bool) -> None:
        code = reply[0]
        if code >= 354 and self._unconfirmed is not None:
            self._confirm()
        if code < 400:
            if code != 354 or not is_last:
                self._out_of_step(Step.DATA, item, mode, reply)
                return
            if item.doubt is not None and mode is Mode.SERIAL:
                self._grouping.failed(item.doubt[0], Evidence.WORDS, item.doubt[1])
            self._grouping.worked(mode)
            if item.refusal is None:
                self._body(item)
            else:
                self._lone_dot(item, mode)
        elif self._blames_grouping(Step.DATA, item, mode, reply):
            self._broken(item, mode, reply)
        else:
            self._doubt(Step.DATA, item, mode, reply)
            if item.doubt is not None and mode is not Mode.SERIAL:
                item.refusal = None
                self._begin(item)
                return
            self._grouping.worked(mode)
            self._owner.settle(item, item.refusal or verdicts.refused(Step.DATA, reply, item.message))
            self.proceed()

    def _lone_dot(self, item: Item, mode: Mode) -> None:
        """DATA was accepted although the recipient was refused: end it with an empty message to nobody."""
        assert item.refusal is not None
        self._in_transaction = False
        self._expected.append((Step.LONE_DOT, item, mode))
        self._owner.settle(item, item.refusal)
        self._write(b".\r\n")

    def _on_lone_dot(self, item: Item, mode: Mode, reply: Reply) -> None:
        if 300 <= reply[0] < 400:
            self._out_of_step(Step.LONE_DOT, item, mode, reply)
        else:
            self.proceed()

    def _on_dot(self, item: Item, mode: Mode, reply: Reply) -> None:
        code = reply[0]
        if 300 <= code < 400:
            self._out_of_step(Step.DOT, item, mode, reply)
            return
        if code < 300:
            self.sent += 1
            result = verdicts.accepted(reply)
        else:
            result = verdicts.refused(Step.DOT, reply, item.message)
        if mode is Mode.FULL:  # it is valid when the group after it got as many answers as it has commands
            self._unconfirmed = (item, result)
            return
        self._owner.settle(item, result)
        self.proceed()

    def _confirm(self, doubt: str = "") -> None:
        """Report the answer to the message before a group. `doubt`: it may have answered something else."""
        item, result = self._unconfirmed or (None, None)
        self._unconfirmed = None
        if item is not None and result is not None:
            known = Result(Verdict.UNCERTAIN, Reason.CONNECTION_LOST, doubt) if doubt else result
            self._owner.settle(item, known)

    def _blames_grouping(self, step: Step, item: Item, mode: Mode, reply: Reply) -> bool:
        """Whether a refusal is about grouping: its text says so, or it calls a correct sequence wrong."""
        if mode is Mode.SERIAL or reply[0] < 500:
            return False
        return verdicts.speaks_of_grouping(reply) or (
            reply[0] == verdicts.BAD_SEQUENCE and step is not Step.MAIL and item.refusal is None
        )

    def _doubt(self, step: Step, item: Item, mode: Mode, reply: Reply) -> None:
        """The first refusal in a group by a server not yet proven to support groups: the group may be the reason."""
        if self._grouping.is_proven(mode) or item.refusal is not None or item.doubt is not None:
            return
        if verdicts.may_mean_grouping(step, reply):
            item.doubt = (mode, words(reply))

    def _broken(self, item: Item, mode: Mode, reply: Reply) -> None:
        said = words(reply)
        self._grouping.failed(mode, Evidence.WORDS, said)
        self._forget(item)
        self._give_back(item, said, may_move=True)
        self._close_rest(said, behind=True)

    def _closing(self, step: Step, item: Item, mode: Mode, reply: Reply) -> None:
        """421: the server closes the connection."""
        said = words(reply)
        evidence = Evidence.WORDS if verdicts.speaks_of_grouping(reply) else Evidence.DROP
        given_up = self._grouping.failed(mode, evidence, said)
        self.failed = not given_up
        self._forget(item)
        if step is Step.LONE_DOT:
            pass  # its message is already settled
        elif not item.handed and (given_up or (self.sent and step in (Step.RSET, Step.MAIL))):
            self._give_back(item, said, may_move=True)
        else:
            known = item.refusal if item.doubt is None else None
            self._owner.settle(item, known or verdicts.refused(step, reply, item.message))
        self._close_rest(said, spare=given_up, behind=True)

    def _out_of_step(self, step: Step, item: Item, mode: Mode, reply: Reply) -> None:
        """A reply that does not fit its command: no later reply on this connection can be trusted."""
        said = f"Unexpected answer to {step}: {words(reply)}"
        given_up = self._grouping.failed(mode, Evidence.CONFUSION, said)
        self.failed = not given_up
        self._forget(item)
        if step is not Step.LONE_DOT:
            self._charge(item, said, spare=given_up)
        self._close_rest(said, spare=given_up, behind=True, doubtful=True)

    def _forget(self, item: Item) -> None:
        self._expected = deque(entry for entry in self._expected if entry[1] is not item)

    def _close_rest(self, why: str, *, spare: bool = False, behind: bool = False, doubtful: bool = False) -> None:
        """Settle everything outstanding.

        `spare`: refusals inside a group that the server mixed up do not count. `behind`: the answer to another message
        ended the connection. `doubtful`: answers may have been assigned to the wrong commands.
        """
        self.finished = True
        self._confirm(why if doubtful else "")
        waiting = list(dict.fromkeys(item for step, item, _ in self._expected if step is not Step.LONE_DOT))
        if self._dot_waits is not None:
            waiting.append(self._dot_waits)
        self._expected.clear()
        self._dot_waits = None
        for item in waiting:
            self._charge(item, why, spare=spare, behind=behind or item is not waiting[0])

    def _charge(self, item: Item, why: str, *, spare: bool, behind: bool = False) -> None:
        if item.handed:
            fresh = not self.sent  # a server that takes bodies and never answers is an account problem
            self._owner.settle(item, Result(Verdict.UNCERTAIN, Reason.CONNECTION_LOST, why, account_trouble=fresh))
        elif item.refusal is not None and item.doubt is None and not spare:
            self._owner.settle(item, item.refusal)
        else:
            self._give_back(item, why, may_move=spare or behind or self.sent > 0)

    def _give_back(self, item: Item, why: str, *, may_move: bool) -> None:
        item.refusal = item.doubt = None
        self._owner.give_back(item, why, may_move=may_move)
        item.named = False

    def _unasked(self, reply: Reply) -> None:
        """A reply without a command: 421 before closing, a body refused before its end, or a server out of step."""
        item = self._dot_waits
        if item is not None and reply[0] >= 400:
            self._dot_waits = None
            self.failed = True
            self._owner.settle(item, verdicts.refused(Step.DOT, reply, item.message))
        self._close_rest(words(reply))
