"""Packets taken apart: what is true comes out, what is not never hangs or eats memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Kind
from providers.errors import ConnectionLost, Denied, InvalidName, NotFound, ProviderError
from providers.sftp import protocol
from providers.sftp.protocol import BadPacket, Fields, Refused, string, u32, u64


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_names_or_refused(raw: bytes) -> None:
    for take in (
        lambda f: list(f.names()),
        lambda f: f.attributes(),
        lambda f: f.extensions(),
        lambda f: f.string(),
    ):
        try:
            take(Fields(memoryview(raw)))
        except BadPacket:
            continue


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
