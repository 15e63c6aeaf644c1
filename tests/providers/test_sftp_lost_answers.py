"""SFTP after a lost answer: what is there decides, not what is remembered (faults.md A6, A8)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import paramiko
import pytest

from providers.access import Access
from providers.errors import ConnectionLost, SourceChanged, Unsupported, UploadExpired
from providers.sftp import calls, shell_digest
from providers.sftp.channels import Command
from providers.sftp.patience import Patience
from providers.sftp.protocol import Op, string
from providers.sftp.provider import SftpProvider, open_endpoint
from providers.sftp.session import Session
from providers.sftp.wire import Wire
from tests.servers.openssh import OpenSSH, find_sshd

needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

WHEN = 1_700_000_000.0
DATA = b"the new content"


@pytest.fixture
def place(openssh: OpenSSH, tmp_path: Path) -> Iterator[SftpProvider]:
    access = Access(
        tmp_path / "hosts",
        accept_new=True,
        keys=(openssh.key_path,),
        use_agent=False,
        use_default_keys=False,
    )
    with closing(open_endpoint(openssh.endpoint, access)) as provider:
        yield provider


def send(place: SftpProvider, target: Path, data: bytes = DATA, size: int | None = None) -> str:
    size = len(data) if size is None else size
    upload = place.begin(str(target), size, key="0123abcd", part_size=1 << 20, modified=WHEN)
    place.put_part(upload, 0, 0, [data])
    return upload


def test_a_copy_that_has_its_name_is_known_again_without_its_receipts(
    place: SftpProvider, tmp_path: Path
) -> None:
    upload = send(place, tmp_path / "a")
    first = place.finish(upload, (), replacing=None)
    assert place.finish(upload, (), replacing=None, again=True) == first
    assert (tmp_path / "a").read_bytes() == DATA


def test_unfinished_bytes_get_their_name_without_their_receipts(
    place: SftpProvider, tmp_path: Path
) -> None:
    place.finish(send(place, tmp_path / "a"), (), replacing=None)
    assert (tmp_path / "a").read_bytes() == DATA
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_bytes_that_are_missing_are_noticed_without_receipts(
    place: SftpProvider, tmp_path: Path
) -> None:
    upload = send(place, tmp_path / "a", size=len(DATA) + 1)
    with pytest.raises(UploadExpired):
        place.finish(upload, (), replacing=None)
    assert not (tmp_path / "a").exists()


def test_a_file_of_someone_else_is_not_taken_for_ours(place: SftpProvider, tmp_path: Path) -> None:
    upload = send(place, tmp_path / "a")
    place.abort(upload)
    (tmp_path / "a").write_bytes(DATA)
    os.utime(tmp_path / "a", (WHEN + 60, WHEN + 60))
    with pytest.raises(UploadExpired):
        place.finish(upload, (), replacing=None)


def test_every_part_but_the_last_is_on_the_servers_disk_when_it_is_acknowledged(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    request = Session.request

    def note(session: Session, op: Op, *fields: bytes) -> int:
        if op is Op.EXTENDED and fields[0] == string(calls.FSYNC.encode()):
            synced.append(fields[1])
        return request(session, op, *fields)

    monkeypatch.setattr(Session, "request", note)
    upload = send(place, tmp_path / "a", size=2 * len(DATA))
    assert len(synced) == 1
    place.put_part(upload, 1, len(DATA), [DATA])
    assert len(synced) == 1
    place.finish(upload, (), replacing=None)
    assert len(synced) == 2
    assert (tmp_path / "a").read_bytes() == DATA + DATA


def test_a_digesting_shell_that_died_is_replaced_and_costs_nobody_an_attempt(
    place: SftpProvider, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(DATA)
    digest = hashlib.sha256(DATA).hexdigest()
    assert place.digest(str(tmp_path / "a"), "sha256") == digest
    with place._pool.line() as line:
        assert line.shell is not None
        line.shell._command._channel.close()
    assert place.digest(str(tmp_path / "a"), "sha256") == digest


def test_a_digesting_shell_that_was_killed_over_a_file_is_no_reason_for_a_weaker_proof(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(DATA)
    digest = hashlib.sha256(DATA).hexdigest()
    assert place.digest(str(tmp_path / "a"), "sha256") == digest
    ask, killed = Command.ask, []

    def ended(command: Command, given: bytes, seconds: float) -> bytes | None:
        if not killed:
            killed.append(command)
            return None
        return ask(command, given, seconds)

    monkeypatch.setattr(Command, "ask", ended)
    assert place.digest(str(tmp_path / "a"), "sha256") == digest
    with place._pool.line() as line:
        assert line.shell is not None
        assert line.shell._command not in killed


def test_a_connection_lost_over_the_trial_of_a_shell_is_said_of_the_server(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(DATA)

    def lost(command: Command, given: bytes, seconds: float) -> NoReturn:
        raise ConnectionLost("", "the connection was lost")

    monkeypatch.setattr(Command, "ask", lost)
    with pytest.raises(ConnectionLost, match=r"^sftp://\S+: the connection was lost"):
        place.digest(str(tmp_path / "a"), "sha256")


def test_a_file_over_which_every_shell_ends_is_not_digested_and_the_next_is(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(DATA)
    (tmp_path / "deadly").write_bytes(DATA)
    ask = Command.ask

    def ended(command: Command, given: bytes, seconds: float) -> bytes | None:
        return None if b"deadly" in given else ask(command, given, seconds)

    monkeypatch.setattr(Command, "ask", ended)
    with pytest.raises(Unsupported):
        place.digest(str(tmp_path / "deadly"), "sha256")
    digest = hashlib.sha256(DATA).hexdigest()
    assert place.digest(str(tmp_path / "a"), "sha256") == digest
    assert "sha256" in place.caps.digests


def _lose_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends whenever a shell is started on it."""

    def lose(transport: paramiko.Transport, home: str, wire: Wire) -> NoReturn:
        transport.close()
        raise ConnectionLost(wire.endpoint, "the connection was lost")

    monkeypatch.setattr(shell_digest, "start", lose)


