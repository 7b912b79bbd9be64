"""A record is one line of limited length, whoever chose its words; further lines of a traceback are marked as such."""

import json
import logging as stdlib
import os
import subprocess
import sys

import pytest

from campaign_app.core import logging

FORGED = "x\n2026-11-26T12:00:00Z [info] the owner signed in\r\x1b[2K\u2028\u202e\x00\x85\ud800"

SCRIPT = """
import logging as stdlib, sys
from campaign_app.core import logging
logging.configure()
forged = {forged!r}
log = logging.get(forged)
log.info(forged, name=forged, nested={{"a": [forged]}}, **{{"long": "y" * 50_000}})
log.warning("z" * 50_000, many=[forged] * 5_000)
try:
    raise ValueError(forged + "w" * 50_000)
except ValueError:
    log.exception("failed")
    stdlib.getLogger("reflex.app").exception("failed %s", forged)
stdlib.getLogger("uvicorn.error").warning("said: %s", forged + "v" * 50_000)
handler = stdlib.StreamHandler(sys.stderr)
handler.setFormatter(stdlib.Formatter("[%(levelname)s] %(message)s"))
other = stdlib.getLogger("_granian")
other.addHandler(handler)
other.propagate = False
other.warning(forged)
def deep(n):
    return deep(n - 1) if n else 1 / 0
try:
    deep(400)
except ZeroDivisionError:
    other.exception("deep")
"""


def printed(json_lines: bool) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(forged=FORGED)],
        env={**os.environ, "BEACON_LOG_JSON": str(json_lines).lower(), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


@pytest.mark.parametrize("json_lines", [False, True])
def test_no_record_looks_like_two(json_lines: bool) -> None:
    text = printed(json_lines)
    assert not set(text) & set("\r\x1b\u2028\u202e\x00\x85")
    lines = text.split("\n")[:-1]
    starts = [line for line in lines if not line.startswith("    | ")]
    assert len(starts) == 7
    assert not [line for line in starts if line.startswith("2026-11-26T12:00:00Z")]
    assert max(map(len, lines)) < logging.LINE + 100
    if json_lines:
        assert len([json.loads(line) for line in starts if line.startswith("{")]) == 3


def test_a_long_traceback_keeps_its_first_and_last_steps() -> None:
    lines = printed(json_lines=False).split("[ERROR] deep\n")[1].splitlines()
    assert len(lines) <= logging.FRAMES + 1
    assert lines[0] == "    | Traceback (most recent call last):"
    assert lines[-1] == "    | ZeroDivisionError: division by zero"


def test_values_are_cut_and_say_how_long_they_were() -> None:
    assert logging.clean("a" * 10, 4) == "aaaa… (10 characters)"
    assert logging.clean("größe ✓ 日本") == "größe ✓ 日本"
    assert logging.clean("a\nb\tc\x7f") == "a\\nb\\tc\\x7f"


def test_a_record_of_the_standard_library_whoever_formats_it() -> None:
    try:
        raise RuntimeError("a\nERROR forged")
    except RuntimeError:
        record = logging._Record("n", stdlib.ERROR, "f.py", 1, "said %s", ("b\nc",), sys.exc_info(), "f", "one\ntwo")
    text = stdlib.Formatter("%(message)s").format(record)
    assert text.splitlines()[0] == "said b\\nc"
    assert all(line.startswith("    | ") for line in text.splitlines()[1:])


def test_who_cannot_write_any_more_does_not_fail_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def write(self, _text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    logging._Printer().msg("nobody reads this")
