"""The packet loop against servers that lie, stall, reorder and refuse (faults.md C1-C4)."""

from __future__ import annotations

import os
from functools import partial

import pytest

from providers.errors import ConnectionLost, NoSpace, ProviderError, SourceChanged, Unsupported
from providers.sftp import calls, look, pipeline
from providers.sftp.protocol import Fields, Name, Op, Open, Refused, Status, string, u32
from providers.sftp.session import Session
from tests.servers.scripted_sftp import (
    HANDLE,
    Lie,
    Request,
    ScriptedSftp,
    reply,
    session,
    status,
)

PATH = "/data/file"
PIECE = 32 << 10


def read_all(talk: Session, end: int | None, offset: int = 0) -> bytes:
    return b"".join(pipeline.read_range(talk, HANDLE, PATH, offset, end))


def write_all(talk: Session, data: bytes) -> int:
    return pipeline.write_body(talk, HANDLE, PATH, 0, [data])


def lie_to(op: Op, nth: int, answer: Lie) -> Lie:
    seen = 0

    def lie(request: Request) -> bytes | None:
        nonlocal seen
        seen += request.op is op
        return answer(request) if request.op is op and seen == nth else None

    return lie


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 200 * PIECE + 7])
def test_a_file_is_read_whole_whatever_its_size(size: int) -> None:
    content = os.urandom(size)
    assert read_all(session(ScriptedSftp(content)), size) == content


@pytest.mark.parametrize("size", [0, 1, 3 * PIECE, 100 * PIECE + 7])
def test_a_file_of_unknown_size_is_read_to_its_end(size: int) -> None:
    content = os.urandom(size)
    assert read_all(session(ScriptedSftp(content)), None) == content


def test_a_range_is_read_exactly() -> None:
    content = os.urandom(5 * PIECE)
    assert read_all(session(ScriptedSftp(content)), 3 * PIECE + 5, 77) == content[77:98309]


def test_a_file_that_ends_before_its_size_is_an_error_and_not_a_short_file() -> None:
    talk = session(ScriptedSftp(os.urandom(2 * PIECE)))
    with pytest.raises(SourceChanged, match=r"ended at byte 65536 where 131072 were expected"):
        read_all(talk, 4 * PIECE)


def test_a_file_that_grew_while_it_was_read_to_its_end_is_an_error() -> None:
    early_end = lie_to(Op.READ, 2, lambda request: status(request.number, Status.EOF))
    with pytest.raises(SourceChanged, match="grew"):
        read_all(session(ScriptedSftp(os.urandom(4 * PIECE), lie=early_end)), None)


def test_replies_in_any_order_are_delivered_in_order() -> None:
    content = os.urandom(150 * PIECE + 11)
    server = ScriptedSftp(content, reorder=lambda replies: replies[::-1])
    assert read_all(session(server), len(content)) == content


