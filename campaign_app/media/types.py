"""The accepted file types. A type is found by the content, never by the name or by what the browser sends."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from campaign_app.media import containers, pictures
from campaign_app.media.errors import MediaRefused
from campaign_app.media.pictures import Damaged, Extent
from campaign_app.models.media import MediaKind

MEGABYTE: Final = 1 << 20
HEAD: Final = 32
"""How many bytes at the beginning determine the type."""
LIMITS: Final[dict[MediaKind, int]] = {
    MediaKind.IMAGE: 5 * MEGABYTE,
    MediaKind.VIDEO: 16 * MEGABYTE,
    MediaKind.AUDIO: 16 * MEGABYTE,
    MediaKind.DOCUMENT: 100 * MEGABYTE,
}
LARGEST: Final = max(LIMITS.values())
MOST_PIXELS: Final = 40_000_000
MOST_SIDE: Final = 16_384


@dataclass(frozen=True, slots=True)
class FileType:
    """A file type. `suffixes`: those of its file names, the usual one first."""

    label: str
    content_type: str
    kind: MediaKind
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]
    measure: Callable[[BinaryIO], Extent]

    @property
    def limit(self) -> int:
        """The largest size in bytes."""
        return LIMITS[self.kind]


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _whole(read: Callable[[bytes], Extent]) -> Callable[[BinaryIO], Extent]:
    def measure(file: BinaryIO) -> Extent:
        file.seek(0)
        return read(file.read(LIMITS[MediaKind.IMAGE] + 1))

    return measure


_I, _V, _A, _D = MediaKind
TYPES: Final = (
    FileType("PNG", "image/png", _I, (".png",), _starts(pictures.PNG), _whole(pictures.png)),
    FileType("JPEG", "image/jpeg", _I, (".jpg", ".jpeg"), _starts(pictures.JPEG), _whole(pictures.jpeg)),
    FileType("GIF", "image/gif", _I, (".gif",), _starts(*pictures.GIF), _whole(pictures.gif)),
    FileType("WebP", "image/webp", _I, (".webp",), pictures.is_webp, _whole(pictures.webp)),
    FileType("MP4", "video/mp4", _V, (".mp4", ".m4v"), containers.is_mp4, containers.boxes),
    FileType("3GP", "video/3gpp", _V, (".3gp",), containers.is_3gp, containers.boxes),
    FileType("M4A", "audio/mp4", _A, (".m4a",), containers.is_m4a, containers.boxes),
    FileType("Ogg", "audio/ogg", _A, (".ogg", ".opus"), _starts(b"OggS\0"), containers.ogg),
    FileType("PDF", "application/pdf", _D, (".pdf",), _starts(b"%PDF-1.", b"%PDF-2."), containers.pdf),
    FileType("MP3", "audio/mpeg", _A, (".mp3",), containers.is_mp3, containers.mp3),
)
BY_CONTENT_TYPE: Final = {each.content_type: each for each in TYPES}

_HTML: Final = "an HTML page. Write it as the message of a campaign or a template"
_KNOWN_BUT_REFUSED: Final[tuple[tuple[Callable[[bytes], bool], str], ...]] = (
    (lambda head: head[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1"}, "a HEIC image. Save it as JPEG"),
    (lambda head: head[4:12] == b"ftypavif", "an AVIF image. Save it as JPEG or PNG"),
    (lambda head: head[4:12] == b"ftypqt  ", "a QuickTime video. Save it as MP4"),
    (_starts(b"II*\0", b"MM\0*"), "a TIFF image. Save it as JPEG or PNG"),
    (_starts(b"BM"), "a BMP image. Save it as PNG"),
    (_starts(b"PK\3\4"), "an archive or an Office document. Save it as PDF"),
    (_starts(b"MZ", b"\x7fELF", b"#!"), "a program"),
    (lambda head: b"<svg" in head.lower(), "an SVG image, which can hold scripts. Save it as PNG"),
    (lambda head: head.lstrip()[:5].lower() == b"<?xml", "an XML or SVG file. Save images as PNG"),
    (lambda head: head.lstrip()[:5].lower() in {b"<html", b"<!doc"}, _HTML),
)


def by_head(head: bytes) -> FileType:
    """The type of a file with this beginning.

    Raises:
        MediaRefused: it is not one of TYPES.
    """
    for each in TYPES:
        if each.begins(head):
            return each
    for begins, what in _KNOWN_BUT_REFUSED:
        if begins(head):
            raise MediaRefused(f"This is {what}.")
    if not head:
        raise MediaRefused("The file is empty.")
    raise MediaRefused(
        f"Files of this type are not accepted. Use {', '.join(each.label for each in TYPES[:-1])} or MP3."
    )


def examine(path: Path) -> tuple[FileType, Extent]:
    """The type, size in pixels and length in bytes of a whole file.

    Raises:
        MediaRefused: it is damaged or incomplete, or has too many bytes or pixels.
    """
    with path.open("rb") as file:
        found = by_head(file.read(HEAD))
        must_fit(found, path.stat().st_size)
        try:
            extent = found.measure(file)
        except Damaged as error:
            raise MediaRefused(f"The {found.label} file is damaged: {error}.") from None
    _must_be_shown(found, extent)
    return found, extent


def must_fit(found: FileType, size: int) -> None:
    """Check the size of a file of this type.

    Raises:
        MediaRefused: it is too large for its kind.
    """
    if size > found.limit:
        most = found.limit // MEGABYTE
        raise MediaRefused(f"The file is too large. {found.kind.label} files have at most {most} MB.")


def _must_be_shown(found: FileType, extent: Extent) -> None:
    if found.kind is not MediaKind.IMAGE:
        return
    width, height = extent.width or 0, extent.height or 0
    if not width or not height:
        raise MediaRefused(f"The {found.label} file is damaged: the image has no size.")
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise MediaRefused(
            f"The image has {width:,} × {height:,} pixels. At most {MOST_PIXELS // 1_000_000} million and "
            f"{MOST_SIDE:,} on a side are accepted. Make it smaller; messages rarely need more than 1,200 in width."
        )
