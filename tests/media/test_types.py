"""The content determines a file's type. Files with other content or a wrong name are refused or made harmless."""

import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_app.media import names, types
from campaign_app.media.errors import MediaRefused
from campaign_app.media.pictures import Extent
from campaign_app.media.types import FileType
from campaign_app.models.media import MediaKind
from tests.media import samples

SCRIPT = b"<script>alert(document.cookie)</script>"


def examine(folder: Path, data: bytes) -> tuple[FileType, Extent]:
    (folder / "file").write_bytes(data)
    return types.examine(folder / "file")


def refusal(folder: Path, data: bytes) -> str:
    with pytest.raises(MediaRefused) as caught:
        examine(folder, data)
    assert caught.value.fields == {"file": caught.value.message}
    return caught.value.message


@pytest.mark.parametrize(("make", "content_type", "size"), samples.VALID.values(), ids=samples.VALID)
def test_the_content_says_the_type(
    tmp_path: Path, make: Callable[[], bytes], content_type: str, size: tuple[int, int] | None
) -> None:
    data = make()
    found, extent = examine(tmp_path, data)
    assert found.content_type == content_type
    assert extent.length == len(data)
    assert (extent.width, extent.height) == (size or (None, None))


def test_every_type_has_a_sample() -> None:
    assert {content_type for _, content_type, _ in samples.VALID.values()} == set(types.BY_CONTENT_TYPE)


@pytest.mark.parametrize("make", [make for make, *_ in samples.VALID.values()], ids=samples.VALID)
def test_a_file_that_was_cut_off_is_refused_or_read_without_an_error(tmp_path: Path, make: Callable[[], bytes]) -> None:
    data = make()
    for length in range(len(data)):
        try:
            found, extent = examine(tmp_path, data[:length])
        except MediaRefused:
            continue
        assert extent.length <= length
        assert found.kind in {MediaKind.DOCUMENT, MediaKind.AUDIO}, "an image or a video ends where it says"


@given(
    data=st.binary(max_size=200),
    start=st.sampled_from([make() for make, *_ in samples.VALID.values()]),
    cut=st.integers(0, 200),
)
def test_no_bytes_break_a_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes, cut: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        _, extent = examine(folder, start[:cut] + data)
    except MediaRefused:
        return
    assert 0 < extent.length <= cut + len(data) or extent.length <= len(start)


def archive() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("run.js", "x")
    return packed.getvalue()


@pytest.mark.parametrize(
    "behind", [SCRIPT, archive(), b"\0" * 10_000, samples.pdf()], ids=["html", "zip", "zeros", "pdf"]
)
@pytest.mark.parametrize("make", [samples.png, samples.jpeg, samples.gif, samples.webp], ids=lambda make: make.__name__)
def test_what_stands_behind_an_image_is_not_part_of_it(
    tmp_path: Path, make: Callable[[], bytes], behind: bytes
) -> None:
    data = make()
    found, extent = examine(tmp_path, data + behind)
    assert found.kind is MediaKind.IMAGE
    assert extent.length == len(data)


@pytest.mark.parametrize(
    "data",
    [
        SCRIPT + samples.png(),
        b"<html>" + samples.pdf(),
        b"\n" + samples.pdf(),
        b"GIF87a=1;" + SCRIPT,
        b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
        b"%PDF-1.4 <html>" + SCRIPT,
        samples.pdf() + SCRIPT * 60,
        b"\x89PNG\r\n\x1a\n" + SCRIPT,
        b"\xff\xd8\xff" + SCRIPT,
        b"RIFF" + struct.pack("<I", 2**32 - 1) + b"WEBPVP8L" + SCRIPT,
        samples.mp4() + SCRIPT,
        samples.ogg() + SCRIPT,
        b"ID3\4\0\0\0\0\0\0" + SCRIPT,
        archive(),
    ],
)
def test_a_page_program_or_archive_that_pretends_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "SVG"),
        (b"<!doctype html><p>Hello", "HTML"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "QuickTime"),
        (b"MZ\x90\0", "a program"),
        (b"PK\3\4", "Save it as PDF"),
        (b"hello", "Use PNG, JPEG, GIF, WebP"),
        (samples.png()[:40], "damaged: it ends too early"),
        (samples.png().replace(b"IDAT", b"IDAX"), "a checksum is wrong"),
        (samples.png(0, 2), "no size"),
        (samples.mp4().replace(b"moov", b"free"), "no movie header"),
        (b"\xff\xd8\xff\xd9", "no pixels"),
    ],
)
def test_what_is_refused_is_said_in_words(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in refusal(tmp_path, data)


@pytest.mark.parametrize("make", [samples.png, samples.jpeg, samples.gif, samples.webp, samples.webp_extended])
def test_an_image_that_would_fill_the_memory_is_refused_by_its_header(
    tmp_path: Path, make: Callable[[int, int], bytes]
) -> None:
    side = 16_383  # the largest side of WebP without an extended header
    assert f"{side:,} × {side:,} pixels" in refusal(tmp_path, make(side, side))
    assert examine(tmp_path, make(6_000, 4_000))[1] == Extent(len(make(6_000, 4_000)), 6_000, 4_000)


def test_sizes_that_no_file_has_do_not_fill_the_memory(tmp_path: Path) -> None:
    huge = struct.pack(">I", 2**32 - 1)
    assert "too early" in refusal(tmp_path, b"\x89PNG\r\n\x1a\n" + huge + b"IHDR" + b"\0" * 40)
    assert "too early" in refusal(tmp_path, samples.box(b"ftyp", b"isom\0\0\2\0" + b"\0" * 16) + huge + b"moov")


def test_the_size_of_a_thumbnail_is_not_that_of_the_image(tmp_path: Path) -> None:
    assert examine(tmp_path, samples.jpeg(800, 600, thumbnail=samples.jpeg(16, 12)))[1].width == 800


def test_limits_go_by_the_kind() -> None:
    image, video, document = (types.BY_CONTENT_TYPE[name] for name in ("image/png", "video/mp4", "application/pdf"))
    types.must_fit(image, 5 * types.MEGABYTE)
    types.must_fit(document, 100 * types.MEGABYTE)
    for found, size, most in ((image, 5, "5 MB"), (video, 16, "16 MB"), (document, 100, "100 MB")):
        with pytest.raises(MediaRefused, match=most):
            types.must_fit(found, size * types.MEGABYTE + 1)


@pytest.mark.parametrize(
    ("given_name", "shown", "in_address"),
    [
        ("photo.png", "photo.png", "photo.png"),
        ("photo.exe", "photo.png", "photo.png"),
        ("photo.JPG", "photo.png", "photo.png"),
        ("photo", "photo.png", "photo.png"),
        ("../../etc/passwd", "passwd.png", "passwd.png"),
        ("C:\\Users\\me\\Größe 1.PNG", "Größe 1.png", "Groe-1.png"),
        ("a\0b\r\nSet-Cookie: x.png", "abSet-Cookie: x.png", "abSet-Cookie-x.png"),
        ("gnp.\u202egpj.exe", "gnp.gpj.png", "gnp.gpj.png"),
        ("....", "image.png", "image.png"),
        ("", "image.png", "image.png"),
        ("写真.png", "写真.png", "file.png"),
        ("x" * 300 + ".png", "x" * 200 + ".png", "x" * 80 + ".png"),
    ],
)
def test_names_hold_nothing_but_a_name(given_name: str, shown: str, in_address: str) -> None:
    assert names.clean(given_name, types.BY_CONTENT_TYPE["image/png"]) == shown
    assert names.in_address(shown) == in_address
