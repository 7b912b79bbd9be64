"""Commands that run to their end."""

import json
import os
import re
import signal
import stat
from pathlib import Path

import pytest

from campaign_app.cli import main
from tests.cli.conftest import ROOT, Cli

KEYS = ["total", "sent", "failed", "bounced", "skipped", "uncertain", "pending", "seconds"]
KEYS += ["rate_per_second", "witness"]
COMMANDS = ("up", "demo", "import", "user", "doctor", "test", "lock", "web", "worker", "sandbox", "migrate")


def test_help_names_every_command(cli: Cli) -> None:
    shown = cli.run("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\s", shown.stdout, re.MULTILINE), command


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"sandbox"}))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"usage: ./campaign {command}" in capsys.readouterr().out


def test_the_sandbox_explains_itself(cli: Cli) -> None:
    """Its flags are its own: the command becomes the sandbox's process."""
    shown = cli.run("sandbox", "--help")
    assert shown.returncode == 0
    assert "usage:" in shown.stdout


def test_an_unknown_flag_is_refused(cli: Cli) -> None:
    refused = cli.run("migrate", "--frobnicate")
    assert refused.returncode == 2
    assert "--frobnicate" in refused.stderr


def test_migrate_then_users(cli: Cli) -> None:
    assert cli.run("migrate").returncode == 0
    owner = cli.run(
        "user", "create", "--email", "o@example.com", "--role", "owner", "--password", "correct horse battery"
    )
    assert owner.returncode == 0, owner.stderr
    made = cli.run("user", "create", "--email", "v@example.com", "--role", "viewer")
    assert made.returncode == 0, made.stderr
    assert re.search(r"Password, shown only now: \S{10,}", made.stdout)
    listed = cli.run("user", "list").stdout
    assert re.search(r"owner\s+o@example.com", listed)
    assert re.search(r"viewer\s+v@example.com", listed)
    assert cli.run("user", "password", "--email", "v@example.com", "--password", "another long one").returncode == 0


def test_mistakes_are_sentences(cli: Cli) -> None:
    weak = cli.run("user", "create", "--email", "o@example.com", "--role", "owner", "--password", "short")
    assert weak.returncode == 1
    assert "characters" in weak.stderr
    assert "Traceback" not in weak.stderr
    missing = cli.run("import", "/nowhere/contacts.csv")
    assert missing.returncode == 1
    assert "There is no file" in missing.stderr
    alone = cli.run("worker")
    assert alone.returncode == 1
    assert "REDIS_URL" in alone.stderr


def test_doctor_on_an_empty_folder_says_how_to_mend(cli: Cli) -> None:
    found = cli.run("doctor", "--json", REDIS_URL="redis://127.0.0.1:1/0")
    assert found.returncode == 1
    states = {finding["part"]: finding for finding in json.loads(found.stdout)}
    assert states["Database"]["state"] == "problem"
    assert states["Redis"]["state"] == "problem"
    assert all(finding["mend"] for finding in states.values() if finding["state"] == "problem")


def test_import_as_json_agrees_with_the_expected_figures(cli: Cli) -> None:
    data = ROOT / "tests" / "data"
    arguments = ["import", str(data / "contacts-messy.csv"), "--list", "Trade fair", "--country", "DE", "--json"]
    done = cli.run(*arguments)
    assert done.returncode == 0, done.stderr
    expected = json.loads((data / "contacts-messy.expected.json").read_text())
    result = json.loads(done.stdout)
    assert {name: result[name] for name in expected} == expected


@pytest.mark.scenario
def test_demo_accounts_for_everybody(cli: Cli) -> None:
    done = cli.run("demo", "--recipients", "300", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result) == KEYS
    assert (result["total"], result["sent"], result["pending"]) == (300, 300, 0)
    assert result["witness"] == {"accepted": 300, "distinct": 300, "duplicates": 0}
    assert not cli.var.exists(), "a rehearsal leaves the installation's data alone"


@pytest.mark.scenario
def test_demo_keeps_its_limit(cli: Cli, tmp_path: Path) -> None:
    done = cli.run("demo", "--recipients", "60", "--rate", "1200", "--json", "--keep", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"] >= 2.5, "60 messages at 20 a second"
    assert stat.S_ISREG((tmp_path / "kept" / "beacon.db").stat().st_mode)


@pytest.mark.scenario
def test_demo_accounts_for_everybody_though_its_worker_is_killed(cli: Cli) -> None:
    running = cli.start("demo", "--recipients", "2000", "--rate", "12000", "--json")
    running.wait_until_printed("contacts and a campaign made")
    os.kill(running.child("campaign_app.worker"), signal.SIGKILL)
    assert running.process.wait(180) == 0, running.printed
    assert "Worker stopped (killed by SIGKILL)" in running.printed
    result = json.loads(next(line for line in running.printed.splitlines() if line.startswith("{")))
    assert result["sent"] + result["uncertain"] == 2_000
    assert result["uncertain"] <= 10, "one per connection at most"
    assert result["witness"]["duplicates"] == 0
