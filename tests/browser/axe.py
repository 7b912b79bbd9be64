"""axe-core, fetched once with the Node of the environment; what it finds in a page."""

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.async_api import Page

from campaign_app.frontend import environment

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that another colour scheme can break: what is there and how it is called is the same in both."""
_RUN = """async ([within, only]) => (await axe.run(within || document, {
    resultTypes: ['violations'],
    ...(only.length ? {runOnly: only} : {rules: {'label-content-name-mismatch': {enabled: true}}}),
  })).violations
  .filter(found => ['serious', 'critical'].includes(found.impact))
  .flatMap(found => found.nodes.map(
    node => `${found.id} at ${node.target.join(' ')}: ${node.any[0]?.message ?? node.failureSummary}`))"""


def axe_source(cache: Path) -> str:
    """The script itself, from the npm registry or the cache; its hash is fixed here."""
    kept = cache / f"axe-{VERSION}.min.js"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache) as folder:  # of two test processes at once each fetches its own
            (Path(folder) / kept.name).write_bytes(_fetched(Path(folder)))
            (Path(folder) / kept.name).replace(kept)
    source = kept.read_bytes()
    assert hashlib.sha256(source).hexdigest() == SHA256, "axe.min.js is not the one that this test was written with"
    return source.decode()


def _fetched(folder: Path) -> bytes:
    command = ["npm", "pack", f"axe-core@{VERSION}", "--json", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"axe-core could not be fetched from the npm registry:\n{done.stderr[-2000:]}")
    with tarfile.open(folder / json.loads(done.stdout)[0]["filename"]) as package:
        script = package.extractfile("package/axe.min.js")
        assert script is not None
        return script.read()


_SETTLED = """() => {
  const shown = document.documentElement.classList;
  const wanted = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const themed = shown.contains('dark') || shown.contains('light');
  return (!themed || shown.contains(wanted)) && !document.getAnimations().some(found => found instanceof CSSTransition);
}"""


async def serious_findings(page: Page, source: str, within: str = "", only: Sequence[str] = ()) -> list[str]:
    """Serious and critical findings, one line each, once the page shows the colours of its scheme.

    A name that does not say what its button shows is one. `within` selects what is looked at; empty is the page.
    `only` are the rules to apply; empty is all of them.
    """
    await page.wait_for_function(_SETTLED)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(source)
    found: list[str] = await page.evaluate(_RUN, [within, only])
    return found
