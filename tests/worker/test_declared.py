"""The worker's page lists every job that the rooms enqueue, each on the queue it is sent to."""

import ast
from pathlib import Path

import pytest

from campaign_app.core import queue
from campaign_app.worker import schedules, settings

ROOT = Path(__file__).parents[2] / "campaign_app"
QUEUES = {"queue.SEND": queue.SEND, "queue.WORK": queue.WORK}


def _collected() -> set[tuple[str, str]]:
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"queue.collect", "collect"}:
                if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
                    continue
                target = next((ast.unparse(kw.value) for kw in node.keywords if kw.arg == "queue"), "queue.WORK")
                found.add((str(node.args[1].value), QUEUES[target]))
    return found


def test_every_job_that_is_sent_is_known() -> None:
    known = {(function.name, name) for name, functions in settings.functions().items() for function in functions}
    assert _collected() <= known
    assert ("send_lease", queue.SEND) in known


@pytest.mark.parametrize("name", ["cron:sweep", "cron:start_scheduled", "cron:retry_accounts"])
def test_what_the_engine_needs_runs_by_itself(name: str) -> None:
    assert name in {line.name for line in schedules.lines()}
