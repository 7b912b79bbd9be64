"""Every file that leaves is in the audit log, with filter and count; a new route cannot forget it."""

import re
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.responses import Response

from campaign_app.api.app import api
from campaign_app.api.guard import EdgeGuard
from campaign_app.audit import service as audit
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import ROOT, settings
from campaign_app.models.campaign import Campaign, CampaignCounter
from campaign_app.models.contact import Contact
from campaign_app.models.suppression import Suppression, SuppressionReason
from tests.api.conftest import set_up
from tests.api.server import serving

# Route → what is asked, and how many people the log must name (None: no people in it).
ASKED: dict[str, list[tuple[str, dict[str, object], int | None]]] = {
    "/files/contacts.csv": [
        ("/files/contacts.csv", {}, 3),
        ("/files/contacts.csv?search=bo@example.com", {"search": "bo@example.com"}, 1),
    ],
    "/files/suppressions.csv": [("/files/suppressions.csv", {}, 2)],
    "/files/audit.csv": [("/files/audit.csv?action=session.sign_in", {"action": "session.sign_in"}, 1)],
    "/files/audit-anchor.txt": [("/files/audit-anchor.txt", {}, None)],
    "/files/imports/{import_id}/rejected": [("/files/imports/1/rejected", {}, 1)],
    "/files/campaigns/{campaign_id}/{slug}.csv": [
        ("/files/campaigns/1/recipients.csv", {"table": "recipients"}, 7),
        ("/files/campaigns/1/domains.csv", {"table": "domains"}, None),
        ("/files/campaigns/1/funnel.csv", {"table": "funnel"}, None),
    ],
    "/files/analytics.csv": [("/files/analytics.csv?days=7", {"days": 7}, None)],
}


async def seed() -> None:
    from campaign_app import audience

    source = settings().var_dir / "some.csv"
    source.write_text("email,first name\r\nana@example.com,Ana\r\nno address,x\r\n")
    await audience.imports.run_now(source)
    async with db.transaction() as session:
        for name in ("bo", "cy"):
            email = f"{name}@example.com"
            session.add(Contact(identity=email, email=email, domain="example.com", first_name=name))
            session.add(Suppression(address=email, reason=SuppressionReason.MANUAL))
        campaign = Campaign(name="Spring", subject="x")
        session.add(campaign)
        await session.flush()
        session.add(CampaignCounter(campaign_id=campaign.id, total=7))


NO_EXPORTS = {"/files/second-factor.svg"}  # a picture in the person's own page: no attachment, nobody else's data


def routes() -> set[str]:
    """Every address of ours that gives a file by GET under /files, where files are."""
    paths = api.openapi()["paths"]
    return {path for path, found in paths.items() if path.startswith("/files") and "get" in found} - NO_EXPORTS


async def test_every_export_is_in_the_log_with_filter_and_count(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await seed()
    assert routes() == set(ASKED), "a new export: say here what is asked of it and how many people it holds"
    asked = [one for each in ASKED.values() for one in each]
    print(f"{len(routes())} routes, {len(asked)} exports")
    for address, filters, people in asked:
        answer = await client.get(address)
        assert answer.status_code == 200, (address, answer.text)
        async with db.reading() as session:
            newest = (await audit.search(session, SYSTEM)).rows[0]
        assert "export" in newest.action, address
        expected = {"filters": filters} | ({} if people is None else {"count": people})
        assert newest.details == expected, address


async def test_what_fails_is_no_export(sqlite_client: httpx.AsyncClient) -> None:
    await set_up(sqlite_client)
    assert (await sqlite_client.get("/files/campaigns/1/nonsense.csv")).status_code == 404
    async with db.reading() as session:
        assert all("export" not in row.action for row in (await audit.search(session, SYSTEM)).rows)


async def test_the_guard_lets_no_file_out_that_the_log_does_not_know(
    sqlite_database: str, redis_url: str, tmp_path: Path
) -> None:
    front = FastAPI()

    @front.get("/anything")
    async def forgot() -> Response:
        return Response("ana@example.com", headers={"Content-Disposition": 'attachment; filename="people.csv"'})

    async with serving(EdgeGuard(front, tmp_path)) as url, httpx.AsyncClient(timeout=60, base_url=url) as client:
        answer = await client.get("/anything")
    assert answer.status_code == 500
    assert "ana@" not in answer.text


def test_no_page_sends_a_file_of_its_own_past_the_door() -> None:
    """Files over the websocket: campaigns' figures, and the person's own recovery codes; both handlers are noted."""
    found = [
        file.name
        for file in (ROOT / "campaign_app/ui").rglob("*.py")
        for _ in re.findall(r"(?:rx|browser)\.download\((?!url=)", file.read_text())
    ]
    assert sorted(found) == ["factor_state.py", "list_state.py"]
