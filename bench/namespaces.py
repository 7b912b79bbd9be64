"""Hosts on one machine: network namespaces with names, addresses and folders of their own.

Two networks, so that a host can lose one and keep the other: DATABASE carries PostgreSQL, REST Redis and mail. A link
is cut at this machine's end, so that packets vanish in silence, as with a cable that was pulled somewhere else.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATABASE, REST = "d", "r"
_NETWORKS = (DATABASE, REST)


def missing() -> str:
    """Why there can be no namespaces here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: iproute2, util-linux)"
    probe = f"beacon{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode:
        return f"ip netns add: {made.stderr.strip()}"
    try:
        bridge = ["ip", "-n", probe, "link", "add", "b0", "type", "bridge"]
        found = subprocess.run(bridge, capture_output=True, text=True)
        return f"no bridges: {found.stderr.strip()}" if found.returncode else ""
    finally:
        _ip("netns", "del", probe)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@dataclass
class Host:
    """A namespace. `prefix` runs a command in it, under its name."""

    name: str
    namespace: str
    links: dict[str, str]  # network → our end's name

    @property
    def prefix(self) -> list[str]:
        """Put before a command: the process that results is the command itself, not a parent of it."""
        become = 'hostname "$0" && exec "$@"'
        return ["ip", "netns", "exec", self.namespace, "unshare", "--uts", "sh", "-c", become, self.name]

    def cut(self, *networks: str) -> None:
        """Cut these networks (default: all)."""
        for network in networks or _NETWORKS:
            _ip("link", "set", self.links[network], "down")

    def mend(self, *networks: str) -> None:
        """Connect them again."""
        for network in networks or _NETWORKS:
            _ip("link", "set", self.links[network], "up")


@dataclass
class Wires:
    """The bridges and the hosts connected to them. `at` is this machine's address in each network."""

    tag: str = field(default_factory=lambda: secrets.token_hex(3))
    area: int = field(default_factory=lambda: 16 + secrets.randbelow(200))
    hosts: list[Host] = field(default_factory=list)

    def at(self, network: str) -> str:
        """This machine's address there."""
        return f"10.{self.area}.{_NETWORKS.index(network)}.1"

    def _bridge(self, network: str) -> str:
        return f"b{self.tag}{network}"

    def build(self, names: list[str]) -> None:
        """Create everything."""
        for network in _NETWORKS:
            _ip("link", "add", self._bridge(network), "type", "bridge")
            _ip("address", "add", f"{self.at(network)}/24", "dev", self._bridge(network))
            _ip("link", "set", self._bridge(network), "up")
        for number, name in enumerate(names, start=10):
            self.hosts.append(self._host(name, number))

    def _host(self, name: str, number: int) -> Host:
        host = Host(name, f"beacon{self.tag}{number}", {})
        _ip("netns", "add", host.namespace)
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        for index, network in enumerate(_NETWORKS):
            ours, theirs = f"v{self.tag}{network}{number}", f"net{network}"
            _ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", host.namespace)
            host.links[network] = ours
            _ip("link", "set", ours, "master", self._bridge(network))
            _ip("-n", host.namespace, "address", "add", f"10.{self.area}.{index}.{number}/24", "dev", theirs)
            _ip("-n", host.namespace, "link", "set", theirs, "up")
            _ip("link", "set", ours, "up")
        return host

    def remove(self) -> None:
        """Remove everything; missing parts are ignored."""
        names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout.split()
        for found in names:
            if found.startswith(f"beacon{self.tag}"):
                subprocess.run(["ip", "netns", "del", found], capture_output=True)
        for network in _NETWORKS:
            subprocess.run(["ip", "link", "del", self._bridge(network)], capture_output=True)


@contextmanager
def wires(names: list[str]) -> Iterator[Wires]:
    """Hosts of these names; gone afterwards."""
    made = Wires()
    try:
        made.build(names)
        yield made
    finally:
        made.remove()


@contextmanager
def relay(routes: dict[str, str]) -> Iterator[None]:
    """Processes that pass on `address:port` to a port of the loopback or a socket file."""
    with ExitStack() as stack:
        command = [sys.executable, "-m", "bench.relay", *(f"{near}={far}" for near, far in routes.items())]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        stack.callback(process.stdout.close)
        stack.callback(process.wait, 10)
        stack.callback(process.terminate)
        if process.stdout.readline() != "ready\n":
            raise OSError("the relay did not start")
        yield
