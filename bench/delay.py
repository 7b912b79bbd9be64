"""A TCP proxy that adds a network's latency to the loopback: half a round trip in each direction."""

import argparse
import asyncio
import contextlib


class Delayed(asyncio.Protocol):
    """One direction of a connection: what comes in goes out at the peer `delay` seconds later, in order."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.peer: asyncio.Transport | None = None
        self.early: list[bytes] = []
        self.made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store this side's transport."""
        assert isinstance(transport, asyncio.Transport)
        self.made.set_result(transport)

    def data_received(self, data: bytes) -> None:
        """Forward the data later."""
        if self.peer is None:
            self.early.append(data)
        else:
            asyncio.get_running_loop().call_later(self.delay, self._write, data)

    def join(self, peer: asyncio.Transport) -> None:
        """Connect the other side."""
        self.peer = peer
        for data in self.early:
            asyncio.get_running_loop().call_later(self.delay, self._write, data)
        self.early.clear()

    def _write(self, data: bytes) -> None:
        if self.peer is not None and not self.peer.is_closing():
            self.peer.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Close the peer after the delayed data."""
        if self.peer is not None:
            asyncio.get_running_loop().call_later(self.delay, self.peer.close)


async def serve(listen: int, target: int, round_trip_ms: float) -> asyncio.Server:
    """Listen on `listen`, connect to `target`, both on the loopback."""
    loop = asyncio.get_running_loop()
    delay = round_trip_ms / 2000
    joins: set[asyncio.Task[None]] = set()

    def accept() -> Delayed:
        near = Delayed(delay)

        async def connect() -> None:
            transport, far = await loop.create_connection(lambda: Delayed(delay), "127.0.0.1", target)
            near.join(transport)
            far.join(await near.made)

        task = loop.create_task(connect())
        joins.add(task)
        task.add_done_callback(joins.discard)
        return near

    return await loop.create_server(accept, "127.0.0.1", listen)


async def main() -> None:
    """Run until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--target", type=int, required=True)
    parser.add_argument("--round-trip-ms", type=float, required=True)
    arguments = parser.parse_args()
    server = await serve(arguments.listen, arguments.target, arguments.round_trip_ms)
    with contextlib.suppress(asyncio.CancelledError):
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
