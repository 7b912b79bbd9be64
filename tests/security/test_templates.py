"""Attack: templates that stop whoever meets them. Issue 8, item 3: lists that grow in C, their equality and their text,
output without bound, HTML that a regular expression reads in quadratic time. Saved through the pages, or in the library
from before."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic

from campaign_app.campaigns.previews import PICTURES_S
from campaign_app.ui.templates.edit_state import TemplateEdit, TemplateFields
from campaign_app.ui.templates.library_state import TemplateLibrary
from tests.security.installation import Installation
from tests.wsclient import Tab, handler

DOUBLED = "{% set a = [1] %}" + "{% set a = [a, a] %}" * 40
HOSTILE = {
    "multiplied": "{{ [0] * 10**9 }}",
    "compared": DOUBLED + "{% if a == a %}x{% endif %}",
    "written": DOUBLED + "{{ a }}",
    "filtered": DOUBLED + "{{ a|upper }}",
    "hashed": DOUBLED.replace("[", "(").replace("]", ",)") + "{{ {}[a] }}",
    "folded": "{% if " + " == ".join(["'" + "x" * 60_000 + "'"] * 10) + " %}{% endif %}",
    "formatted": "{{ '%1000000000d' is divisibleby(1) }}",
    "long": "{{ ('x' * 90000)|replace('x', 'yyyyyyyyyyyy') }}" * 400,
    "looped": "{% for i in range(9000) %}{% for j in range(9000) %}{{ 'x' * 90000 is lower }}{% endfor %}{% endfor %}",
    "links": "<a " * 200_000,
    "bodies": "<body " * 160_000,
    "styled": f"<style>{'p.c a:not(.x) b{color:red}' * 20_000}</style>{'<p>' * 50_000}",
    "tags": "{{ a }}" * 120_000,
    "deep": "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}",
}  # fmt: skip

HARMLESS = {f"Hostile {name}" for name in ("links", "bodies", "folded", "styled")}
"""These once took minutes and are now made in a moment."""


class Health:
    """Asks the web process all the time whether it is there."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.answers: list[float] = []

    async def __aenter__(self) -> "Health":
        self._task = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self) -> None:
        async with self._installation.browser() as browser:
            while True:
                began = monotonic()
                assert (await browser.get("/api/health")).status_code == 200
                self.answers.append(monotonic() - began)
                await asyncio.sleep(0.05)


async def test_the_pages_refuse_to_keep_them_and_stay_there_for_others(installation: Installation) -> None:
    async with Health(installation) as health, Tab(installation.url, installation.owner) as tab:
        await tab.open("/templates/new", template_id="new")
        await tab.until(lambda t: t.value(TemplateFields, "ready"))
        for name, html in HOSTILE.items():
            for field, value in (("name", f"Hostile {name}"), ("html", html)):
                await tab.call(handler(TemplateEdit, "type_field"), field=field, value=value)
            await tab.call(handler(TemplateFields, "refresh"))
            await tab.call(handler(TemplateEdit, "submit"), form={})
            await tab.call(handler(TemplateEdit, "type_field"), field="category", value=name)  # after all the others
            await tab.until(lambda t, name=name: t.value(TemplateFields, "category") == name, 60)
    assert len(health.answers) > 5
    assert max(health.answers) < 10
    with closing(sqlite3.connect(installation.var / "beacon.db")) as database:
        kept = [name for (name,) in database.execute("SELECT name FROM template WHERE name LIKE 'Hostile %'")]
    assert set(kept) <= HARMLESS, kept


async def test_the_library_opens_with_them_in_it(own_installation: Installation) -> None:
    at = datetime.now(UTC).isoformat(" ")[:26]
    columns = "name, category, description, subject, preheader, editor, html, text, built_in, version, created_by"
    with closing(sqlite3.connect(own_installation.var / "beacon.db", timeout=30)) as database, database:
        for name, html in HOSTILE.items():
            database.execute(
                f"INSERT INTO template ({columns}, created_at, updated_at) "
                "VALUES (?, '', '', '', '', 'html', ?, '', 0, 1, 1, ?, ?)",
                (f"Hostile {name}", html, at, at),
            )
    async with Health(own_installation) as health, Tab(own_installation.url, own_installation.viewer) as tab:
        began = monotonic()
        await tab.open("/templates")
        await tab.until(lambda t: t.value(TemplateLibrary, "rows"), 60)
        took = monotonic() - began
        names = {card["name"] for card in tab.value(TemplateLibrary, "rows")}
    assert {f"Hostile {name}" for name in HOSTILE} <= names
    assert took < PICTURES_S + 20
    assert health.answers
    assert max(health.answers) < 10
