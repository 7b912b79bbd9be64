"""Any start, build and test leaves the checkout as it was; the run that finds otherwise fails and says what changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reflex.utils.frontend_skeleton import initialize_gitignore
from reflex_base.constants import GitIgnore

from campaign_app import frontend
from campaign_app.launcher import testing, tree
from tests.cli.conftest import ROOT


def git(folder: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com"}
    identity |= {"GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com"}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **identity})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of what is in the working tree now, committed."""
    folder = tmp_path / "checkout"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")
    return folder


def test_the_first_build_of_reflex_changes_no_tracked_file(checkout: Path) -> None:
    """What `reflex export` does before it compiles in a folder without .web: it writes .gitignore among others."""
    code = "from reflex.reflex import _init; _init('campaign_app')"
    environment = {**frontend.environment(), "REFLEX_DIR": str(checkout.parent / "reflex")}
    subprocess.run([sys.executable, "-c", code], cwd=checkout, check=True, capture_output=True, env=environment)
    assert (checkout / ".web").is_dir()
    # npm's lock is taken apart here and the same again when the export has ended: `.ci/run` looks at that.
    assert [line for line in tree.status(checkout) if "reflex.lock/" not in line] == []


def test_every_line_that_reflex_wants_ignored_is_there_already(tmp_path: Path) -> None:
    file = tmp_path / ".gitignore"
    shutil.copy2(ROOT / ".gitignore", file)
    initialize_gitignore(file)
    assert file.read_bytes() == (ROOT / ".gitignore").read_bytes()
    assert set(GitIgnore.DEFAULTS) <= set(file.read_text().splitlines())


def test_what_a_run_changes_or_adds_is_told(checkout: Path) -> None:
    (checkout / "notes.txt").write_text("mine, before the run")
    known = tree.status(checkout)
    assert tree.changes_since(known, checkout) == []
    (checkout / ".gitignore").write_text("changed")
    (checkout / "docs" / "left.txt").write_text("left behind")
    changed = tree.changes_since(known, checkout)
    assert changed == [" M .gitignore", "?? docs/left.txt"]
    assert "docs/left.txt" in tree.not_clean(changed).fact


def test_outside_of_a_checkout_nothing_is_said(tmp_path: Path) -> None:
    assert tree.status(tmp_path) == []


def test_results_are_counted_over_reports(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    suite = '<testsuite tests="7" failures="1" errors="2" skipped="1"/>'
    report.write_text(f"<testsuites>{suite}</testsuites>")
    assert testing.count(report) == {"passed": 3, "failed": 3}
    assert not testing.count(tmp_path / "none.xml")


def test_a_run_that_changes_the_checkout_fails(checkout: Path, tmp_path: Path) -> None:
    """The whole command: a test that leaves a file behind passes, the run does not; the counts come last."""
    (checkout / "tests" / "test_leaves.py").write_text(
        "from pathlib import Path\n\ndef test_leaves():\n    Path(__file__).with_name('left.txt').write_text('x')\n"
    )
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "a test that leaves something")
    arguments = ["test", "tests/test_leaves.py", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "BEACON_VAR": str(tmp_path / "var"), "CI": ""}
    done = subprocess.run(
        [sys.executable, "-m", "campaign_app.cli", *arguments],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "?? tests/left.txt" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
