"""Generates the images of the demo's media library: hills at a lake in the colours of a season."""

import math
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Final

WIDTH, HEIGHT = 600, 200
_WATER, _COLOURS = 150, 32
Colour = tuple[int, int, int]
SEASONS: Final[dict[str, tuple[str, Colour, Colour, Colour]]] = {
    "Lake in autumn.png": ("Hills in autumn colours behind a lake", (250, 214, 165), (176, 88, 42), (78, 110, 128)),
    "Lake in winter.png": ("Snowy hills behind a lake", (214, 228, 244), (140, 158, 178), (92, 122, 150)),
}
"""Name → alternative text and the colours of sky, hills and water."""


async def image(name: str) -> AsyncIterator[bytes]:
    """A PNG file in the form of an upload."""
    _, sky, hills, water = SEASONS[name]
    palette = b"".join(
        bytes(round(part * (1 - 0.4 * step / _COLOURS)) for part in colour)
        for colour in (sky, hills, water)
        for step in range(_COLOURS)
    )
    rows = b"".join(b"\0" + bytes(_colour(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    yield b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _colour(x: int, y: int) -> int:
    ridge = 90 - 28 * math.sin(x / 70) - 16 * math.sin(x / 23 + 1)
    if y >= _WATER:
        return 2 * _COLOURS + min(_COLOURS - 1, (y - _WATER) // 2)
    return _COLOURS + min(_COLOURS - 1, int(y - ridge) // 2) if y > ridge else min(_COLOURS - 1, y // 6)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
