"""What the engine sends keeps leading where it led, whatever becomes of the contact."""

import re

import sqlalchemy as sa

from campaign_app.core import db
from campaign_app.delivery.runtime.engine import Engine
from campaign_app.models.contact import Contact
from campaign_app.rendering import links
from campaign_app.tracking import service
from tests.delivery import factory
from tests.delivery.conftest import Drive, launch
from tests.delivery.runtime.test_engine import _campaign
from tests.delivery.scripted import Script

HTML = (
    '<p><a href="https://shop.test/?who={{ email }}&n={{ first_name }}">A</a> <a href="https://shop.test/b">B</a></p>'
)


async def test_links_lead_where_they_led_when_sent(engine: Engine, drive: Drive, scripts: dict[int, Script]) -> None:
    script = Script()
    campaign_id = await _campaign(scripts, 3, script, html=HTML)
    await launch(campaign_id)
    await drive(campaign_id)
    async with db.transaction() as session:
        await session.execute(sa.update(Contact).values(first_name="Changed"))
    tokens = re.findall(r"/t/c/([\w-]+)", script.bodies["person1@d1.example"].decode())
    assert [len(token) > 28 for token in tokens] == [True, False]  # only the one with variables carries values
    async with db.reading() as session:
        found = [await service.click(session, token) for token in tokens]
    assert [click.url for click in found if click] == [
        "https://shop.test/?who=person1%40d1.example&n=First1",
        "https://shop.test/b",
    ]
    assert links.read_click(tokens[1]) is not None
    assert (await factory.counters_of(campaign_id))["sent"] == 3
