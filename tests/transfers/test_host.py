"""The host serves many faces at once, lets none of them hold up another, and ends by itself."""

from __future__ import annotations

import os
import queue as queues
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from providers.base import Place
from tests.transfers.host_case import (
    LAST_RESORT,
    client_of,
    engine_in,
    new_jobs,
    plan,
    running,
    short_directory,
    until,
)
from transfers import socket_address
from transfers.client import Client
from transfers.engine import Engine
from transfers.host import Host, hosted
from transfers.lock import QueueInUse, QueueLock
from transfers.model import Cancel, Carry, Enqueue, Hold, JobState, NewJob, Op, Pause
from transfers.reaching import NoHost
from transfers.socket_address import addresses, dial
from transfers.wire import encode, pack, unpack


@pytest.fixture
def directory() -> Iterator[Path]:
    with short_directory() as path:
        yield path


@pytest.fixture
def engine(directory: Path) -> Iterator[Engine]:
    with engine_in(directory) as running_engine:
        yield running_engine


# Who is let in ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="a named pipe has no mode")
def test_the_socket_and_the_key_are_the_owners_alone(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory):
        for path in (Path(addresses(directory)[0]), *directory.glob("*.key")):
            assert stat.S_IMODE(path.lstat().st_mode) == 0o600, path
    assert not Path(addresses(directory)[0]).exists()


@pytest.mark.skipif(os.name == "nt", reason="speaks to the socket itself")
def test_rubbish_instead_of_a_greeting_harms_nobody(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory) as host, client_of(directory) as client:
        for rubbish in (b"", b"\x00\x00\x00\x04rubb", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096):
            with socket.socket(socket.AF_UNIX) as end:
                end.connect(addresses(directory)[0])
                try:
                    end.sendall(rubbish)
                    end.shutdown(socket.SHUT_WR)
                    while end.recv(1024):
                        pass
                except OSError:
                    pass  # it hung up on us
        assert client.snapshot().count == 0
        assert host.clients == 1


@pytest.mark.parametrize("words", [b"no json", b"17", b"[1]", b'["a", "snapshot", ["x", "y", []]]'])
def test_who_speaks_in_tongues_is_hung_up_on(words: bytes, engine: Engine, directory: Path) -> None:
    with hosted(engine, directory), client_of(directory) as other:
        with dial(directory) as connection:
            connection.send_bytes(words)
            with pytest.raises((EOFError, OSError)):
                connection.recv_bytes()
        assert other.snapshot().count == 0


def test_a_command_that_nobody_knows_is_refused(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory), dial(directory) as connection:
        assert _ask(connection, "send", ["Reboot", []])[0] == "refused"
        assert _ask(connection, "reboot", None)[0] == "refused"
        assert _ask(connection, "snapshot", [0, 1, []])[0] == "done"


# What is said -----------------------------------------------------------------------------------


def test_the_pieces_of_a_plan_are_one_command(engine: Engine, directory: Path) -> None:
    jobs = [encode(NewJob, job) for job in new_jobs(5)]
    with hosted(engine, directory), dial(directory) as connection:
        assert _ask(connection, "enqueue", ["ask", "auto", 0, jobs[:3], True]) == ("done", [])
        assert engine.snapshot().count == 0
        how, ids = _ask(connection, "enqueue", ["ask", "auto", 3, jobs[3:], False])
    assert how == "done"
    assert [_path(engine, job) for job in ids] == [f"/f{number}" for number in range(5)]
    assert len({row.job.batch for row in engine.snapshot().rows}) == 1


def test_what_is_left_of_a_broken_plan_joins_no_other(engine: Engine, directory: Path) -> None:
    jobs = [encode(NewJob, job) for job in new_jobs(3)]
    with hosted(engine, directory), dial(directory) as connection:
        _ask(connection, "enqueue", ["ask", "auto", 0, jobs, True])
        assert _ask(connection, "enqueue", ["ask", "auto", 3, ["bad"], False])[0] == "refused"
        assert _ask(connection, "enqueue", ["ask", "auto", 9, jobs, False])[0] == "refused"
        _, ids = _ask(connection, "enqueue", ["ask", "auto", 0, jobs[:1], False])
    assert len(ids) == 1


