"""What the answers allow a page to run: files of ours and the scripts of the built pages, and no text."""

import base64
import hashlib
from pathlib import Path

import httpx
import pytest

from campaign_app.api import headers
from tests.security.installation import Installation

INLINE = "window.theme = 'dark' < 1;"


@pytest.fixture(params=["/api/health", "/api/docs", "/auth/none", "/files/contacts.csv", "/u/none", "/nothing"])
async def answer(request: pytest.FixtureRequest, installation: Installation) -> httpx.Response:
    """What the signed-in owner gets from an address of each kind."""
    async with installation.browser(installation.owner) as browser:
        return await browser.get(request.param)


async def test_no_answer_lets_a_text_run(answer: httpx.Response) -> None:
    rules = _rules(answer.headers["content-security-policy"])
    assert rules["script-src"] <= {"'self'"} | {
        source for source in rules["script-src"] if source.startswith("'sha256-")
    }
    assert rules["script-src-attr"] == {"'none'"}
    assert rules["object-src"] == {"'none'"}
    assert rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == {"'self'"}


def _rules(policy: str) -> dict[str, set[str]]:
    return {
        name: set(sources.split()) for name, _, sources in (rule.strip().partition(" ") for rule in policy.split(";"))
    }


def test_scripts_inside_the_built_pages_are_named_by_their_hashes(tmp_path: Path) -> None:
    page = (
        f'<!doctype html><script>{INLINE}</script><script defer src="/a.js"></script><SCRIPT type="module">x()</SCRIPT>'
    )
    (tmp_path / "index.html").write_text(page)
    (tmp_path / "login").mkdir()
    (tmp_path / "login/index.html").write_text(f"<script>{INLINE}</script>")
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (INLINE, "x()")]
    found = headers.inline_scripts(tmp_path)
    assert found == tuple(sorted(f"'sha256-{one}'" for one in hashes))
    assert _rules(headers.policy(found))["script-src"] == {"'self'", *found}
