"""Reads the structure of video, sound and PDF files without loading or decoding them."""

import os
import struct
from typing import BinaryIO, Final

from campaign_app.media.pictures import Damaged, Extent

_VIDEO_BRANDS: Final = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"MSNV",
    b"dash",
)
_TAIL: Final = 1024
_BITRATES: Final = {  # kbit/s of layer III: MPEG 1, and MPEG 2 or 2.5
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def is_mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _VIDEO_BRANDS


def is_m4a(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in {b"M4A ", b"M4B "}


def is_3gp(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:10] == b"3g"


def is_mp3(head: bytes) -> bool:
    """Whether the beginning is that of an MP3 file, with or without tags before the sound."""
    return head[:3] == b"ID3" or _frame_length(head[:4]) > 0


def boxes(file: BinaryIO) -> Extent:
    """MP4, M4A and 3GP: the file consists of boxes, among them the movie header and the media data."""
    size, position, names = _size(file), 0, set()
    while position < size:
        length, name = struct.unpack(">I4s", _read(file, position, 8))
        head = 8
        if length == 1:
            length, head = struct.unpack(">Q", _read(file, position + 8, 8))[0], 16
        elif length == 0:
            length = size - position
        if length < head or position + length > size:
            raise Damaged("it ends too early")
        names.add(name)
        position += length
    if not {b"moov", b"mdat"} <= names:
        raise Damaged("it has no movie header or no media data")
    return Extent(size)


def pdf(file: BinaryIO) -> Extent:
    """PDF: the version at the beginning, the end mark at the end."""
    size = _size(file)
    tail = _read(file, max(0, size - _TAIL), min(size, _TAIL))
    if b"startxref" not in tail or b"%%EOF" not in tail:
        raise Damaged("it ends too early")
    return Extent(size)


def ogg(file: BinaryIO) -> Extent:
    """Ogg: the file consists of pages."""
    size, position = _size(file), 0
    while position < size:
        head = _read(file, position, 27)
        if head[:5] != b"OggS\0":
            raise Damaged("a page does not begin at the right place")
        lengths = _read(file, position + 27, head[26])
        position += 27 + head[26] + sum(lengths)
    if position != size:
        raise Damaged("it ends too early")
    return Extent(size)


def mp3(file: BinaryIO) -> Extent:
    """MP3: two consecutive frames of sound follow the tags."""
    position, head = 0, _read(file, 0, 10)
    if head[:3] == b"ID3":
        position = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    for _ in range(2):
        length = _frame_length(_read(file, position, 4))
        if not length:
            raise Damaged("it contains no sound")
        position += length
    return Extent(_size(file))


def _frame_length(head: bytes) -> int:
    """The length in bytes of an MPEG layer III frame with this beginning; 0 when it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, padding = head[1] >> 3 & 3, head[2] >> 1 & 1
    if version not in _RATES or head[2] >> 2 & 3 == 3:
        return 0
    kbits = _BITRATES[version == 3][head[2] >> 4]
    samples = 144 if version == 3 else 72
    return samples * kbits * 1000 // _RATES[version][head[2] >> 2 & 3] + padding if kbits else 0


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    part = file.read(length)
    if len(part) < length:
        raise Damaged("it ends too early")
    return part
