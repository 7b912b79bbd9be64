"""Opens the ports and runs until told to stop."""

import asyncio
import contextlib
import json
import signal
import socket
import sys

from granian.constants import Interfaces
from granian.server.embed import Server

from campaign_app.core import pulse
from campaign_app.sandbox import web
from campaign_app.sandbox.mail_server import MailServer, Ports
from campaign_app.sandbox.smtp import Session

BACKLOG = 1_024
STOP_S = 0.3  # granian waits for idle keep-alive connections; nobody needs that here


def free_port(host: str) -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


async def serve(server: MailServer, host: str, smtp_port: int, http_port: int) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 means any free one; the ready line on stdout says which."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    smtp = await loop.create_server(lambda: Session(server), host, smtp_port, backlog=BACKLOG)
    server.ports = Ports(host, smtp.sockets[0].getsockname()[1], http_port or free_port(host))
    app = web.create(server, any_host=host not in web.LOOPBACK)
    http = Server(app, host, server.ports.http, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)
    tasks = [asyncio.create_task(each) for each in (http.serve(), server.simulated.run(), server.keep_saved())]
    await _until_listening(host, server.ports.http)
    ready = {"smtp_port": server.ports.smtp, "http_port": server.ports.http}
    (server.folder / "ports.json").write_text(json.dumps(ready))
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    try:
        async with pulse.kept("sandbox"):
            await asyncio.wait([asyncio.create_task(stop.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        smtp.close()
        server.drop_connections()
        http.stop()  # type: ignore[no-untyped-call]
        for task in tasks[1:]:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), STOP_S)
        server.close()
        (server.folder / "ports.json").unlink(missing_ok=True)


async def _until_listening(host: str, port: int, seconds: float = 10.0) -> None:
    target = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (read, not bound)
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection(target, port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