def test_a_slow_command_holds_up_no_snapshot(
    engine: Engine, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, send = threading.Event(), threading.Event(), engine.send

    def slow(command: Any) -> tuple[int, ...]:
        begun.set()
        assert go_on.wait(LAST_RESORT)
        return send(command)

    monkeypatch.setattr(engine, "send", slow)
    with hosted(engine, directory), client_of(directory) as client:
        sent: queues.SimpleQueue[tuple[int, ...]] = queues.SimpleQueue()
        threading.Thread(target=lambda: sent.put(client.send(plan(2))), daemon=True).start()
        assert begun.wait(LAST_RESORT)
        assert client.snapshot().count == 0
        assert client.row(1) is None
        go_on.set()
        assert len(sent.get(timeout=LAST_RESORT)) == 2


# A face that does not look ----------------------------------------------------------------------


def test_a_frozen_client_holds_up_nobody_and_is_told_to_look_again(
    engine: Engine, directory: Path
) -> None:
    with hosted(engine, directory), client_of(directory) as other, dial(directory) as frozen:
        _ask(frozen, "snapshot", [0, 0, []])
        heard: queues.SimpleQueue[int] = queues.SimpleQueue()
        other.listen(lambda changes: heard.put(len(changes)))
        for number in range(12):  # more than a socket and a bounded queue hold
            assert len(other.send(plan(1000, f"{number}-"))) == 1000
            assert other.snapshot().count == 1000 * (number + 1)
        _, last = "", [None]
        told = 0
        while last:  # an empty list: some could not be told
            number, what, last = unpack(frozen.recv_bytes())
            assert (number, what) == (0, "changed")
            told += len(last)
        assert told < 12_000
    assert heard.get(timeout=LAST_RESORT) > 0


def test_changes_are_told_once_and_before_a_later_answer(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory), client_of(directory) as client:
        heard: list[tuple[JobState | None, JobState]] = []
        client.listen(lambda changes: heard.extend((c.before, c.job.state) for c in changes))
        jobs = client.send(plan(2))
        client.send(Cancel(jobs))
        until(lambda: len(heard) == 4)
        client.snapshot()
    queued, gone = (None, JobState.QUEUED), (JobState.QUEUED, JobState.CANCELLED)
    assert heard == [queued, queued, gone, gone]


# Its end ----------------------------------------------------------------------------------------


def test_it_ends_when_nobody_is_there_and_nothing_is_to_be_done(directory: Path) -> None:
    with engine_in(directory) as engine:
        engine.send(Hold(False))
        with running(Host(engine, directory, grace=0.0)) as thread:
            thread.join(LAST_RESORT)
            assert not thread.is_alive()


def test_it_ends_with_a_queue_that_was_empty_from_the_start(directory: Path) -> None:
    engine = Engine(directory, lambda endpoint: pytest.fail("nothing is to be opened"))
    try:
        with running(Host(engine, directory, grace=0.0)) as thread:
            thread.join(LAST_RESORT)
            assert not thread.is_alive()
    finally:
        engine.close()


def test_it_ends_when_what_is_left_is_held(engine: Engine, directory: Path) -> None:
    engine.send(plan(3))
    with running(Host(engine, directory, grace=0.0)) as thread:
        thread.join(LAST_RESORT)
        assert not thread.is_alive()


def test_it_stays_as_long_as_somebody_is_there(engine: Engine, directory: Path) -> None:
    looks = queues.SimpleQueue[float]()
    hours = iter(range(0, 10**9, 3600))

    def clock() -> float:
        looks.put(0.0)
        return float(next(hours))

    with running(Host(engine, directory, grace=1.0, clock=clock)) as thread:
        with client_of(directory) as client:
            while not looks.empty():
                looks.get()
            for _ in range(4):
                looks.get(timeout=LAST_RESORT)
            assert thread.is_alive()
            assert client.snapshot().count == 0
        thread.join(LAST_RESORT)
        assert not thread.is_alive()


def test_it_stays_for_the_time_of_grace(engine: Engine, directory: Path) -> None:
    looks = queues.SimpleQueue[float]()
    now = [0.0]

    def clock() -> float:
        looks.put(now[0])
        return now[0]

    with running(Host(engine, directory, grace=5.0, clock=clock)) as thread:
        until(lambda: looks.qsize() > 2)
        assert thread.is_alive()
        now[0] = 5.1
        thread.join(LAST_RESORT)
        assert not thread.is_alive()


def test_told_to_stop_it_pauses_first_where_so_wanted(engine: Engine, directory: Path) -> None:
    ids = engine.send(plan(2))
    with running(Host(engine, directory)) as thread, client_of(directory) as client:
        threading.Thread(target=client.stop, kwargs={"pause": True}, daemon=True).start()
        thread.join(LAST_RESORT)
        assert not thread.is_alive()
    assert {engine.row(job).job.state for job in ids} == {JobState.PAUSED}  # type: ignore[union-attr]


def test_told_to_stop_without_pausing_it_leaves_the_jobs_as_they_are(
    engine: Engine, directory: Path
) -> None:
    ids = engine.send(plan(2))
    with running(Host(engine, directory)) as thread, client_of(directory) as client:
        threading.Thread(target=client.stop, daemon=True).start()
        thread.join(LAST_RESORT)
    assert {engine.row(job).job.state for job in ids} == {JobState.QUEUED}  # type: ignore[union-attr]


def test_the_socket_is_gone_before_the_queue_is_free(engine: Engine, directory: Path) -> None:
    """Else the end of one host could take away the socket of the next."""
    host = Host(engine, directory)
    with running(host) as thread:
        host.stop()
        thread.join(LAST_RESORT)
        with pytest.raises(NoHost):
            dial(directory)
        with pytest.raises(QueueInUse):
            QueueLock(directory)
    engine.close()
    with engine_in(directory) as successor, hosted(successor, directory):
        host.close()  # a second time, and late
        with client_of(directory) as client:
            assert client.snapshot().count == 0


@pytest.mark.skipif(os.name == "nt", reason="a named pipe is no file")
def test_a_socket_that_somebody_removed_does_not_spoil_the_end(
    engine: Engine, directory: Path
) -> None:
    with hosted(engine, directory):
        Path(addresses(directory)[0]).unlink()


def test_clients_that_come_and_go_leave_nothing_behind(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory) as host:
        Client(lambda: dial(directory)).close()
        until(lambda: host.clients == 0)
        threads = threading.active_count()
        for _ in range(20):
            with client_of(directory) as client:
                client.send(Pause())
        until(lambda: host.clients == 0 and threading.active_count() <= threads)


def test_clients_that_say_nothing_are_let_go(
    engine: Engine, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is stopped as it connects, say: it must not cost a thread for ever."""
    monkeypatch.setattr(socket_address, "_ANSWER_SECONDS", 0.2)
    with hosted(engine, directory) as host, ExitStack() as stack:
        threads = threading.active_count()
        for _ in range(5):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(addresses(directory)[0])
            until(lambda: threading.active_count() > threads)
        until(lambda: threading.active_count() <= threads)
        assert host.clients == 0


def _ask(connection: Connection, what: str, content: object) -> tuple[str, Any]:
    connection.send_bytes(pack([7, what, content]))
    while True:
        number, how, answer = unpack(connection.recv_bytes())
        if number == 7:
            return how, answer


def _path(engine: Engine, job: int) -> str:
    row = engine.row(job)
    assert row is not None
    return row.job.source.path


def test_a_plan_of_nothing_is_fine(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory), client_of(directory) as client:
        assert client.send(Enqueue(())) == ()


def test_what_is_to_be_deleted_or_renamed_arrives_as_it_was_planned(
    engine: Engine, directory: Path
) -> None:
    prune = NewJob(
        Op.PRUNE,
        Place("memory://l", "/from/a"),
        Place("memory://r", "/to/\udcff"),
        within="/to",
        source_within="/from",
        agreed="v1",
        keep="/kept/\udcff",
    )
    rename = NewJob(
        Op.RENAME,
        Place("memory://r", "/to/b"),
        Place("memory://r", "/to/c"),
        source_version="v2",
    )
    with hosted(engine, directory), client_of(directory) as client:
        first, second = client.send(Enqueue((prune, rename)))
        rows = {number: client.row(number) for number in (first, second)}
    jobs = {number: row.job for number, row in rows.items() if row is not None}
    deleted, renamed = jobs[first], jobs[second]
    assert (deleted.op, deleted.source, deleted.target) == (Op.PRUNE, prune.source, prune.target)
    told = (deleted.within, deleted.source_within, deleted.agreed, deleted.keep)
    assert told == ("/to", "/from", "v1", "/kept/\udcff")
    assert (renamed.op, renamed.source_version) == (Op.RENAME, "v2")
    assert deleted.batch == renamed.batch


def test_links_arrive_as_they_were_planned(engine: Engine, directory: Path) -> None:
    ends = (Place("memory://l", "/from/\udcff"), Place("memory://r", "/to/\udcff"))
    new = [
        NewJob(op, *ends, within="/to", leads="\x1b[2J\udcff", carry=Carry.TIMES)
        for op in (Op.LINK, Op.MOVE_LINK)
    ]
    with hosted(engine, directory), client_of(directory) as client:
        rows = [client.row(number) for number in client.send(Enqueue(tuple(new)))]
    jobs = [row.job for row in rows if row is not None]
    assert [(job.op, job.source, job.target, job.within, job.carry) for job in jobs] == [
        (job.op, *ends, "/to", Carry.TIMES) for job in new
    ]
