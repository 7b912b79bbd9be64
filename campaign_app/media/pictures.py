"""Reads the structure of image files: size in pixels, and where the file ends. Nothing is decompressed.

Each function takes the whole file and returns the image's extent. Bytes after its end are not part of it.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
GIF: Final = (b"GIF87a", b"GIF89a")
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_IMAGE_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"ANMF"})


class Damaged(ValueError):
    """The file violates the rules of its format."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many bytes belong to the file, and its size in pixels if it is an image."""

    length: int
    width: int | None = None
    height: int | None = None


def is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def png(data: bytes) -> Extent:
    """Reads every chunk with its checksum, from IHDR to IEND."""
    position, has_pixels = len(PNG), False
    width, height = 0, 0
    while True:
        length, name = struct.unpack(">I4s", _part(data, position, 8))
        content = _part(data, position + 8, length)
        (checksum,) = struct.unpack(">I", _part(data, position + 8 + length, 4))
        if zlib.crc32(content, zlib.crc32(name)) != checksum:
            raise Damaged("a checksum is wrong")
        if (name == b"IHDR") != (position == len(PNG)) or (name == b"IHDR" and length != 13):
            raise Damaged("the header is missing")
        if name == b"IHDR":
            width, height = struct.unpack(">II", content[:8])
        has_pixels = has_pixels or name == b"IDAT"
        position += 12 + length
        if name == b"IEND":
            break
    if not has_pixels:
        raise Damaged("it holds no pixels")
    return Extent(position, width, height)


def jpeg(data: bytes) -> Extent:
    """Reads every segment from the start to the end of the image. The size is in the frame header."""
    position, width, height, has_pixels = 2, 0, 0, False
    while True:
        if _part(data, position, 1) != b"\xff":
            raise Damaged("a segment does not begin at the right place")
        while (marker := _part(data, position + 1, 1)[0]) == 0xFF:
            position += 1
        position += 2
        if marker == 0xD9:
            break
        if marker in _STANDALONE:
            continue
        (length,) = struct.unpack(">H", _part(data, position, 2))
        content = _part(data, position, max(length, 2))
        if marker in _SIZES:
            if len(content) < 7:
                raise Damaged("the frame header is too short")
            height, width = struct.unpack(">HH", content[3:7])
        position += len(content)
        if marker == 0xDA:
            has_pixels, position = True, _end_of_scan(data, position)
    if not has_pixels or not width:
        raise Damaged("it holds no pixels")
    return Extent(position, width, height)


def _end_of_scan(data: bytes, position: int) -> int:
    """Where the next segment begins: 0xFF that is neither a stuffed byte nor a restart marker."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise Damaged("it ends too early")
        after = data[position + 1]
        if after and not 0xD0 <= after <= 0xD7:
            return position
        position += 2


def gif(data: bytes) -> Extent:
    """Reads every block up to the trailer."""
    width, height, flags = struct.unpack("<HHB", _part(data, 6, 5))
    position, has_pixels = 13 + _colours(flags), False
    while (block := _part(data, position, 1)) != b";":
        if block == b",":
            has_pixels = True
            position += 11 + _colours(_part(data, position + 9, 1)[0])
        elif block == b"!":
            position += 2
        else:
            raise Damaged("a block is of an unknown kind")
        while (length := _part(data, position, 1)[0]) > 0:
            position += 1 + length
        position += 1
    if not has_pixels:
        raise Damaged("it holds no pixels")
    return Extent(position + 1, width, height)


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def webp(data: bytes) -> Extent:
    """Reads every chunk of the RIFF container. The first one holds the size."""
    end = 8 + struct.unpack("<I", data[4:8])[0]
    data = _part(data, 0, end)
    width, height = _webp_size(data)
    position, has_pixels = 12, False
    while position < end:
        name, length = struct.unpack("<4sI", _part(data, position, 8))
        _part(data, position + 8, length)
        has_pixels = has_pixels or name in _IMAGE_CHUNKS
        position += 8 + length + length % 2
    if not has_pixels:
        raise Damaged("it holds no pixels")
    return Extent(end, width, height)


def _webp_size(data: bytes) -> tuple[int, int]:
    name, content = data[12:16], _part(data, 20, 10)
    if name == b"VP8X":
        return 1 + int.from_bytes(content[4:7], "little"), 1 + int.from_bytes(content[7:10], "little")
    if name == b"VP8L" and content[0] == 0x2F:
        bits = int.from_bytes(content[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", content[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise Damaged("the header is missing")


def _part(data: bytes, position: int, length: int) -> bytes:
    part = data[position : position + length]
    if len(part) < length:
        raise Damaged("it ends too early")
    return part
