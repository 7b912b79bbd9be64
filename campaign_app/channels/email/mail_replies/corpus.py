"""What mail servers really say, and how each text is to be read: the table's test, the sandbox's words, the examples.

The texts were written by us from public lists of replies. `SENDER` and `RECIPIENT` stand in them for the envelope's.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from campaign_app.channels.email.mail_replies.vocabulary import Stage

SENDER, RECIPIENT = "news@sender.example", "someone@d1.example"
_FILE = Path(__file__).with_name("corpus.tsv")
_REPLY = re.compile(r"(\d{3})(?:[ -](.*))?")
_PEOPLE = re.compile(r"(?:news@)?(?<![\w.-])sender\.example|(?:someone@)?(?<![\w.-])d1\.example")


class Row(NamedTuple):
    """A text: what it answers, how it is to be read, and the name under which the sandbox says it (empty: by rule)."""

    stage: Stage
    party: str
    permanence: str
    dead: str
    rule: str
    reply: str
    twin: str = ""

    def code_and_words(self) -> tuple[int | None, str]:
        """A reply's code and the words behind it; a report has no code."""
        found = _REPLY.fullmatch(self.reply) if self.stage is not Stage.REPORT else None
        return (int(found[1]), found[2] or "") if found else (None, self.reply)

    def told(self, sender: str, recipient: str) -> str:
        """The text as one line, about this sender and this recipient."""
        code, words = self.code_and_words()
        given = {
            "news": sender,
            "some": recipient,
            "send": sender.rpartition("@")[2],
            "d1.e": recipient.rpartition("@")[2],
        }
        words = _PEOPLE.sub(lambda found: given[found[0][:4]], words)
        return words if code is None else f"{code} {words}".strip()


@cache
def rows() -> tuple[Row, ...]:
    """The corpus, in the order of its file."""
    lines = (line for line in _FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return tuple(Row(Stage(stage), *rest) for stage, *rest in (line.split("\t") for line in lines))
