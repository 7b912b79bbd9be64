"""What recipients' mail programs ask, over a real socket behind the guard."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from campaign_app.api.app import api
from campaign_app.api.guard import EdgeGuard
from campaign_app.api.hooks.mail import SIGNATURE, signature
from campaign_app.audience import repository as audience
from campaign_app.core import db
from campaign_app.delivery.launch import content
from campaign_app.models.campaign import Campaign
from campaign_app.models.contact import Contact
from campaign_app.models.delivery import EventKind
from campaign_app.models.suppression import SuppressionReason
from campaign_app.rendering import links
from campaign_app.rendering.templating import assemble, context_for
from campaign_app.sandbox import reports as sandbox
from campaign_app.tracking import buffer
from tests import tokens
from tests.api.server import serving
from tests.tracking import world

AGENT = {"User-Agent": world.PERSON}


@pytest.fixture
async def browser(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(EdgeGuard(api)) as url, httpx.AsyncClient(timeout=60, base_url=url, headers=AGENT) as client:
        yield client
    await buffer.stop()


def path(url: str) -> str:
    return urlsplit(url).path


async def suppressed(address: str) -> SuppressionReason | None:
    async with db.reading() as session:
        return (await audience.reasons_for(session, [address])).get(address)


async def test_the_pixel_is_a_picture_and_tells(browser: httpx.AsyncClient) -> None:
    here = await world.sent()
    answer = await browser.get(path(links.open_url(here.deliveries[0])))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content[:6] == b"GIF89a"
    assert "no-store" in answer.headers["cache-control"]
    await browser.head(path(links.open_url(here.deliveries[1])))
    await buffer.flush(everything=True)
    counter = await world.counter(here.campaign)
    assert (counter.opened, counter.opens, counter.machine_opens) == (1, 1, 1)


@pytest.mark.parametrize(
    ("position", "person", "target"),
    [
        (0, 0, "https://shop.example/one"),
        (1, 0, "https://shop.example/A%26B"),
        (2, 0, "https://own.example/x"),
        (2, 1, None),  # javascript:
        (2, 2, None),  # not a URL
        (9, 0, None),  # no such link
    ],
)
async def test_a_click_leads_where_the_campaign_says(
    browser: httpx.AsyncClient, position: int, person: int, target: str | None
) -> None:
    here = await world.sent()
    answer = await browser.get(
        path(tokens.click_url(here.deliveries[person], position)), params={"url": "https://evil"}
    )
    assert answer.status_code == (302 if target else 404)
    assert answer.headers.get("location") == target
    await buffer.flush(everything=True)
    assert (await world.counter(here.campaign)).clicks == (1 if target else 0)


async def test_a_link_keeps_the_values_it_was_sent_with(browser: httpx.AsyncClient) -> None:
    """After the contact changed, and after it was deleted; a token of a version before leads to today's values."""
    here = await world.sent()
    delivery, contact = here.deliveries[0], here.contacts[0]
    async with db.reading() as session:
        campaign = await session.get(Campaign, here.campaign)
        frozen = await content.frozen_links(session, here.campaign)
        message = assemble(await content.prepare(campaign, frozen))
        values = message.link_values(context_for(await session.get(Contact, contact)))
    made = links.Addresses(len(message.links), message.reads, "", message.personal).make(delivery, values).variables
    async with db.transaction() as session:
        await session.execute(sa.update(Contact).where(col(Contact.id) == contact).values(company="Other Ltd"))
    before = await browser.get(path(tokens.click_url(delivery, 1)))
    assert before.headers["location"] == "https://shop.example/Other%20Ltd"
    for gone in (False, True):
        if gone:
            async with db.transaction() as session:
                await session.execute(sa.delete(Contact).where(col(Contact.id) == contact))
        places = [(await browser.get(path(made[f"link_{n}"]))).headers.get("location") for n in range(3)]
        assert places == ["https://shop.example/one", "https://shop.example/A%26B", "https://own.example/x"]


async def test_a_scanner_is_seen_in_company(browser: httpx.AsyncClient) -> None:
    here = await world.sent(sent_before=timedelta(seconds=1))
    for position in range(3):
        await browser.get(path(tokens.click_url(here.deliveries[0], position)))
        await buffer.flush()  # held: nothing is written yet
    await buffer.flush(everything=True)
    counter = await world.counter(here.campaign)
    assert (counter.clicks, counter.machine_clicks) == (0, 3)


