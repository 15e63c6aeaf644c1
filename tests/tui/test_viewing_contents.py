"""What a file is, and lists of archives and facts of pictures that anybody may have made up."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.viewing import child, pictures, tars, zips
from tui.viewing.hex_page import HexPage
from tui.viewing.kinds import Shape, shape_of
from tui.viewing.listing import Listing, NotReadable, member_rows
from tui.viewing.rows import Run
from tui.viewing.window import Window


def zip_of(*names: str, comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.comment = comment
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), "x" * 1000)
    return made.getvalue()


def list_zip(data: bytes) -> Listing:
    return zips.list_zip(lambda at, length: data[at : at + length], len(data))


def tar_of(*names: str, size: int = 700, format: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = size, 1_700_000_000
            archive.addfile(info, io.BytesIO(bytes(size)))
    return made.getvalue()


def names(listing: Listing) -> list[str]:
    return [member.name for member in listing.members]


# Shapes


@pytest.mark.parametrize(
    ("name", "head", "shape"),
    [
        ("notes.png", b"just text", Shape.TEXT),
        ("a.docx", zip_of("word/document.xml"), Shape.ZIP),
        ("empty.zip", zip_of(), Shape.ZIP),
        ("a", tar_of("x"), Shape.TAR),
        ("a.tar.gz", gzip.compress(tar_of("x")), Shape.TAR),
        ("a.tgz", gzip.compress(tar_of("x")), Shape.TAR),
        ("a.log.gz", gzip.compress(b"x"), Shape.BYTES),
        ("a.txt", b"\x89PNG\r\n\x1a\n", Shape.PICTURE),
        ("a.txt", b"BMW is a car\n", Shape.TEXT),
        ("a.txt", b"\x7fELF\0\0", Shape.BYTES),
        ("a.exe", b"", Shape.TEXT),
    ],
    ids=map(str, range(11)),
)
def test_a_file_is_what_its_bytes_say(name: str, head: bytes, shape: Shape) -> None:
    assert shape_of(name, head) is shape


# Zip


def test_a_zip_is_listed_with_its_hostile_names_written_out() -> None:
    listing = list_zip(zip_of("../../etc/passwd", "a/", "\x1b]0;owned\x07", "日本\u202e.txt"))
    assert names(listing) == ["../../etc/passwd", "a/", "\x1b]0;owned\x07", "日本\u202e.txt"]
    assert listing.remark == ""
    assert listing.members[0].size == 1000 and listing.members[1].kind == "folder"
    rows = member_rows(listing, 0.0)
    assert all(row.text.isprintable() for row in rows)
    assert any("2024-05-06 07:08" in row.text for row in rows)


def test_a_zip_behind_a_program_or_with_a_comment_is_listed() -> None:
    assert names(list_zip(b"#!/bin/sh\n" * 500 + zip_of("a", comment=b"c" * 60_000))) == ["a"]


def test_a_large_zip_is_read_at_its_end_only() -> None:
    data = zip_of(*(f"file-{n:04}" for n in range(2000)))
    asked: list[tuple[int, int]] = []

    def fetch(at: int, length: int) -> bytes:
        asked.append((at, length))
        return data[at - (4 << 30) :][:length]  # as if 4 GiB came before

    listing = zips.list_zip(fetch, len(data) + (4 << 30))
    assert len(listing.members) == 2000
    assert sum(length for _, length in asked) < 1 << 19


def test_a_zip64_is_listed() -> None:
    size = 5 << 30
    extra = struct.pack("<2HQ", 1, 8, size)
    entry = struct.pack(
        *("<4s6H3L5H2L", b"PK\x01\x02", 45, 45, 0x800, 0, 0, 0x5821, 0, 0, 0xFFFFFFFF),
        *(1, len(extra), 0, 0, 0, 0, 0),
    )
    directory = entry + b"a" + extra
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    listing = list_zip(directory + end64 + locator + end)
    assert [(member.name, member.size) for member in listing.members] == [("a", size)]


def test_more_than_is_listed_of_a_zip_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST", 3)
    listing = list_zip(zip_of(*"abcde"))
    assert len(listing.members) == 3 and "Only the first 3 of 5" in listing.remark


def test_a_zip_that_is_cut_off_says_so() -> None:
    with pytest.raises(NotReadable, match="cut off"):
        list_zip(zip_of("a")[:-30])


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_damaged_zip_never_breaks_the_list(noise: bytes, at: int) -> None:
    data = zip_of("a", "b/c", "\x1b")
    broken = data[: at % len(data)] + noise + data[at % len(data) + len(noise) :]
    try:
        listing = list_zip(broken)
    except NotReadable:
        return
    assert all(row.text.isprintable() for row in member_rows(listing, 0.0))


# Tar


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tars_are_listed_however_packed_and_written(format: int, pack: object) -> None:
    wanted = ["short", "../up", "d" * 80 + "/" + "f" * 90, "esc\x1b[2J"]
    data = pack(tar_of(*wanted, format=format))  # type: ignore[operator]
    listing = tars.list_tar(data, whole=True)
    assert names(listing) == wanted and listing.remark == ""
    assert listing.members[0].size == 700 and listing.members[0].modified == 1_700_000_000
    assert all(row.text.isprintable() for row in member_rows(listing, 0.0))


def test_the_kinds_and_targets_in_a_tar_are_told() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for kind, name in ((tarfile.DIRTYPE, "d"), (tarfile.SYMTYPE, "l"), (tarfile.FIFOTYPE, "p")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd" if name == "l" else ""
            archive.addfile(info)
    listing = tars.list_tar(made.getvalue(), whole=True)
    assert [member.kind for member in listing.members] == ["folder", "link", "pipe"]
    assert listing.members[1].note == "-> /etc/passwd"


def test_a_tar_of_which_only_the_beginning_is_read_says_so() -> None:
    data = tar_of("a", "b", "c", size=100_000)
    listing = tars.list_tar(data[:150_000], whole=False)
    assert names(listing) == ["a", "b"]
    assert "in what was read" in listing.remark


def test_a_packed_tar_that_unpacks_to_ever_more_is_stopped() -> None:
    bomb = gzip.compress(tar_of("a", size=1) + bytes(64 << 20))
    assert names(tars.list_tar(bomb, whole=True)) == ["a"]
    endless = gzip.compress(tar_of("big", size=60 << 20))
    listing = tars.list_tar(endless, whole=True)
    assert names(listing) == ["big"] and listing.remark


@given(st.binary(max_size=600), st.integers(0, 3000))
def test_a_damaged_tar_never_breaks_the_list(noise: bytes, at: int) -> None:
    data = tar_of("a", "n" * 120, "\x1b")
    broken = data[:at] + noise + data[at + len(noise) :]
    for packed in (broken, gzip.compress(broken)[: at + 20], zlib.compress(broken)):
        try:
            listing = tars.list_tar(packed, whole=True)
        except NotReadable:
            continue
        assert all(row.text.isprintable() for row in member_rows(listing, 0.0))


# Bytes


def test_bytes_stand_as_offset_digits_and_letters() -> None:
    window = Window(0, 20)
    window.append(b"Hello\x1b[31m\x00\xffworld!!")
    page = HexPage(window)
    page.resize(80, 5)
    first, second = (row.text for row in page.rows())
    assert first.startswith("00000000  48 65 6c 6c 6f 1b 5b 33  31 6d 00 ff 77 6f 72 6c")
    assert first.endswith(" Hello·[31m··worl") and len(first) <= 80
    assert second.startswith("00000010  64 21 21") and second.endswith(" d!!")
    page.resize(40, 5)
    assert all(len(row.text) <= 40 for row in page.rows())


# Pictures


def picture(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", size, (200, 10, 20)).save(made, kind)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WebP"])
def test_a_picture_tells_its_size_and_is_drawn(kind: str) -> None:
    data = picture(kind)
    facts = pictures.facts_of(data)
    assert (facts.format, facts.width, facts.height) == (kind, 40, 30)
    drawn = child.draw(data, 8, 6)
    assert drawn is not None
    rows = pictures.block_rows(drawn, 8, 6)
    assert [row.text for row in rows] == ["▀" * 8] * 3
    assert abs(drawn[0] - 200) < 8 and drawn[1] < 20


def test_a_picture_keeps_its_shape_and_is_never_enlarged() -> None:
    assert pictures.drawn_size(400, 200, 80, 23) == (80, 40)
    assert pictures.drawn_size(10, 1000, 80, 20) == (1, 40)
    assert pictures.drawn_size(3, 2, 80, 20) == (3, 2)


def bomb() -> bytes:
    """A small PNG that claims 60,000 × 60,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        sum_ = zlib.crc32(kind + body)
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", sum_)

    head = struct.pack(">2L5B", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9)))


def test_a_picture_that_claims_gigabytes_is_not_drawn() -> None:
    facts = pictures.facts_of(bomb())
    assert "million pixels" in pictures.why_not_drawn(facts, len(bomb()))
    assert child.draw(bomb(), 8, 6) is None


@given(st.binary(max_size=80))
def test_what_a_damaged_picture_says_breaks_nothing(noise: bytes) -> None:
    for beginning in (b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"BM", b"RIFF1234WEBP"):
        assert str(pictures.facts_of(beginning + noise))


def test_a_damaged_picture_is_not_drawn() -> None:
    assert child.draw(picture("PNG")[:60] + b"x" * 40, 8, 6) is None


# Colours


def test_words_of_a_source_text_have_looks_by_its_name() -> None:
    lines = ["def f():\r\n", "    return 1  # ä\r\n"]
    found = child.colours("a.py", lines)
    assert [sum(run.length for run in runs) for runs in found] == [len(line) for line in lines]
    assert found[0][0] == Run(3, "keyword")
    assert found[1][-2].look == "comment" or found[1][-1].look == "comment"
    assert child.colours("a.unknown", lines) == []


def test_a_lexer_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SECONDS", 0.0)
    assert child.colours("a.py", ["def f():\n"]) == []
