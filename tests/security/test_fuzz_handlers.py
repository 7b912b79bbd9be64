"""Every handler of every state with every kind of value, as the owner: a message, never a traceback, never a hang."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from campaign_app.ui.app_state import AppState
from tests.security import enumerate as found
from tests.security.installation import Installation, running
from tests.security.values import VALUES
from tests.wsclient import Tab, handler

BROKEN = "Something went wrong on our side"
SECONDS = 60.0
PARTS = ("account_id", "campaign_id", "contact_id", "import_id", "segment_id", "template_id")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """In the place of the shared one: what is called ends sessions and changes people, settings and data."""
    with running(tmp_path_factory.mktemp("fuzzed")) as started:
        yield started


@pytest.fixture(params=["1", "9" * 5_000], ids=["small", "endless"])
async def tab(request: pytest.FixtureRequest, installation: Installation) -> AsyncIterator[Tab]:
    """A tab of the owner on a page whose address names an object that is none."""
    token = await installation.sign_in("owner")
    async with Tab(installation.url, token) as opened:
        await opened.open("/", load=False, **dict.fromkeys(PARTS, request.param))
        yield opened


async def test_every_handler_takes_every_value(tab: Tab, installation: Installation) -> None:
    sent, log = 0, installation.listen()
    broken: list[str] = []
    everything = list(found.handlers())
    for state, name, kind in everything:
        names = found.arguments(kind)
        for payload in _payloads(names):
            await tab.call(handler(state, name), **payload)
            sent += 1
        if not await _answered(tab, f"{state.__name__}.{name}"):
            broken.append(f"{state.__name__}.{name}")
    print(f"\n{len(everything)} handlers, {sent} events")
    assert len(everything) > 150
    where = {line.strip() for line in log.text.splitlines() if "File" in line and "/campaign_app/" in line}
    assert not broken, "\n".join([*broken, *sorted(where)])


def _payloads(names: list[str]) -> list[dict[str, Any]]:
    if not names:
        return [{}, {"more": 1}]
    return [dict.fromkeys(names, value) for value in VALUES] + [{}, {**dict.fromkeys(names, ""), "more": 1}]


async def _answered(tab: Tab, name: str) -> bool:
    """Whether no event so far broke. They have been looked at when the refusal of the next one comes."""
    mark = f"ping_{name}"
    await tab.call(handler(AppState, "enter"), **{mark: 1})
    try:
        await tab.until(lambda t: any(mark[:30] in repr(event) for event in t.events), SECONDS)
    except AssertionError:
        raise AssertionError(f"{name}: no answer") from None
    is_fine = BROKEN not in repr(tab.events)
    tab.events.clear()
    return is_fine