def test_short_reads_are_asked_again() -> None:
    content = os.urandom(9 * PIECE)

    def short(request: Request) -> bytes | None:
        if request.op is not Op.READ:
            return None
        request.fields.string()
        offset, length = request.fields.u64(), request.fields.u32()
        data = content[offset : offset + max(1, length // 3)]
        return reply(Op.DATA, request.number, string(data))

    assert read_all(session(ScriptedSftp(content, lie=short)), len(content)) == content


@pytest.mark.parametrize("nth", [1, 2, 20, 64, 65, 130])
def test_a_refused_write_is_raised_wherever_it_comes(nth: int) -> None:
    lie = lie_to(Op.WRITE, nth, lambda request: status(request.number, Status.FAILURE))
    talk = session(ScriptedSftp(lie=lie))
    with pytest.raises(Refused):
        write_all(talk, os.urandom(130 * PIECE))
    assert talk.settle()


def test_every_byte_written_arrives_in_its_place() -> None:
    data = os.urandom(140 * PIECE + 3)
    server = ScriptedSftp(reorder=lambda replies: replies[::-1])
    assert write_all(session(server), data) == len(data)
    assert bytes(server.content) == data


def test_a_refusal_on_a_full_disk_is_told_as_no_space() -> None:
    server = ScriptedSftp(offers=[(b"statvfs@openssh.com", b"2")], free=0)
    assert isinstance(look.explained(session(server), Refused(PATH), PATH), NoSpace)


def test_a_refusal_on_a_disk_with_room_stays_a_refusal() -> None:
    server = ScriptedSftp(offers=[(b"statvfs@openssh.com", b"2")], free=1 << 30)
    assert isinstance(look.explained(session(server), Refused(PATH), PATH), Refused)


def test_a_server_that_falls_silent_is_a_lost_connection() -> None:
    talk = session(ScriptedSftp(lie=lambda request: b""))
    with pytest.raises(ConnectionLost, match="stopped answering"):
        calls.open_file(talk, PATH, Open.READ)
    assert not talk.alive()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("another number", lambda r: status(r.number + 7, Status.OK)),
        ("the same twice", lambda r: status(r.number, 0) + status(r.number, 0)),
        ("an absurd length", lambda r: u32(0xFFFFFFF0) + b"x" * 50),
        ("a length of nothing", lambda r: u32(0) + b"x" * 50),
        ("a packet too short", lambda r: u32(2) + b"\x65\x00"),
        ("a truncated status", lambda r: reply(Op.STATUS, r.number, b"\0\0")),
        ("another kind of answer", lambda r: reply(Op.DATA, r.number, string(b"x"))),
        ("done, without a handle", lambda r: status(r.number, Status.OK)),
        ("an endless handle", lambda r: reply(Op.HANDLE, r.number, string(b"h" * 5000))),
        ("a string longer than its packet", lambda r: reply(Op.HANDLE, r.number, u32(1 << 31))),
    ],
)
def test_a_reply_that_is_not_sftp_ends_the_connection(name: str, answer: Lie) -> None:
    talk = session(ScriptedSftp(lie=answer))
    with pytest.raises(ConnectionLost, match="broke the SFTP protocol"):
        for _ in range(2):
            calls.open_file(talk, PATH, Open.READ)
    assert not talk.alive()


@pytest.mark.parametrize("size", [0, PIECE + 1])
def test_a_piece_of_the_wrong_length_ends_the_connection(size: int) -> None:
    lie = lie_to(Op.READ, 1, lambda r: reply(Op.DATA, r.number, string(bytes(size))))
    with pytest.raises(ConnectionLost, match="wrong length"):
        read_all(session(ScriptedSftp(os.urandom(PIECE * 2), lie=lie)), PIECE)


def test_hostile_words_of_a_server_are_shown_escaped_and_short() -> None:
    words = b"\x1b]0;owned\x07\n\xe2\x80\xae" + b"A" * 5000
    talk = session(ScriptedSftp(lie=lambda r: status(r.number, Status.FAILURE, words)))
    with pytest.raises(ProviderError) as caught:
        calls.remove(talk, PATH)
    told = str(caught.value)
    assert told.isprintable()
    assert len(told) < 400


def test_login_chatter_before_sftp_is_named_as_the_cause() -> None:
    class Chatter(ScriptedSftp):
        def recv(self, timeout: float) -> bytes:
            return b"Welcome to the server!\n"

    with pytest.raises(Unsupported, match="bashrc"):
        session(Chatter())


def test_sizes_follow_the_limits_a_server_offers() -> None:
    offers = [(b"limits@openssh.com", b"1")]
    assert session(ScriptedSftp(offers=offers, free=100_000)).read_size == 100_000
    assert session(ScriptedSftp(offers=offers, free=1 << 40)).write_size == 255 << 10
    assert session(ScriptedSftp(offers=offers, free=0)).read_size == 32 << 10
    assert session(ScriptedSftp(offers=offers, free=1)).read_size == 4 << 10
    assert session(ScriptedSftp()).read_size == 32 << 10


