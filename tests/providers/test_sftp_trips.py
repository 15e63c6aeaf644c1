"""How often a server far away is waited for: what needs no answer of another goes together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from providers.base import Buffer
from providers.errors import NotFound, ProviderError, SourceChanged, WrongKind
from providers.sftp.protocol import Refused, Status
from providers.sftp.provider import SftpProvider
from tests.servers import lying_sftp
from tests.servers.lying_sftp import LyingSftp
from tests.servers.scripted_sftp import status

TEXT = b"once upon a time"


class Trips:
    """Counts those of all sessions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._count, self._sent = 0, False
        stream = lying_sftp._Stream
        send, receive = stream.send, stream.recv

        def counted(made: lying_sftp._Stream, head: bytes, body: Buffer = b"") -> None:
            self._sent = True
            send(made, head, body)

        def awaited(made: lying_sftp._Stream, timeout: float) -> bytes:
            self._count, self._sent = self._count + self._sent, False
            return receive(made, timeout)

        monkeypatch.setattr(stream, "send", counted)
        monkeypatch.setattr(stream, "recv", awaited)

    def since(self) -> int:
        """How many there were since it was asked for last."""
        count, self._count = self._count, 0
        return count


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(monkeypatch)


@pytest.fixture
def server() -> LyingSftp:
    return LyingSftp({"/file": TEXT})


@pytest.fixture
def place(server: LyingSftp, trips: Trips) -> Iterator[SftpProvider]:
    with closing(server.provider()) as place:
        place.stat("/file")
        trips.since()
        yield place


def test_a_file_whose_version_is_known_is_there_in_two_trips(
    place: SftpProvider, trips: Trips
) -> None:
    version = place.stat("/file").version
    trips.since()
    with place.read("/file", version=version) as reader:
        assert b"".join(reader.chunks()) == TEXT
    assert trips.since() == 2
    place.stat("/file")
    assert trips.since() == 1  # the closing was not waited for


def test_an_upload_waits_for_its_beginning_once_and_for_its_end_five_times(
    place: SftpProvider, server: LyingSftp, trips: Trips
) -> None:
    token = place.begin("/new", len(TEXT), key="0123abcd", part_size=1 << 20)
    assert trips.since() == 1
    receipt = place.put_part(token, 0, 0, [TEXT])
    assert trips.since() == 3
    place.finish(token, [receipt], replacing=None)
    assert trips.since() == 5
    assert server.get("/new") == TEXT


def test_a_server_that_does_all_in_turn_is_known_in_one_trip_and_ends_a_part_with_its_bytes(
    server: LyingSftp, trips: Trips
) -> None:
    with closing(server.provider(in_order=True)) as place:
        place.stat("/file")
        assert trips.since() == 2
        assert server.asked == ["INIT", "limits@openssh.com", "REALPATH", "READLINK", "LSTAT"]
        token = place.begin("/new", 2 * len(TEXT), key="0123abcd", part_size=1 << 20)
        trips.since()
        server.asked.clear()
        first = place.put_part(token, 0, 0, [TEXT])
        assert trips.since() == 2
        opened = ["LSTAT", "OPEN", "WRITE"]
        # The beginning's CLOSE, which nobody waited for, went before.
        assert server.asked == [*opened, "fsync@openssh.com", "CLOSE"]
        server.asked.clear()
        last = place.put_part(token, 1, len(TEXT), [TEXT])
        assert server.asked == [*opened, "CLOSE"]
        place.finish(token, [first, last], replacing=None)
        assert server.get("/new") == 2 * TEXT


@pytest.mark.parametrize("refused", ["WRITE", "fsync@openssh.com", "CLOSE"])
@pytest.mark.parametrize("in_order", [True, False])
def test_what_is_refused_at_the_end_of_a_part_is_raised_and_ends_no_session(
    server: LyingSftp, refused: str, in_order: bool
) -> None:
    def refuse(ask: lying_sftp.Ask, truth: Callable[[], bytes]) -> bytes:
        return status(ask.number, Status.FAILURE) if ask.what == refused else truth()

    with closing(server.provider(in_order=in_order)) as place:
        token = place.begin("/new", 2 * len(TEXT), key="0123abcd", part_size=1 << 20)
        place.stat("/file")  # the closing of the empty file is over
        server.lie = refuse
        with pytest.raises(Refused):
            place.put_part(token, 0, 0, [TEXT])
        server.asked.clear()
        assert place.stat("/file").size == len(TEXT)
        assert "INIT" not in server.asked


@pytest.mark.parametrize(
    ("taken_by", "wanted"),
    [("another file", SourceChanged), ("a folder", WrongKind), ("nothing", NotFound)],
)
def test_what_took_the_place_of_a_file_is_not_read(
    place: SftpProvider, server: LyingSftp, taken_by: str, wanted: type[ProviderError]
) -> None:
    version = place.stat("/file").version
    files = server.root.names
    assert files is not None
    del files["file"]
    if taken_by == "another file":
        server.put("/file", TEXT + TEXT)
    elif taken_by == "a folder":
        server.mkdir("/file")
    with pytest.raises(wanted), place.read("/file", version=version):
        pass
    server.put("/other", TEXT)
    assert place.stat("/other").size == len(TEXT)


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(
    server: LyingSftp,
) -> None:
    def as_pipe(ask: lying_sftp.Ask, truth: Callable[[], bytes]) -> bytes:
        return b"" if ask.what == "OPEN" else truth()  # it waits for who writes into it

    with closing(server.provider()) as place:
        version = place.stat("/file").version
        node = server.find("/file")
        assert node is not None
        node.names = {}  # anything but a file
        server.lie = as_pipe
        with pytest.raises(WrongKind), place.read("/file", version=version):
            pass