def test_connections_lost_in_the_start_of_a_shell_say_nothing_where_one_has_worked(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(DATA)
    digest = place.digest(str(tmp_path / "a"), "sha256")
    with place._pool.line(), monkeypatch.context() as lossy:  # that line is taken: others start
        _lose_starts(lossy)
        for _ in range(4):
            with pytest.raises(ConnectionLost):
                place.digest(str(tmp_path / "a"), "sha256")
    with place._pool.line():
        assert place.digest(str(tmp_path / "a"), "sha256") == digest


def test_a_server_that_ends_each_connection_with_a_shell_is_not_asked_for_one_again(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(DATA)
    _lose_starts(monkeypatch)
    with pytest.raises(ConnectionLost):
        place.digest(str(tmp_path / "a"), "sha256")
    with pytest.raises(Unsupported):
        place.digest(str(tmp_path / "a"), "sha256")
    assert place.caps.digests == frozenset()
    assert place.stat(str(tmp_path / "a")).size == len(DATA)


def test_sessions_lost_together_count_as_one_lost_start_of_a_shell(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(DATA)
    with place._pool.line() as one, place._pool.line() as two, place._pool.line() as three:
        assert one.transport is two.transport is three.transport
        with monkeypatch.context() as lossy:
            _lose_starts(lossy)
            assert one.transport is not None
            lossy.setattr(one.transport, "close", lambda: None)  # each is asked before it is seen
            lossy.setattr(one.transport, "is_active", lambda: False)
            for line in (one, two, three):
                with pytest.raises(ConnectionLost):
                    place._digesting.sha256(line, str(tmp_path / "a"), "/")
    assert place.digest(str(tmp_path / "a"), "sha256") == hashlib.sha256(DATA).hexdigest()


@contextmanager
def _hung_shells(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[OpenSSH, SftpProvider]]:
    """As where a login script waits for something for ever."""
    patience = Patience(answer=1.0, shell=1.0)
    (folder / "a").write_bytes(DATA)
    with OpenSSH(folder / "sshd") as server, monkeypatch.context() as hung:
        hung.setattr(shell_digest, "COMMAND", "sleep 60")
        given = Access(folder / "hosts", accept_new=True, keys=(server.key_path,))
        with closing(open_endpoint(server.endpoint, given, patience)) as place:
            yield server, place


@needs_sshd
def test_shells_that_hang_are_not_asked_for_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else no job that waits for a digest would ever end."""
    with _hung_shells(tmp_path, monkeypatch) as (_, place):
        with pytest.raises(ConnectionLost):
            place.digest(str(tmp_path / "a"), "sha256")
        with pytest.raises(Unsupported):
            place.digest(str(tmp_path / "a"), "sha256")
        assert place.caps.digests == frozenset()


@needs_sshd
def test_shells_that_hang_at_the_same_time_are_asked_for_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        _hung_shells(tmp_path, monkeypatch) as (_, place),
        place._pool.line() as one,
        place._pool.line() as two,
        ThreadPoolExecutor(2) as threads,
    ):
        digest = place._digesting.sha256
        told = [threads.submit(digest, line, str(tmp_path / "a"), "/") for line in (one, two)]
        assert {type(one.exception()) for one in told} == {ConnectionLost}
        assert place.caps.digests != frozenset()


@needs_sshd
def test_a_network_that_stalls_in_the_start_of_a_shell_says_nothing_about_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _hung_shells(tmp_path, monkeypatch) as (server, place):
        greeted = shell_digest._greeted

        def stalled(command: Command, home: str, seconds: float) -> bool:
            server.freeze_connections()
            return greeted(command, home, seconds)

        monkeypatch.setattr(shell_digest, "_greeted", stalled)
        for _ in range(3):
            with pytest.raises(ConnectionLost):
                place.digest(str(tmp_path / "a"), "sha256")
        assert place.caps.digests != frozenset()


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="only Linux has such files")
def test_a_file_whose_size_says_it_is_empty_though_it_is_not_is_never_read_as_empty(
    place: SftpProvider,
) -> None:
    with place.read("/proc/version") as reader, pytest.raises(SourceChanged):
        list(reader.chunks())


def test_an_empty_file_is_read_as_one(place: SftpProvider, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with place.read(str(tmp_path / "a")) as reader:
        assert list(reader.chunks()) == []
