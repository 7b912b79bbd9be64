"""The front end is built when its sources changed, and only then."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from campaign_app import frontend, web_server


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "campaign_app/ui/page.py": "1",
        "campaign_app/models/campaign.py": "1",
        "campaign_app/auth/schemas.py": "1",
        "campaign_app/auth/service.py": "1",
        "campaign_app/campaign_app.py": "1",
        "assets/beacon.css": "1",
        "rxconfig.py": "1",
        "reflex.lock/package.json": "1",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def builds(tree: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands for Node and the compiler: leaves a result; a file named `broken` makes it fail."""
    made: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        made.append(command)
        if (tree / "broken").exists():
            (tree / "reflex.lock/package.json").write_text("half of it")
            return subprocess.CompletedProcess(command, 1, stdout="vite: cannot resolve x")
        result = tree / ".web/build/client/index.html"
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_text("built")
        (tree / "reflex.lock/package-lock.json").write_text("completed by npm")
        package = tree / "reflex.lock/package.json"
        if package.read_text().startswith("{"):
            package.write_text('{"name":"reflex"}')
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(frontend.subprocess, "run", run)
    return made


def test_builds_once_and_then_again_only_after_a_change(tree: Path, builds: list[list[str]]) -> None:
    said: list[str] = []
    assert frontend.build_if_needed(said.append, tree) is True
    assert frontend.build_if_needed(said.append, tree) is False
    assert len(builds) == 1
    assert said


@pytest.mark.parametrize(
    "name",
    [
        "campaign_app/ui/page.py",
        "campaign_app/models/campaign.py",
        "campaign_app/auth/schemas.py",
        "campaign_app/campaign_app.py",
        "assets/beacon.css",
        "rxconfig.py",
        "reflex.lock/package.json",
        "campaign_app/ui/new.py",
    ],
)
def test_each_source_counts(tree: Path, builds: list[list[str]], name: str) -> None:
    frontend.build_if_needed(print, tree)
    (tree / name).write_text("2")
    assert not frontend.is_current(tree)


@pytest.mark.parametrize("name", ["campaign_app/auth/service.py", "campaign_app/ui/__pycache__/page.pyc"])
def test_what_does_not_reach_the_browser_does_not_count(tree: Path, builds: list[list[str]], name: str) -> None:
    frontend.build_if_needed(print, tree)
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("2")
    assert frontend.is_current(tree)


def test_a_broken_build_says_why_and_is_tried_again(tree: Path, builds: list[list[str]]) -> None:
    (tree / "broken").touch()
    with pytest.raises(frontend.BuildFailed, match="cannot resolve x"):
        frontend.build_if_needed(print, tree)
    assert (tree / "reflex.lock/package.json").read_text() == "1"  # the checkout is as it was
    (tree / "broken").unlink()
    assert frontend.build_if_needed(print, tree) is True


def test_a_lock_that_is_only_written_with_other_blanks_stays_as_it_was(tree: Path, builds: list[list[str]]) -> None:
    package = tree / "reflex.lock/package.json"
    package.write_text('{"name": "reflex"}')
    frontend.build_if_needed(print, tree)
    assert package.read_text() == '{"name": "reflex"}'
    assert frontend.is_current(tree)
    package.write_text('{"name": "another"}')
    frontend.build_if_needed(print, tree)
    assert package.read_text() == '{"name":"reflex"}'


def test_of_two_builds_at_once_the_second_waits_and_has_nothing_to_do(tree: Path, builds: list[list[str]]) -> None:
    barrier = threading.Barrier(2)

    def first_start() -> bool:
        barrier.wait()
        return frontend.build_if_needed(print, tree)

    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(first_start) for _ in range(2)]
        assert sorted(one.result() for one in made) == [False, True]
    assert len(builds) == 1


def test_a_lost_result_is_made_again(tree: Path, builds: list[list[str]]) -> None:
    frontend.build_if_needed(print, tree)
    (tree / ".web/build/client/index.html").unlink()
    assert frontend.build_if_needed(print, tree) is True


def test_tools_come_from_the_venv_and_call_nobody() -> None:
    made = frontend.environment()
    assert (Path(made["PATH"].split(os.pathsep)[0]) / "node").exists()
    assert made["REFLEX_USE_NPM"] == "1"
    assert made["REFLEX_TELEMETRY_ENABLED"] == "false"


async def test_optimistic_locks_only_where_redis_can(redis_url: str) -> None:
    from campaign_app.core import redis

    version = (await redis.client().info("server"))["redis_version"]
    assert web_server._extends_locks() is (int(version.split(".")[0]) >= 7)
