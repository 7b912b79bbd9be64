"""axe-core, fetched once with the Node of the environment; what it finds in a page."""

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from playwright.async_api import Page

from campaign_app.frontend import environment

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
_RUN = """async (within) => (await axe.run(within || document, {
    resultTypes: ['violations'], rules: {'label-content-name-mismatch': {enabled: true}}})).violations
  .filter(found => ['serious', 'critical'].includes(found.impact))
  .flatMap(found => found.nodes.map(
    node => `${found.id} at ${node.target.join(' ')}: ${node.any[0]?.message ?? node.failureSummary}`))"""


def axe_source(cache: Path) -> str:
    """The script itself, from the npm registry or the cache; its hash is fixed here."""
    kept = cache / f"axe-{VERSION}.min.js"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["npm", "pack", f"axe-core@{VERSION}", "--json", "--pack-destination", str(cache)],
            cwd=cache,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"axe-core could not be fetched from the npm registry:\n{done.stderr[-2000:]}")
        with tarfile.open(cache / json.loads(done.stdout)[0]["filename"]) as package:
            script = package.extractfile("package/axe.min.js")
            assert script is not None
            kept.write_bytes(script.read())
    source = kept.read_bytes()
    assert hashlib.sha256(source).hexdigest() == SHA256, "axe.min.js is not the one that this test was written with"
    return source.decode()


_SETTLED = """() => {
  const shown = document.documentElement.classList;
  const wanted = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const themed = shown.contains('dark') || shown.contains('light');
  return (!themed || shown.contains(wanted)) && !document.getAnimations().some(found => found instanceof CSSTransition);
}"""


async def serious_findings(page: Page, source: str, within: str = "") -> list[str]:
    """Serious and critical findings, one line each, once the page shows the colours of its scheme.

    A name that does not say what its button shows is one. `within` selects what is looked at; empty is the page.
    """
    await page.wait_for_function(_SETTLED)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(source)
    found: list[str] = await page.evaluate(_RUN, within)
    return found
