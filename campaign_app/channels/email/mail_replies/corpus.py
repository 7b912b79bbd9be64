"""Real replies of mail servers and their classification, for the table's test, the sandbox and examples.

The texts were written by us from public lists of replies. In them, `SENDER` and `RECIPIENT` stand for the envelope's
addresses.
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
    """A reply: its text, the command it answers, its classification, and its name in the sandbox (empty: by rule)."""

    stage: Stage
    party: str
    permanence: str
    dead: str
    rule: str
    reply: str
    twin: str = ""

    def code_and_words(self) -> tuple[int | None, str]:
        """A reply's code and its text. A report has no code."""
        found = _REPLY.fullmatch(self.reply) if self.stage is not Stage.REPORT else None
        return (int(found[1]), found[2] or "") if found else (None, self.reply)

    def told(self, sender: str, recipient: str) -> str:
        """The text as one line, with this sender and this recipient."""
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
