"""Issue 8, item 5: who is not signed in leaves nothing in Redis and writes nothing into the log, however many come."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from redis import asyncio as redis

from campaign_app import campaign_app  # noqa: F401  every page's state is known after this
from campaign_app.api import strangers
from campaign_app.ui.app_state import AppState
from campaign_app.ui.auth.auth_state import AuthState
from campaign_app.ui.settings.profile_state import Profile
from tests.security.installation import Installation
from tests.wsclient import Tab, handler

SOCKETS = 15
HYDRATE = "reflex___state____state.hydrate_and_load"


@asynccontextmanager
async def raw(
    installation: Installation, query: str, token: str = ""
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket as a program opens it: nothing is sent but what the test sends."""
    url = installation.url.replace("http", "ws") + f"/_event/?EIO=4&transport=websocket&{query}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
        yield socket


async def is_refused(installation: Installation, query: str) -> bool:
    try:
        async with raw(installation, query) as socket:
            message = await socket.receive(timeout=30)
    except aiohttp.WSServerHandshakeError:
        return True
    return message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


async def keys_of(installation: Installation, token: str) -> list[bytes]:
    async with redis.from_url(installation.redis_url) as client:
        return [key async for key in client.scan_iter(match=f"*{token}*")]


async def size(installation: Installation) -> tuple[int, int]:
    """Keys and bytes in Redis."""
    async with redis.from_url(installation.redis_url) as client:
        return await client.dbsize(), int((await client.info("memory"))["used_memory"])


async def until_gone(installation: Installation, token: str) -> None:
    """Return when the server has noticed that the socket is closed."""
    async with asyncio.timeout(60):
        while await keys_of(installation, token):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_strangers_leave_nothing_in_redis(installation: Installation) -> None:
    keys, memory = await size(installation)
    for number in range(SOCKETS):
        async with Tab(installation.url, headers={"X-Long": "x" * 4_000, "User-Agent": "u" * 4_000}) as tab:
            await tab.open("/login?error=credentials&q=" + "y" * 5_000)
            await tab.until(lambda t: "not right" in (t.value(AuthState, "error") or ""))
            await tab.call(handler(Profile, "load"))
            await tab.until(lambda t: t.ordered("_redirect"))
            states = [key for key in await keys_of(installation, tab.token) if b"state____" in key]
            assert states == []
        await until_gone(installation, tab.token)
        if number == 0:
            first = await size(installation)
    after = await size(installation)
    print(f"{SOCKETS} sockets: {after[0] - keys} keys, {(after[1] - memory) / SOCKETS:.0f} bytes of Redis each")
    assert after[0] <= first[0] <= keys + 1


async def test_a_closed_sockets_last_events_leave_nothing(installation: Installation) -> None:
    """They are worked on after it has gone."""
    tokens = []
    for _ in range(5):
        async with Tab(installation.url) as tab:
            await tab.open("/login")
            for _ in range(20):
                await tab.call(HYDRATE)
            tokens.append(tab.token)
    async with Tab(installation.url) as last:  # events of all sockets wait in one line
        await last.open("/login")
        await last.until(lambda t: t.value(AppState, "permissions") is not None)
    for token in tokens:
        await until_gone(installation, token)


async def test_a_signed_in_tab_still_keeps_its_state(installation: Installation) -> None:
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open("/settings/profile")
        await tab.until(lambda t: t.value(Profile, "name"))
        token = tab.token
    async with Tab(installation.url, installation.owner, token) as tab:
        await tab.open("/settings/profile", load=False)
        assert tab.token == token


