"""A TCP relay: hosts in network namespaces reach through it what listens on the loopback or on a socket file.

python -m bench.relay ADDRESS:PORT=TARGET [ADDRESS:PORT=TARGET …], where a target is a port or a path.
"""

import argparse
import asyncio
import contextlib

_CHUNK = 1 << 16


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def _listen(address: str, port: int, target: str) -> asyncio.Server:
    async def accept(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            if target.isdigit():
                far_in, far_out = await asyncio.open_connection("127.0.0.1", int(target))
            else:
                far_in, far_out = await asyncio.open_unix_connection(target)
        except OSError:
            near_out.close()
            return
        await asyncio.gather(_pass_on(near_in, far_out), _pass_on(far_in, near_out))

    return await asyncio.start_server(accept, address, port)


async def serve(routes: list[str]) -> None:
    """Until it is ended. Prints one line once everything listens."""
    servers = []
    for route in routes:
        where, _, target = route.partition("=")
        address, _, port = where.rpartition(":")
        servers.append(await _listen(address, int(port), target))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routes", nargs="+")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().routes))


if __name__ == "__main__":
    main()
