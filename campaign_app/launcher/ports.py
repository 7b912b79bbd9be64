"""Looks for free ports."""

import socket
import time

from campaign_app.launcher.console import Problem

RELEASE_S = 5.0


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free(host: str = "127.0.0.1", after: int = 0) -> int:
    """A free port: one of the next hundred after `after`, else whatever the system gives."""
    for port in range(after + 1, after + 100) if after else ():
        if is_free(host, port):
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        found: int = probe.getsockname()[1]
        return found


def require_free(host: str, port: int) -> None:
    """Wait a moment for the processes of a killed launcher to end, then require that the port is free.

    Raises:
        Problem: somebody else listens there, or the address is not one of this machine.
    """
    end = time.monotonic() + RELEASE_S
    while not is_free(host, port):
        if not _connectable(host, port):
            raise Problem(
                f"Cannot listen on {host} port {port}.",
                "use an address of this machine (--host 127.0.0.1 or --host 0.0.0.0) and a port above 1023",
            )
        if time.monotonic() > end:
            raise Problem(
                f"Port {port} is in use by another program.",
                f"./campaign up --port {any_free(host, port)}   (who it is: ss -ltnp 'sport = :{port}')",
            )
        time.sleep(0.1)


def _connectable(host: str, port: int) -> bool:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (read, not bound)
    try:
        with socket.create_connection((target, port), timeout=0.5):
            return True
    except OSError:
        return False
