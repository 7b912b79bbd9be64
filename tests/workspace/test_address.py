"""The public address: from the environment, else the workspace, else this machine; and who can open it."""

from pathlib import Path

import pytest

from campaign_app.core.config import settings
from campaign_app.workspace import address
from campaign_app.workspace.schemas import Workspace

OURS = "https://mail.meridian-supply.com"


def of(monkeypatch: pytest.MonkeyPatch, environment: str = "", stored: str = "", **more: str) -> address.PublicAddress:
    for name, value in {"BASE_URL": environment, **more}.items():
        monkeypatch.setenv(f"BEACON_{name}", value)
    settings.cache_clear()
    return address.of(Workspace(public_url=stored))


def test_nothing_set_leads_to_this_machine(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of(monkeypatch, PORT="8300")
    assert (found.url, found.is_set) == ("http://127.0.0.1:8300", False)
    assert found.problem.startswith("Only the computer")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "mail.meridian-supply.com"])
def test_where_the_server_listens_is_no_public_address(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert of(monkeypatch, HOST=host).problem


def test_what_the_workspace_says(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of(monkeypatch, stored=OURS)
    assert (found.url, found.problem, found.advice, found.from_environment) == (OURS, "", "", False)
    assert of(monkeypatch, stored="http://mail.meridian-supply.com").advice == address.PLAIN_HTTP


def test_the_environment_wins(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of(monkeypatch, "https://News.Meridian-Supply.com/", stored=OURS)
    assert (found.url, found.from_environment) == ("https://news.meridian-supply.com", True)


@pytest.mark.parametrize("given", ["http://127.0.0.1:8000", "beacon.local", "https://a:b@x.de", "ftp://x.de", "??"])
def test_a_bad_one_in_the_environment_is_told(var_dir: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    assert of(monkeypatch, given, stored=OURS).problem


def test_what_is_proposed() -> None:
    assert address.proposed("https://mail.meridian-supply.com") == OURS
    assert address.proposed("http://127.0.0.1:8000") == address.proposed("beacon") == address.proposed("\x00") == ""