@pytest.mark.parametrize("kind", ["/t/o/{}.gif", "/t/c/{}", "/u/{}", "/v/{}"])
@pytest.mark.parametrize("token", ["x", "A" * 20, "%00%ff", "A" * 500])
async def test_wrong_tokens_say_nothing(browser: httpx.AsyncClient, kind: str, token: str) -> None:
    for method in ("GET", "POST") if kind == "/u/{}" else ("GET",):
        answer = await browser.request(method, kind.format(token))
        assert answer.status_code == 404
        assert "This link does not work" in answer.text


async def test_a_token_of_one_kind_is_none_of_another(browser: httpx.AsyncClient) -> None:
    here = await world.sent()
    token = links.open_url(here.deliveries[0]).rsplit("/", 1)[1].removesuffix(".gif")
    assert (await browser.post(f"/u/{token}")).status_code == 404


async def test_reading_the_page_never_unsubscribes_and_posting_does(browser: httpx.AsyncClient) -> None:
    here = await world.sent()
    url = path(links.unsubscribe_url(here.deliveries[0]))
    address = (await world.delivery(here.deliveries[0])).address
    page = await browser.get(url)
    assert page.status_code == 200
    assert "<button>Unsubscribe</button>" in page.text
    assert address not in page.text
    await browser.head(url)
    assert await suppressed(address) is None
    done = await browser.post(url, data={"confirm": "yes"})
    assert "You are unsubscribed" in done.text
    assert await suppressed(address) is SuppressionReason.UNSUBSCRIBED
    assert "You are unsubscribed" in (await browser.get(url)).text
    counter = await world.counter(here.campaign)
    assert counter.unsubscribed == 1


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "nothing"])
async def test_one_click_in_the_mail_program(browser: httpx.AsyncClient, form: str) -> None:
    here = await world.sent()
    url = path(links.unsubscribe_url(here.deliveries[0]))
    body = {
        "urlencoded": {"data": {"List-Unsubscribe": "One-Click"}},
        "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
        "nothing": {},
    }[form]
    foreign = {"Origin": "https://mail.example", "Cookie": "beacon_session=x"}
    for _ in range(2):
        assert (await browser.post(url, headers=foreign, **body)).status_code == 200
    found = [event for event in await world.events(here.campaign) if event.kind is EventKind.UNSUBSCRIBE]
    assert len(found) == 1
    assert (await world.counter(here.campaign)).unsubscribed == 1


async def test_view_in_browser_runs_nothing(browser: httpx.AsyncClient) -> None:
    here = await world.sent()
    answer = await browser.get(path(links.view_url(here.deliveries[0])))
    assert "Hi Anna0" in answer.text
    assert path(tokens.click_url(here.deliveries[0], 0)) in answer.text
    rules = answer.headers["content-security-policy"]
    assert "sandbox" in rules
    assert "allow-scripts" not in rules
    await buffer.flush(everything=True)
    assert [event.kind for event in await world.events(here.campaign)] == [EventKind.VIEW]


@pytest.mark.parametrize("url", ["/u/test", "/v/test"])
async def test_links_of_a_test_message_do_nothing(browser: httpx.AsyncClient, url: str) -> None:
    assert "This was a test" in (await browser.get(url)).text


async def test_returned_mail_needs_its_signature(browser: httpx.AsyncClient) -> None:
    here = await world.sent()
    token = tokens.delivery_token(here.deliveries[0])
    address = (await world.delivery(here.deliveries[0])).address
    report = sandbox.bounce(f"X-Beacon-Delivery: {token}\r\n\r\n".encode(), "b@s.example", address)
    assert (await browser.post("/hooks/mail", content=report)).status_code == 401
    wrong = {SIGNATURE: signature(report + b"x")}
    assert (await browser.post("/hooks/mail", content=report, headers=wrong)).status_code == 401
    right = {SIGNATURE: signature(report)}
    answer = await browser.post("/hooks/mail", content=report, headers=right)
    assert answer.json() == {"facts": 1, "matched": 1, "new": 1}
    assert await suppressed(address) is SuppressionReason.BOUNCED
    assert (
        await browser.post("/hooks/mail", content=b"\xff\x00", headers={SIGNATURE: signature(b"\xff\x00")})
    ).is_success
