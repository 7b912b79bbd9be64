"""The script that makes .venv: it must start on a bare Python and say what is missing."""

import importlib.machinery
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from campaign_app import __version__, help_texts

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("campaign_script", str(ROOT / "campaign"))
    spec = importlib.util.spec_from_loader("campaign_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_uses_the_standard_library_only() -> None:
    """Isolated mode without site-packages: an import of anything else would fail."""
    code = f"import runpy; runpy.run_path({str(ROOT / 'campaign')!r}, run_name='looked_at')"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0


def bare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The script on a Python without libraries, where an environment cannot be made."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "campaign"), *arguments],
        env={"PATH": "/nowhere", "BEACON_VENV": "/nowhere/venv"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_is_what_the_parsers_say() -> None:
    """Wrapping differs between versions of Python, words do not."""
    stored = {words: " ".join(lines).split() for words, lines in json.loads(help_texts.FILE.read_text()).items()}
    parsers = {words: " ".join(lines).split() for words, lines in help_texts.collect().items()}
    assert stored == parsers, "run: .venv/bin/python -m campaign_app.help_texts"
    assert len(stored) > 14


@pytest.mark.parametrize("words", sorted(json.loads(help_texts.FILE.read_text())))
def test_help_of_every_command_installs_nothing(words: str) -> None:
    for flag in ("--help", "-h"):
        shown = bare(*words.split(), flag)
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.startswith("usage: ")
        assert shown.stdout.splitlines() == json.loads(help_texts.FILE.read_text())[words]
        assert not shown.stderr


def test_version_and_mistyped_commands_install_nothing() -> None:
    assert bare("--version").stdout == f"Beacon {__version__}\n"
    for arguments, said in ((["upp"], "no command 'upp'"), ([], "no command was given"), (["user"], "no command was")):
        refused = bare(*arguments)
        assert refused.returncode == 2
        assert said in refused.stderr
        assert "Making the Python environment" not in refused.stderr


def test_missing_venv_module_names_the_package(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "VENV", str(tmp_path / "venv"))
    monkeypatch.setattr(script, "PYTHON", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.setattr(script.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit):
        script.make_venv()
    assert "sudo apt install python3-venv" in capsys.readouterr().err


def test_too_old_a_python_names_the_package(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit):
        script.newer_python()
    assert "Python 3.11 or newer" in capsys.readouterr().err


def test_installs_only_when_the_lock_changed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(script, "VENV", str(tmp_path))
    monkeypatch.setattr(script, "ROOT", str(tmp_path))
    monkeypatch.setattr(script, "uv_command", lambda _pip: None)
    monkeypatch.setattr(script.subprocess, "call", lambda command, **_: calls.append(command) or 0)
    lock = tmp_path / "requirements.txt"
    lock.write_text("one==1\n")
    script.install(["requirements.txt"])
    script.install(["requirements.txt"])
    assert len(calls) == 1
    assert "--no-deps" in calls[0]
    lock.write_text("one==2\n")
    script.install(["requirements.txt"])
    assert len(calls) == 2


def test_a_failed_installation_is_tried_again(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "VENV", str(tmp_path))
    monkeypatch.setattr(script, "ROOT", str(tmp_path))
    monkeypatch.setattr(script, "uv_command", lambda _pip: None)
    monkeypatch.setattr(script.subprocess, "call", lambda _command, **_: 1)
    (tmp_path / "requirements.txt").write_text("one==1\n")
    with pytest.raises(SystemExit):
        script.install(["requirements.txt"])
    assert "could not be installed" in capsys.readouterr().err
    assert not list(tmp_path.glob(".beacon-*"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["pip", "install"]),
        (
            {"index-url": "https://pypi.example/simple"},
            ["pip", "install", "--index-url", "https://pypi.example/simple"],
        ),
        ({"no-index": "true"}, None),
    ],
)
def test_uv_asks_where_pip_would_ask(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], expected: list[str] | None
) -> None:
    monkeypatch.setattr(script, "pip_settings", lambda: settings)
    monkeypatch.setattr(script.subprocess, "call", lambda *_, **__: 0)
    command = script.uv_command(["pip"])
    assert (command[1:] if command else None) == expected
