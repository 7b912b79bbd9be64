"""`./campaign lock`: resolves the requirements into complete lock files."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from campaign_app.core.config import ROOT
from campaign_app.launcher import console
from campaign_app.launcher.console import Problem

FILES = (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"))


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The flags of `lock`."""
    made = commands.add_parser(
        "lock",
        help="resolve requirements*.in into requirements*.txt",
        description="Resolves requirements.in and requirements-dev.in for every platform and Python from 3.11 on. "
        "Versions stay as they are unless --upgrade is given.",
    )
    made.add_argument("--upgrade", action="store_true", help="use the newest compatible versions")
    made.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """0 when both files were resolved."""
    for source, target in FILES:
        command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", "3.11", "--override", "requirements.override.txt", source, "-o", target]
        command += ["--upgrade"] if given.upgrade else []
        with console.step(f"Resolving {source}", f"{target} written"):
            environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "./campaign lock"}
            done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if done.returncode:
            raise Problem(f"{source} could not be resolved; the lines above say why.", "change it and try again")
    return 0
