"""Small valid files of every accepted type, built byte by byte."""

import struct
import zlib
from collections.abc import Callable


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 3, height: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x20\x60\xc0" * min(width, 4) for _ in range(min(height, 4))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(width: int = 3, height: int = 2, thumbnail: bytes = b"") -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + thumbnail) + segment(0xC0, frame) + scan + b"\xff\xd9"


def gif(width: int = 3, height: int = 2) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return head + b"!\xf9\x04\0\0\0\0\0" + image + b";"


def riff(content: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content


def webp_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp(width: int = 3, height: int = 2) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return riff(webp_chunk(b"VP8L", b"\x2f" + struct.pack("<I", bits) + b"pixels"))


def webp_lossy(width: int = 3, height: int = 2) -> bytes:
    return riff(webp_chunk(b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"pixels"))


def webp_extended(width: int = 3, height: int = 2) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff(webp_chunk(b"VP8X", b"\0\0\0\0" + size) + webp_chunk(b"VP8L", b"\x2f\0\0\0\0x"))


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def mp4(brand: bytes = b"isom") -> bytes:
    return box(b"ftyp", brand + b"\0\0\2\0") + box(b"moov", b"\0" * 20) + box(b"mdat", b"moving pictures")


def ogg() -> bytes:
    return b"OggS\0\2" + bytes(20) + b"\2\3\4" + b"abcdefg"


def mp3(tags: bytes = b"ID3\4\0\0\0\0\0\5hello") -> bytes:
    frame = b"\xff\xfb\x90\x00" + b"\0" * 413  # 128 kbit/s at 44,100 Hz: 417 bytes
    return tags + frame * 2


def pdf() -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n"


VALID: dict[str, tuple[Callable[[], bytes], str, tuple[int, int] | None]] = {
    "png": (png, "image/png", (3, 2)),
    "jpeg": (jpeg, "image/jpeg", (3, 2)),
    "gif": (gif, "image/gif", (3, 2)),
    "webp": (webp, "image/webp", (3, 2)),
    "webp lossy": (webp_lossy, "image/webp", (3, 2)),
    "webp extended": (webp_extended, "image/webp", (3, 2)),
    "mp4": (mp4, "video/mp4", None),
    "3gp": (lambda: mp4(b"3gp4"), "video/3gpp", None),
    "m4a": (lambda: mp4(b"M4A "), "audio/mp4", None),
    "ogg": (ogg, "audio/ogg", None),
    "mp3": (mp3, "audio/mpeg", None),
    "mp3 without tags": (lambda: mp3(b""), "audio/mpeg", None),
    "pdf": (pdf, "application/pdf", None),
}
