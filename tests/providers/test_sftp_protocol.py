"""Packets taken apart: what is true comes out, what is not never hangs or eats memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Kind
from providers.errors import (
    ConnectionLost,
    Denied,
    InvalidName,
    NotFound,
    ProviderError,
    WrongKind,
)
from providers.sftp import protocol
from providers.sftp.protocol import BadPacket, Fields, Line, Name, Refused, string, u32, u64


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_names_or_refused(raw: bytes) -> None:
    for take in (
        lambda f: list(f.names()),
        lambda f: list(f.lines()),
        lambda f: f.attributes(),
        lambda f: f.extensions(),
        lambda f: f.string(),
    ):
        try:
            take(Fields(memoryview(raw)))
        except BadPacket:
            continue


_flags = st.one_of(st.just(0xF), st.integers(0, 0xF), st.just(0x8000000F))
_modes = st.sampled_from([0o100644, 0o40755, 0o120777, 0o20600, 0o644, 0])


@st.composite
def _said(draw: st.DrawFn) -> bytes:
    """One entry of a NAME answer, now and then cut off."""
    flags, body = draw(_flags), b""
    for flag, size in ((1, 8), (2, 8), (4, 4), (8, 8)):
        if flags & flag and flag == 4:
            body += u32(draw(_modes))
        elif flags & flag:
            body += draw(st.binary(min_size=size, max_size=size))
    if flags & 0x80000000:
        body += u32(1) + string(b"acl@x") + string(draw(st.binary(max_size=3)))
    name, line = draw(st.binary(max_size=20)), draw(st.binary(max_size=20))
    raw = string(name) + string(line) + u32(flags) + body
    return raw if draw(st.integers(0, 20)) else raw[: draw(st.integers(0, len(raw)))]


@given(st.lists(_said(), max_size=5), st.integers(-1, 1))
def test_lines_of_a_page_tell_what_its_names_do(entries: list[bytes], more: int) -> None:
    raw = memoryview(u32(max(0, len(entries) + more)) + b"".join(entries))
    assert _all(Fields(raw).lines) == _all(lambda: map(_line, Fields(raw).names()))


def _line(name: Name) -> Line:
    told = name.attributes
    return name.name, name.long_name, told.size, told.permissions, told.modified


def _all(read: Callable[[], Iterable[Line]]) -> list[Line] | None:
    """None: it is no page."""
    try:
        return list(read())
    except BadPacket:
        return None


@given(
    st.one_of(st.none(), st.integers(0, 0xFFFFFFFF)),
    st.one_of(st.none(), st.integers(0, 0xFFFFFFFF)),
)
def test_attributes_come_back_as_they_were_sent(mode: int | None, modified: int | None) -> None:
    raw = protocol.attributes(permissions=mode, modified=modified)
    found = Fields(memoryview(raw)).attributes()
    assert (found.permissions, found.modified) == (mode, modified)


def test_attributes_with_everything_in_them_are_understood() -> None:
    raw = u32(0x8000000F) + u64(1 << 40) + u32(0) * 2 + u32(0o100644) + u32(1) + u32(2)
    raw += u32(1) + string(b"acl@x") + string(b"...") + b"rest"
    fields = Fields(memoryview(raw))
    found = fields.attributes()
    assert (found.size, found.modified, fields.left()) == (1 << 40, 2, 4)


def test_counts_that_no_packet_could_hold_are_refused() -> None:
    with pytest.raises(BadPacket):
        list(Fields(memoryview(u32(0xFFFFFFFF) + bytes(100))).names())
    with pytest.raises(BadPacket):
        Fields(memoryview(u32(0x80000000) + u32(0xFFFFFFFF))).attributes()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (2, NotFound),
        (3, Denied),
        (4, Refused),
        (5, InvalidName),
        (7, ConnectionLost),
        (99, Refused),
    ],
)
def test_a_status_becomes_the_error_it_means(code: int, kind: type[ProviderError]) -> None:
    assert type(protocol.failure(code, "why", "/x")) is kind


@pytest.mark.parametrize(
    ("permissions", "long_name", "kind"),
    [
        (0o100644, "", Kind.FILE),
        (0o040755, "", Kind.DIR),
        (0o120777, "", Kind.LINK),
        (0o010644, "", Kind.OTHER),
        (0o644, "drwxr-xr-x 1 a", Kind.DIR),
        (None, "lrwxrwxrwx 1 a", Kind.LINK),
        (None, "", Kind.OTHER),
    ],
)
def test_the_kind_comes_from_the_mode_or_else_the_long_name(
    permissions: int | None, long_name: str, kind: Kind
) -> None:
    assert protocol.kind_of(permissions, long_name) is kind


def test_what_is_asked_for_below_a_file_is_the_wrong_kind_where_the_server_says_so() -> None:
    error = protocol.failure(protocol.Status.FAILURE, "Not a directory", "/file/below")
    assert isinstance(error, WrongKind)
    assert str(error).startswith("/file/below: is below something that is not a directory")