async def test_strangers_write_nothing_into_the_log(installation: Installation) -> None:
    async with Tab(installation.url) as tab:
        await tab.open("/login")
        await tab.until(lambda t: t.value(AppState, "permissions") is not None)
        log = installation.listen()
        for number in range(30):
            await tab.call(f"no.such.state\nINFO forged line {number}")
            await tab._socket.emit("client_error", {"error_type": "x", "message": "forged"}, namespace="/_event")
            forged = {"QUERY_STRING": "token=another-token-of-mine", "asgi.scope": {"client": ["192.0.2.7", 1]}}
            for name, *more in (("connect", forged), ("connect",), ("disconnect", "client disconnect"), ("event",)):
                await tab._socket.emit(name, tuple(more) or None, namespace="/_event")
            await tab._socket.emit("event", ({"name": "forged"}, "forged"), namespace="/_event")
            await tab._socket.emit("no_such_event", "forged", namespace="/_event")
            for nonsense in ("forged", ["forged"], {"name": 7, "payload": "forged"}, 12, None):
                await tab._socket.emit("event", nonsense, namespace="/_event")
        assert await keys_of(installation, "another-token-of-mine") == []
        before_last = len(tab.ordered("_redirect"))
        await tab.call(handler(Profile, "load"))
        await tab.until(lambda t: len(t.ordered("_redirect")) > before_last, 60)
    for frame in ("42{", "4", "2" * 100, "42/_event,[" + "[" * 15_000, "451-/_event,[]"):
        async with raw(installation, f"token={uuid.uuid4()}") as socket:
            await socket.receive(timeout=30)
            await socket.send_str(frame)
            assert (await socket.receive(timeout=30)).data == 1008, frame
    written = log.text
    print(f"{30 * 13} attempts wrote {len(written)} bytes")
    assert "forged" not in written
    assert len(written) < 1_000


async def test_nobody_forges_lines_of_the_log(installation: Installation) -> None:
    """A page of an older version is told so; what it asked for is one short line, however often and long."""
    log = installation.listen()
    async with Tab(installation.url, installation.viewer) as tab:
        await tab.open("/settings/profile")
        await tab.until(lambda t: t.value(Profile, "name"))
        for number in range(30):
            await tab.call(f"no.such{number}\n2026-11-26 12:00:00 [info] forged \x1b[31mline" + "z" * 900)
        await tab.call(handler(AppState, "enter"), the_last=1)  # refused, with a toast that names it
        await tab.until(lambda t: "the_last" in repr(t.events))
        assert next(event["payload"]["title"] for event in tab.ordered("_toast")) == "This page is of another version"
    lines = [line for line in log.text.splitlines() if "forged" in line]
    assert len(lines) == 1, lines
    assert "no.such0" in lines[0]
    assert "\x1b" not in log.text
    assert len(lines[0]) < 400


async def test_a_strangers_message_is_small_and_a_persons_may_be_long(installation: Installation) -> None:
    size_of_one = strangers.FRAME_LIMIT + 1
    async with raw(installation, f"token={uuid.uuid4()}") as socket:
        assert (await socket.receive(timeout=30)).type is aiohttp.WSMsgType.TEXT
        await socket.send_str("4" + "x" * size_of_one)
        assert (await socket.receive(timeout=30)).data == 1009
    async with Tab(installation.url, installation.owner) as tab:
        await tab.open("/settings/profile")
        await tab.until(lambda t: t.value(Profile, "name"))
        await tab.call(handler(Profile, "load"), unused="x" * size_of_one)
        await tab.until(lambda t: t.events or t.state)
        assert tab._socket.connected


async def test_odd_addresses_get_no_socket(installation: Installation) -> None:
    refused = [
        "token=" + "a" * 65,
        "token=a%0Ab" + "c" * 10,
        "token=reflex*state",
        "token=aaaaaaaa&token=bbbbbbbb",
        f"token={uuid.uuid4()}&more=" + "x" * 600,
    ]
    for query in refused:
        assert await is_refused(installation, query), query
    assert not await is_refused(installation, f"token={uuid.uuid4()}")


async def test_sockets_without_a_session_are_counted_and_people_still_get_in(own_installation: Installation) -> None:
    """By rate on a fast machine, by number on a slow one; those who are signed in are not concerned."""
    opened: list[aiohttp.ClientWebSocketResponse] = []
    async with aiohttp.ClientSession() as session:
        refused = 0
        while not refused:
            assert len(opened) <= strangers.OPEN_PER_NETWORK
            url = own_installation.url.replace("http", "ws") + "/_event/?EIO=4&transport=websocket"
            try:
                socket = await session.ws_connect(f"{url}&token={uuid.uuid4()}")
                kind = (await socket.receive(timeout=30)).type
            except aiohttp.WSServerHandshakeError:
                refused += 1
                continue
            if kind is aiohttp.WSMsgType.TEXT:
                opened.append(socket)
            else:
                refused += 1
        print(f"refused after {len(opened)} sockets of one address")
        assert len(opened) >= strangers.SOCKETS_AT_ONCE // 2
        async with Tab(own_installation.url, own_installation.owner) as tab:
            await tab.open("/settings/profile")
            await tab.until(lambda t: t.value(Profile, "name"))
        for socket in opened:
            await socket.close()
