"""`./campaign bench`: the figures, each as a ratio against references measured in the same run."""

import argparse
import os
import sys

from campaign_app.core.config import ROOT
from campaign_app.launcher.console import Problem


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Everything after `bench` goes to bench/."""
    made = commands.add_parser("bench", help="measure speed against references", add_help=False)
    made.set_defaults(run=run, rest=True)


def run(given: argparse.Namespace) -> int:
    """Become `python -m bench`."""
    if not (ROOT / "bench" / "__main__.py").exists():
        raise Problem("The benchmarks are not in this copy (bench/ is missing).", "clone the whole repository")
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "bench", *given.arguments])  # noqa: S606  (our own module)
