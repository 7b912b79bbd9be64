"""The texts of every `--help`, kept in a file so that the script `campaign` shows them before anything is installed.

`python -m campaign_app.help_texts` writes the file again after a flag was changed; a test compares it with the parsers.
"""

import argparse
import json
import os
from collections.abc import Iterator
from importlib import import_module

from campaign_app.cli import parser
from campaign_app.core.config import ROOT

FILE = ROOT / "campaign_app" / "launcher" / "help.json"
_ELSEWHERE = {"sandbox": "campaign_app.sandbox.__main__", "bench": "bench.__main__"}
"""Commands that hand everything after them to a parser of their own."""


def collect() -> dict[str, list[str]]:
    """The lines of each help text by the words after `./campaign`; "" is the whole program's."""
    width = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        return {words: made.format_help().splitlines() for words, made in _parsers("", parser())}
    finally:
        if width is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = width


def _parsers(words: str, made: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    if words in _ELSEWHERE:
        yield words, import_module(_ELSEWHERE[words]).parser()
        return
    yield words, made
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from _parsers(f"{words} {name}".strip(), below)


def write() -> None:
    """Bring the file up to date."""
    FILE.write_text(json.dumps(collect(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write()
