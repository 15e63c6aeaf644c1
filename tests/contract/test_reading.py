"""Contract: reading files, whole and in part."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from providers.base import Digester
from providers.errors import NotFound, SourceChanged, Unsupported, WrongKind
from tests.contract.case import Case, fails, read

DATA = random.Random(7).randbytes(3_000_001)


@pytest.mark.parametrize("size", [0, 1, 65_536, len(DATA)])
def test_whole_file_is_read(case: Case, size: int) -> None:
    case.put(case.at("file"), DATA[:size])
    assert case.get(case.at("file")) == DATA[:size]


def test_reader_says_what_was_opened(case: Case) -> None:
    put = case.put(case.at("file"), b"12345")
    with case.provider.read(case.at("file")) as reader:
        assert (reader.entry.size, reader.entry.version) == (5, put.version)


@pytest.mark.parametrize("data", [b"", b"12345"])
def test_what_is_read_is_told_as_it_is_looked_at_where_a_place_says_so(
    case: Case, data: bytes
) -> None:
    case.put(case.at("file"), data)
    looked = case.provider.stat(case.at("file"))
    with case.provider.read(case.at("file")) as reader:
        told = reader.entry
    if case.provider.caps.told_when_read:
        assert replace(told, digests=looked.digests) == looked


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 10), (1, 1), (5, None), (1_048_575, 2), (32_768, 1_500_000), (len(DATA), None), (9, 0)],
)
def test_part_of_a_file_is_read(case: Case, offset: int, length: int | None) -> None:
    if not case.provider.caps.ranged_reads or not case.ranges:
        pytest.skip("this place sends whole files only")
    case.put(case.at("file"), DATA)
    wanted = DATA[offset:] if length is None else DATA[offset : offset + length]
    assert case.get(case.at("file"), offset=offset, length=length) == wanted


@pytest.mark.parametrize(("offset", "length"), [(0, 6), (5, 1), (6, None), (100, 1)])
def test_file_that_ends_too_early_is_no_quiet_end(
    case: Case, offset: int, length: int | None
) -> None:
    case.put(case.at("file"), b"12345")
    with fails(SourceChanged):
        case.get(case.at("file"), offset=offset, length=length)


def test_agreed_version_is_read(case: Case) -> None:
    entry = case.put(case.at("file"), b"12345")
    assert case.get(case.at("file"), version=entry.version) == b"12345"


def test_other_version_is_a_changed_source(case: Case) -> None:
    entry = case.put(case.at("file"), b"12345")
    case.overwrite(case.at("file"), b"123456")
    with fails(SourceChanged):
        case.get(case.at("file"), version=entry.version)


def test_link_is_read_through(case: Case) -> None:
    case.put(case.at("file"), b"12345")
    case.make_link(case.at("link"), "file")
    assert case.get(case.at("link")) == b"12345"


def test_directory_cannot_be_read(case: Case) -> None:
    with fails(WrongKind):
        case.get(case.root)


def test_missing_file_cannot_be_read(case: Case) -> None:
    with fails(NotFound):
        case.get(case.at("missing"))


def test_reading_may_stop_half_way(case: Case) -> None:
    case.put(case.at("file"), DATA)
    with case.provider.read(case.at("file")) as reader:
        first = bytes(next(iter(reader.chunks())))
    assert first and DATA.startswith(first)
    assert case.get(case.at("file")) == DATA


def test_other_connection_reads_the_same(case: Case) -> None:
    case.put(case.at("file"), DATA)
    assert read(case.again(), case.at("file")) == DATA


@pytest.mark.parametrize("name", ["file", "-rf ~; $(x) 'q' \"d\"\n\\"])
def test_digest_is_of_the_bytes_as_stored(case: Case, name: str) -> None:
    if not isinstance(case.provider, Digester):
        pytest.skip("this place makes no digests")
    if not case.serves(name):
        pytest.skip("the server behind shows no such name")
    case.put(case.at(name), DATA)
    case.check_digest(case.at(name), DATA)


def test_digest_of_an_unknown_kind_is_unsupported(case: Case) -> None:
    if not isinstance(case.provider, Digester):
        pytest.skip("this place makes no digests")
    case.put(case.at("file"), b"x")
    with fails(Unsupported):
        case.provider.digest(case.at("file"), "no-such-digest")