def test_limits_are_known_before_anything_else_is_asked() -> None:
    server = ScriptedSftp(offers=[(b"limits@openssh.com", b"1")], free=100_000)
    talk = session(server)
    assert server.requests == [Op.EXTENDED]
    talk.command(Op.MKDIR, path=PATH)
    assert server.requests == [Op.EXTENDED, Op.MKDIR]


def test_limits_that_are_refused_are_none() -> None:
    refused = ScriptedSftp(
        offers=[(b"limits@openssh.com", b"1")],
        lie=lambda request: status(request.number, 8) if request.op is Op.EXTENDED else None,
    )
    assert session(refused).read_size == 32 << 10


def test_limits_that_are_cut_short_end_the_session() -> None:
    cut = ScriptedSftp(
        offers=[(b"limits@openssh.com", b"1")],
        lie=lambda request: (
            reply(Op.EXTENDED_REPLY, request.number) if request.op is Op.EXTENDED else None
        ),
    )
    with pytest.raises(ConnectionLost, match="protocol"):
        session(cut)


def test_what_nobody_waits_for_does_not_keep_a_session_from_being_used_again() -> None:
    server = ScriptedSftp(b"x" * PIECE)
    talk = session(server)
    with calls.releasing(talk, HANDLE, PATH):
        pass
    server.recv = lambda timeout: b""  # type: ignore[method-assign]  # nothing may be awaited
    assert server.requests == [Op.CLOSE]
    assert talk.settle()


def _names(fields: Fields) -> list[Name]:
    return list(fields.names())


def test_a_listing_comes_page_by_page_and_asks_ahead() -> None:
    server = ScriptedSftp(names=[[b"a", b"b"], [b"c"], [b"d"]])
    pages = pipeline.list_pages(session(server), HANDLE, PATH, _names)
    assert [[n.name for n in page] for page in pages] == [["a", "b"], ["c"], ["d"]]
    assert server.requests.count(Op.READDIR) == 6  # 4 at first, and once half are left, 2 more


def test_names_that_lead_elsewhere_never_become_entries() -> None:
    names = [b"../../etc/passwd", b"/abs", b"", b"a/b", b".", b"..", b"nul\0", b"good", b"\xff"]
    talk, read = session(ScriptedSftp(names=[names])), partial(look.page, "/data")
    entries = [entry for page in pipeline.list_pages(talk, HANDLE, PATH, read) for entry in page]
    assert [entry.path for entry in entries] == ["/data/good", "/data/\udcff"]


def test_a_server_that_lists_nothing_for_ever_comes_to_an_end() -> None:
    def nothing(request: Request) -> bytes | None:
        return reply(Op.NAME, request.number, u32(0)) if request.op is Op.READDIR else None

    talk = session(ScriptedSftp(lie=nothing))
    assert list(pipeline.list_pages(talk, HANDLE, PATH, _names)) == []


def test_a_session_with_many_answers_on_their_way_is_not_used_again() -> None:
    talk = session(ScriptedSftp(os.urandom(100 * PIECE)))
    chunks = pipeline.read_range(talk, HANDLE, PATH, 0, 100 * PIECE)
    next(chunks)
    assert not talk.settle()


def test_a_session_with_few_answers_on_their_way_is_kept() -> None:
    talk = session(ScriptedSftp(os.urandom(4 * PIECE)))
    chunks = pipeline.read_range(talk, HANDLE, PATH, 0, 4 * PIECE)
    next(chunks)
    assert talk.settle()
    calls.remove(talk, PATH)


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 64), (0.02, 64), (0.1, 128)])
def test_outstanding_requests_stay_within_the_window(seconds: float, most: int) -> None:
    server = ScriptedSftp(bytes(1000 * PIECE))
    talk = session(server)
    talk.distance = seconds
    chunks = pipeline.read_range(talk, HANDLE, PATH, 0, 1000 * PIECE)
    under_way = [server.requests.count(Op.READ) - taken for taken, _ in enumerate(chunks, 1)]
    assert max(under_way) == most - 1
