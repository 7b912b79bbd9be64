"""Whether a run left the checkout as it was: no start, build or test may change or add a file that git sees."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from campaign_app.core.config import ROOT
from campaign_app.launcher.console import Problem

BEFORE = "BEACON_TREE_BEFORE"
"""Set by `.ci/run` before anything is installed: the output of `git status` at that time."""


def status(root: Path = ROOT) -> list[str]:
    """The lines of `git status`: what differs from the commit. Empty outside of a checkout."""
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return done.stdout.splitlines()


def before() -> list[str]:
    """What differed before this run began."""
    told = os.environ.get(BEFORE)
    return status() if told is None else told.splitlines()


def changes_since(known: Sequence[str], root: Path = ROOT) -> list[str]:
    """What differs now and did not differ before."""
    return [line for line in status(root) if line not in known]


def not_clean(changed: Sequence[str]) -> Problem:
    """The problem to show."""
    shown = "".join(f"\n    {line}" for line in changed[:20])
    return Problem(
        f"This run changed or added {len(changed)} file(s) that git sees:{shown}",
        "`git diff` shows what; write such files under var/ or a temporary folder, or name them in .gitignore",
    )
