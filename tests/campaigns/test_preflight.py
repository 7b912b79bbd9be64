"""Pre-flight: each finding with the number of people and the step that fixes it, offline and online."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.audience import suppression
from campaign_app.campaigns import link_check, preflight
from campaign_app.campaigns.schemas import Report
from campaign_app.channels.email import content_checks, sender_authentication
from campaign_app.channels.email.built_in import BUILT_IN
from campaign_app.channels.email.content import MessageFields
from campaign_app.channels.email.sender_authentication import CannotAsk, SenderDns
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import Delivery, DeliveryStatus
from campaign_app.models.suppression import SuppressionReason
from campaign_app.rendering.finding import Finding
from tests.campaigns import world
from tests.conftest import MakeActor


async def check(actor: Actor, campaign: Campaign, **options: object) -> Report:
    async with db.reading() as session:
        return await preflight.run(session, actor, campaign.id, **{"online": False, **options})


def found(report: Report, code: str) -> Finding:
    matching = [finding for finding in report.findings if finding.code == code]
    assert matching, f"no {code} in {[finding.code for finding in report.findings]}"
    return matching[0]


async def test_a_good_campaign_is_ready(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    made = await world.draft(ines, await world.built(ines), rate_per_minute=60)
    report = await check(ines, made)
    assert report.blocking == ()
    assert report.of("warning") == ()
    assert len(report.of("fine")) >= 9
    assert report.summary["reachable"] == 5
    assert sum(count for _, count in report.finishing) == 5
    assert report.limited_by == "campaign rate"
    assert report.findings == tuple(sorted(report.findings, key=lambda f: preflight._SEVERITIES.index(f.severity)))


async def test_missing_variables_are_counted_by_set(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines, 5)
    async with db.transaction() as session:  # a suppressed person is not counted
        await suppression.add(session, ines, "p1@mail.example", SuppressionReason.MANUAL)
    html = "{{ first_name|default('x') }} {{ company }} {{ city }} {{ name }}"
    report = await check(ines, await world.draft(ines, here, html=html))
    missing = {f.title: (f.severity, f.count, f.fix) for f in report.findings if f.code in {"missing", "default"}}
    assert missing == {
        "1 person has no company": ("warning", 1, "content"),
        "3 people have no city": ("warning", 3, "content"),
        "1 person has no first name": ("fine", 1, ""),
        "1 person has no name": ("warning", 1, "content"),
    }
    suppressed = found(report, "suppressed")
    assert (suppressed.count, suppressed.detail) == (1, "Added by hand: 1")


async def test_what_nobody_has_blocks(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines, 2)
    report = await check(ines, await world.draft(ines, here, html="{{ company }} {{ fristName }} {{ x|default('y') }}"))
    assert found(report, "missing").severity == "blocking"
    unknown = [f for f in report.findings if f.code == "unknown"]
    assert [(f.severity, "Did you mean first_name?" in f.detail) for f in unknown] == [
        ("blocking", True),
        ("warning", False),
    ]


@pytest.mark.parametrize(
    ("fields", "code", "fix"),
    [
        ({"audience": {}}, "audience", "audience"),
        ({"subject": ""}, "subject", "content"),
        ({"html": ""}, "content", "content"),
        ({"html": "{% if %}"}, "template", "content"),
        ({"html": "{{ 1 / 0 }}"}, "render", "content"),
        ({"html": '<a href="">x</a>'}, "link", "content"),
        ({"html": '<a href="http://">x</a>'}, "link", "content"),
        ({"html": '<a href="javascript:x()">x</a>'}, "link", "content"),
        ({"html": '<a href="https://example.com/start">x</a>'}, "link", "content"),
    ],
)
async def test_what_blocks(
    sqlite_database: str, make_actor: MakeActor, fields: dict[str, object], code: str, fix: str
) -> None:
    ines = await make_actor()
    report = await check(ines, await world.draft(ines, await world.built(ines), **fields))
    finding = found(report, code)
    assert (finding.severity, finding.fix) == ("blocking", fix)
    assert report.findings[0].severity == "blocking"


async def test_nobody_reachable(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines, 1)
    async with db.transaction() as session:
        await suppression.add(session, ines, "p0@mail.example", SuppressionReason.UNSUBSCRIBED)
    assert "can be reached" in found(await check(ines, await world.draft(ines, here)), "audience").title


async def test_a_deleted_segment_is_told(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made = await world.draft(ines, here, audience={"segments": [999]})
    assert found(await check(ines, made), "audience").severity == "blocking"


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"is_active": False}, "blocking"),
        ({"circuit_open_until": now() + timedelta(days=9)}, "blocking"),
        ({"last_error": "535 refused"}, "warning"),
        ({"last_checked_at": None}, "warning"),
        ({"deleted_at": now()}, "blocking"),
    ],
)
async def test_the_sender(
    sqlite_database: str, make_actor: MakeActor, change: dict[str, object], severity: str
) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made = await world.draft(ines, here)
    async with db.transaction() as session:
        account = await session.get(SendingAccount, here.account_id)
        for name, value in change.items():
            setattr(account, name, value)
        session.add(account)
    assert found(await check(ines, made), "account").severity == severity


async def test_the_same_people_two_days_before(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made, at = await world.draft(ines, here), now()
    async with db.transaction() as session:
        for name, hours in (("Winter blends", 5), ("Long ago", 90)):
            sent_at = at - timedelta(hours=hours)
            other = Campaign(name=name, status=CampaignStatus.COMPLETED, started_at=sent_at, finished_at=sent_at)
            session.add(other)
            await session.flush()
            for contact in here.contacts[:3]:
                session.add(
                    Delivery(
                        campaign_id=other.id, contact_id=contact, status=DeliveryStatus.SENT, updated_at=at,
                        sent_at=sent_at,
                    )
                )  # fmt: skip
    finding = found(await check(ines, made), "recent")
    assert (finding.severity, finding.count, finding.detail) == ("warning", 3, "From Winter blends.")


async def test_times(database: str, make_actor: MakeActor) -> None:
    ines = await make_actor()
    here = await world.built(ines)
    made = await world.draft(ines, here)
    async with db.transaction() as session:
        stored = await session.get(Campaign, made.id)
        stored.send_at = now() - timedelta(hours=1)
        session.add(stored)
    assert found(await check(ines, made), "send_at").fix == "schedule"
    slow = await world.draft(ines, here, rate_per_minute=1, batch_size=1, batch_delay_ms=86_400_000)
    assert "Sending takes about" in found(await check(ines, slow), "finishing").title


async def test_online_checks(database: str, make_actor: MakeActor, monkeypatch: pytest.MonkeyPatch) -> None:
    ines = await make_actor()
    html = "".join(f'<a href="https://meridian-supply.com/{path}">{path}</a>' for path in ("ok", "gone", "broken", "?"))
    made = await world.draft(ines, await world.built(ines), html=html)
    known = {"ok": 200, "gone": 404, "broken": 503, "?": None}

    async def answers(urls: list[str]) -> dict[str, int | None]:
        return {url: known[url.rsplit("/", 1)[1]] for url in urls}

    async def no_spf(domain: str, *_: str) -> SenderDns:
        return SenderDns(domain, spf=False, dmarc=True, dkim=None)

    monkeypatch.setattr(sender_authentication, "look_up", no_spf)
    report = await check(ines, made, online=True, check_links=answers)
    assert "returns 404" in found(report, "dead_link").detail
    assert [f.severity for f in report.findings if f.code == "dead_link"] == ["blocking", "warning"]
    assert found(report, "links_unchecked").count == 1
    assert found(report, "dns").title == "meridian-supply.com has no SPF record"
    assert found(report, "dkim").severity == "warning"

    async def offline(domain: str, *_: str) -> SenderDns:
        return SenderDns(domain, reason="offline")

    monkeypatch.setattr(sender_authentication, "look_up", offline)
    report = await check(ines, made, online=True, check_links=answers)
    assert "could not be checked" in found(report, "dns_unchecked").title


async def test_dns_records_are_read() -> None:
    records = {
        "a.de": ["v=spf1 include:x -all"],
        "_dmarc.a.de": ["v=DMARC1; p=quarantine"],
        "s1._domainkey.a.de": ["v=DKIM1; p=MIIB"],
        "s2._domainkey.a.de": ["v=DKIM1; p="],
    }

    async def lookup(name: str) -> list[str]:
        return records.get(name, [])

    async def dead(name: str) -> list[str]:
        raise CannotAsk(name)

    seen = await sender_authentication.look_up("a.de", "s1", lookup=lookup)
    assert seen == SenderDns("a.de", spf=True, dkim=True, dmarc=True, dmarc_policy="quarantine")
    assert (await sender_authentication.look_up("mail.a.de", lookup=lookup)).dmarc
    assert not (await sender_authentication.look_up("a.de", "s2", lookup=lookup)).dkim
    assert (await sender_authentication.look_up("b.de", lookup=lookup)).spf is False
    assert (await sender_authentication.look_up("a.de", lookup=dead)).reason == "offline"
    assert (await sender_authentication.look_up("shop.example")).reason == "reserved"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
async def test_links_into_our_own_network_are_never_asked(address: str) -> None:
    link_check.forget()
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]

    transport = httpx.MockTransport(lambda request: asked.append(str(request.url)) or httpx.Response(200))
    assert await link_check.statuses(["https://inside.test/x"], resolver=resolver, transport=transport) == {
        "https://inside.test/x": None
    }
    assert asked == []


async def test_links_are_asked_at_the_checked_address_and_remembered() -> None:
    link_check.forget()
    asked: list[tuple[str, str, str]] = []
    hosts = {"inside.test": "127.0.0.1"}

    async def resolver(host: str, port: int) -> list[str]:
        return [hosts.get(host, "93.184.216.34")]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.host, request.headers["host"]))
        paths = {"/moved": "https://shop.test/ok", "/sneaky": "http://inside.test/"}
        if request.url.path in paths:
            return httpx.Response(302, headers={"location": paths[request.url.path]})
        return (
            httpx.Response(405 if request.method == "HEAD" else 200)
            if request.url.path == "/get"
            else httpx.Response(200)
        )

    urls = [f"https://shop.test/{path}" for path in ("ok", "moved", "sneaky", "get")] + [
        "https://shop.test:22/x",
        "ftp://x",
    ]
    transport = httpx.MockTransport(answer)
    seen = await link_check.statuses(urls, resolver=resolver, transport=transport)
    assert [seen.get(url) for url in urls] == [200, 200, None, 200, None, None]
    assert {(host, header) for _, host, header in asked} == {("93.184.216.34", "shop.test")}
    before = len(asked)
    await link_check.statuses(urls, resolver=resolver, transport=transport)
    assert len(asked) == before


@given(st.text(max_size=60))
def test_any_target_gets_an_opinion(target: str) -> None:
    finding = content_checks.link(target)
    assert finding is None or finding.severity in {"blocking", "warning"}


def test_spam_signals_are_few_and_honest() -> None:
    assert [f.severity for f in content_checks.spam_signals(MessageFields(subject="Hi", html="<p>x</p>"))] == ["fine"]
    loud = MessageFields(subject="BUY NOW TODAY!!", html="<img src=x><script>1</script>")
    assert len(content_checks.spam_signals(loud)) == 4
    assert content_checks.size("x" * 110_000)[0].severity == "warning"
    assert content_checks.subject("x" * 80, ["x" * 80])[0].severity == "warning"


@pytest.mark.parametrize("template", BUILT_IN, ids=lambda template: template["name"])
def test_a_template_left_as_it_is_does_not_go_out_unnoticed(template: dict[str, str]) -> None:
    fields = MessageFields(subject=template["subject"], html=template["html"])
    assert any(finding.severity == "blocking" for finding in content_checks.links(fields))
    assert content_checks.placeholders(fields)
    assert content_checks.placeholders(MessageFields(subject="Hi", html="<p>Real words</p>")) == []
