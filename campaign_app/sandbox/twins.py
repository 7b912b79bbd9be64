"""Texts of real servers on demand: every text of the classifier's tests, by the name of a provider or a rule."""

from collections.abc import Mapping
from functools import cache

from campaign_app.channels.email.mail_replies import corpus
from campaign_app.channels.email.mail_replies.classifier import Stage, classify
from campaign_app.channels.email.mail_replies.corpus import Row

REPLY, RETURNED = "reply-", "returned-"
_DIGITS = "0123456789"
_AT_RCPT = {Stage.RCPT, Stage.DATA, Stage.DOT}


@cache
def texts() -> Mapping[str, tuple[Row, ...]]:
    """Name → its texts: a provider's twin has one, a rule has all of its texts in the corpus."""
    found: dict[str, tuple[Row, ...]] = {row.twin: (row,) for row in corpus.rows() if row.twin}
    for row in corpus.rows():
        found[row.rule] = (*found.get(row.rule, ()), row)
    return found


@cache
def addressed() -> Mapping[str, tuple[Row, ...]]:
    """Local part → its texts: what can be said of one recipient, or about one in a report."""
    found: dict[str, tuple[Row, ...]] = {}
    for name, rows in texts().items():
        said = tuple(row for row in rows if _said_at(row) in _AT_RCPT)
        returned = tuple(row for row in rows if row.stage is Stage.REPORT)
        found |= {REPLY + name: said} if said else {}
        found |= {RETURNED + name: returned} if returned else {}
    return found


@cache
def _said_at(row: Row) -> Stage:
    """Where a text of `row` is said of one recipient. Before RCPT the recipient is not known: words that mean the same
    there wait for it, as servers wait that want to know it first.
    """
    if row.stage is not Stage.MAIL:
        return row.stage
    code, words = row.code_and_words()
    early, late = (
        classify(code, None, words, stage=stage, sender=corpus.SENDER, recipient=corpus.RECIPIENT)
        for stage in (Stage.MAIL, Stage.RCPT)
    )
    return Stage.RCPT if early == late else Stage.MAIL


def find(name: str, known: Mapping[str, tuple[Row, ...]] | None = None) -> Row | None:
    """The text of a name; `name+3` is its third one, counted round. None when nothing has that name."""
    known = texts() if known is None else known
    if name in known:
        return known[name][0]
    base, plus, number = name.partition("+")
    if not plus:
        base = name.rstrip(_DIGITS)
        number = name[len(base) :]
    rows = known.get(base, ())
    wanted = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 1
    return rows[(wanted - 1) % len(rows)] if rows else None


def of_address(address: str) -> Row | None:
    """The text that an address asks for by its local part."""
    local = address.partition("@")[0]
    return find(local, addressed()) if local.startswith((REPLY, RETURNED)) else None


def to_one(stage: Stage, sender: str, recipient: str) -> bytes | None:
    """What a recipient's address asks for, if it is said at `stage`."""
    row = of_address(recipient)
    return _told(row, sender, recipient) if row and _said_at(row) is stage else None


def to_all(stage: Stage, name: str, sender: str, recipient: str) -> bytes | None:
    """What `name` stands for, if it is said at `stage`."""
    row = find(name)
    return _told(row, sender, recipient) if row and row.stage is stage else None


def _told(row: Row, sender: str, recipient: str) -> bytes:
    return row.told(sender or corpus.SENDER, recipient or corpus.RECIPIENT).encode()
