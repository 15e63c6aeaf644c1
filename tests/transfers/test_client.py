"""The queue through its socket is the queue: also when its process goes away and comes back."""

from __future__ import annotations

import queue as queues
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.transfers.host_case import (
    LAST_RESORT,
    client_of,
    engine_in,
    new_jobs,
    plan,
    short_directory,
    until,
)
from transfers import client as client_module
from transfers.client import Client
from transfers.engine import Engine
from transfers.history import History
from transfers.host import Host, hosted
from transfers.journal import JournalError
from transfers.model import (
    Cancel,
    Clear,
    Command,
    Enqueue,
    Grant,
    JobState,
    Move,
    Pause,
    Policy,
    Resolve,
    Retry,
    SetPriority,
    StateChanged,
    Unpark,
    Verify,
)
from transfers.reaching import NoHost
from transfers.socket_address import dial

GRANT = Grant("sftp://ann@host:22", (("password", "", "s3cret"),), ("host ssh-ed25519 AAAA",))


@pytest.fixture
def directory() -> Iterator[Path]:
    with short_directory() as path:
        yield path


@pytest.fixture
def engine(directory: Path) -> Iterator[Engine]:
    with engine_in(directory) as running:
        yield running


class Hosts:
    """Hosts one after the other on one engine, as when each but the last had died."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self._engine = engine
        self._directory = directory
        self.host = Host(engine, directory)

    def die(self) -> None:
        self.host.close()

    def start(self) -> None:
        self.host = Host(self._engine, self._directory)

    def dial(self) -> Connection:
        return dial(self._directory)


@pytest.fixture
def hosts(engine: Engine, directory: Path) -> Iterator[Hosts]:
    running = Hosts(engine, directory)
    yield running
    running.die()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds for a person takes moments."""
    monkeypatch.setattr(client_module, "_RECONNECT_SECONDS", 0.02)
    monkeypatch.setattr(client_module, "_PATIENCE_SECONDS", 0.3)


@pytest.fixture
def held_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[queues.SimpleQueue[Command]]:
    """Commands that reach the engine, and are not carried out until the test ends."""
    reached: queues.SimpleQueue[Command] = queues.SimpleQueue()
    go_on, send = threading.Event(), engine.send

    def slow(command: Command) -> tuple[int, ...]:
        reached.put(command)
        assert go_on.wait(LAST_RESORT)
        return send(command)

    monkeypatch.setattr(engine, "send", slow)
    yield reached
    go_on.set()


def later(call: Callable[[], Any]) -> queues.SimpleQueue[Any]:
    """What `call`, made in another thread, returns or raises."""
    came: queues.SimpleQueue[Any] = queues.SimpleQueue()

    def run() -> None:
        try:
            came.put(call())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            came.put(error)

    threading.Thread(target=run, daemon=True).start()
    return came


# The same as the engine's -----------------------------------------------------------------------


def test_it_shows_and_steers_the_engine(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory), client_of(directory) as client:
        ids = client.send(Enqueue(new_jobs(3), Policy.RENAME, Verify.STRONG))
        assert client.snapshot(1, 1) == engine.snapshot(1, 1)
        row = client.row(ids[0])
        assert row == engine.row(ids[0])
        assert row is not None
        assert (row.job.policy, row.job.verify) == (Policy.RENAME, Verify.STRONG)
        assert client.row(99) is None
        assert client.send(Pause((ids[1],))) == (ids[1],)
        paused = engine.row(ids[1])
        assert paused is not None
        assert paused.job.state is JobState.PAUSED
        only = (JobState.PAUSED,)
        assert client.snapshot(0, 5, only) == engine.snapshot(0, 5, only)
        assert client.snapshot(0, 5, only).count == 1
        assert client.ids(only) == (ids[1],)
        assert client.ids() == ids
        told = client.history(ids[1])
        assert told == engine.history(ids[1])
        assert [step.state for step in told.steps] == [JobState.QUEUED, JobState.PAUSED]
        assert client.history(99) == History()


def test_one_face_hears_what_another_does(engine: Engine, directory: Path) -> None:
    heard: queues.SimpleQueue[Sequence[StateChanged]] = queues.SimpleQueue()
    with ExitStack() as stack:
        stack.enter_context(hosted(engine, directory))
        one, other = (stack.enter_context(client_of(directory)) for _ in range(2))
        stop = one.listen(heard.put)
        other.send(plan(1))
        assert [c.job.state for c in heard.get(timeout=LAST_RESORT)] == [JobState.QUEUED]
        stop()
        other.send(Pause())
        one.snapshot()
        assert heard.empty()


def test_names_that_are_no_utf8_arrive_byte_for_byte(engine: Engine, directory: Path) -> None:
    name = b"\xff\xfe".decode("utf-8", "surrogateescape")
    with hosted(engine, directory), client_of(directory) as client:
        (job,) = client.send(plan(1, name))
        row = client.row(job)
        assert row is not None
        assert row.job.source.path == f"/{name}0"


def test_large_plans_of_two_threads_stay_two(engine: Engine, directory: Path) -> None:
    with hosted(engine, directory), client_of(directory) as client:
        plans = {name: later(lambda name=name: client.send(plan(5000, name))) for name in "abc"}
        for name, sent in plans.items():
            ids = sent.get(timeout=LAST_RESORT)
            rows = [engine.row(job) for job in ids]
            paths = [row.job.source.path for row in rows if row is not None]
            assert paths == [f"/{name}{number}" for number in range(5000)]
            assert len({row.job.batch for row in rows if row is not None}) == 1


def test_a_grant_reaches_the_engine_and_shows_no_secret(
    engine: Engine, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted: queues.SimpleQueue[Grant] = queues.SimpleQueue()
    monkeypatch.setattr(engine, "grant", granted.put)
    with hosted(engine, directory), client_of(directory) as client:
        client.grant(GRANT)
        assert granted.get(timeout=LAST_RESORT) == GRANT
    assert "s3cret" not in repr(GRANT)


# A host that goes away --------------------------------------------------------------------------


@contextmanager
def face(connect: Callable[[], Connection]) -> Iterator[Client]:
    client = Client(connect)
    try:
        yield client
    finally:
        client.close()


@pytest.mark.usefixtures("impatient")
def test_while_there_is_none_the_last_view_stays_with_a_notice(hosts: Hosts) -> None:
    with face(hosts.dial) as client:
        client.send(plan(2))
        seen = client.snapshot()
        hosts.die()
        until(lambda: not client.connected)
        stale = client.snapshot()
        assert (stale.rows, stale.totals) == (seen.rows, seen.totals)
        assert stale.notice
        assert client.row(seen.rows[0].job.id) == seen.rows[0]
        with pytest.raises(RuntimeError):
            client.send(Pause())
        hosts.start()
        until(lambda: client.connected)
        assert client.snapshot() == seen


@pytest.mark.usefixtures("impatient")
def test_after_a_new_connection_everybody_looks_again_and_hears_on(hosts: Hosts) -> None:
    heard: queues.SimpleQueue[Sequence[StateChanged]] = queues.SimpleQueue()
    with face(hosts.dial) as client:
        client.listen(heard.put)
        hosts.die()
        hosts.start()
        assert heard.get(timeout=LAST_RESORT) == ()
        client.send(plan(1))
        assert len(heard.get(timeout=LAST_RESORT)) == 1


@pytest.mark.usefixtures("impatient")
def test_a_new_host_is_granted_what_the_old_one_was_and_goes_on(
    hosts: Hosts, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: queues.SimpleQueue[Grant | Command] = queues.SimpleQueue()
    with face(hosts.dial) as client:
        client.grant(GRANT)
        monkeypatch.setattr(engine, "grant", told.put)
        monkeypatch.setattr(engine, "send", lambda command: told.put(command) or ())
        hosts.die()
        hosts.start()
        assert told.get(timeout=LAST_RESORT) == GRANT
        assert told.get(timeout=LAST_RESORT) == Unpark(GRANT.endpoint)


def test_what_is_granted_while_there_is_no_host_is_not_forgotten(
    hosts: Hosts, engine: Engine, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted: queues.SimpleQueue[Grant] = queues.SimpleQueue()
    monkeypatch.setattr(engine, "grant", granted.put)
    with face(hosts.dial) as client:
        hosts.die()
        until(lambda: not client.connected)
        client.grant(GRANT)
        hosts.start()
        assert granted.get(timeout=LAST_RESORT) == GRANT


@pytest.mark.usefixtures("impatient")
def test_new_jobs_are_not_sent_twice_when_the_answer_is_lost(
    hosts: Hosts, held_up: queues.SimpleQueue[Command]
) -> None:
    with face(hosts.dial) as client:
        sent = later(lambda: client.send(plan(1)))
        assert isinstance(held_up.get(timeout=LAST_RESORT), Enqueue)
        hosts.die()
        hosts.start()
        error = sent.get(timeout=LAST_RESORT)
        assert isinstance(error, RuntimeError)
        assert "not known whether" in str(error)
        until(lambda: client.connected)
        assert held_up.empty()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("command", "times"),
    [
        (Pause(), 2),
        (Cancel((1,)), 2),
        (Clear((1,)), 2),
        (Move((1,), to="top"), 2),
        (Move((1,), by=1), 1),
        (SetPriority((1,), 3), 2),
        (SetPriority((1,), 3, more=True), 1),
        (Resolve(1, Policy.OVERWRITE), 1),  # of another target, by then
        (Retry((1,)), 1),
        (Cancel(), 1),  # others may have been added,
        (Clear(), 1),  # or have failed unseen
    ],
)
def test_only_what_may_be_done_twice_is_sent_again(
    command: Command, times: int, hosts: Hosts, held_up: queues.SimpleQueue[Command]
) -> None:
    with face(hosts.dial) as client:
        sent = later(lambda: client.send(command))
        for _ in range(times):
            assert held_up.get(timeout=LAST_RESORT) == command
            hosts.die()
            hosts.start()
        assert isinstance(sent.get(timeout=LAST_RESORT), RuntimeError)
        assert held_up.empty()


@pytest.mark.usefixtures("impatient")
def test_a_command_waits_for_the_connection_to_come_back(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_PATIENCE_SECONDS", LAST_RESORT)
    with face(hosts.dial) as client:
        hosts.die()
        until(lambda: not client.connected)
        sent = later(lambda: client.send(plan(1)))
        hosts.start()
        assert len(sent.get(timeout=LAST_RESORT)) == 1


@pytest.mark.usefixtures("impatient")
def test_a_host_that_does_not_answer_freezes_no_face(
    hosts: Hosts, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    with face(hosts.dial) as client:
        client.send(plan(1))
        seen, snapshot = client.snapshot(), engine.snapshot
        monkeypatch.setattr(engine, "snapshot", lambda *window: go_on.wait() and snapshot(*window))
        stale = client.snapshot()
        go_on.set()
        assert stale.rows == seen.rows
        assert "does not answer" in stale.notice


# The first and the last word --------------------------------------------------------------------


def test_a_host_that_is_about_to_end_is_no_surprise(hosts: Hosts) -> None:
    def dial_the_dying() -> Connection:
        connection = hosts.dial()
        hosts.die()
        return connection

    with pytest.raises(NoHost):
        Client(dial_the_dying)


def test_the_successor_of_a_host_that_is_about_to_end_is_taken(hosts: Hosts) -> None:
    dials = iter([True, False, False])

    def dial_once_in_vain() -> Connection:
        connection = hosts.dial()
        if next(dials):
            hosts.die()
            hosts.start()
        return connection

    with face(dial_once_in_vain) as client:
        assert client.snapshot().count == 0


def test_a_host_of_another_version_is_told_of_and_not_spoken_to(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.attendant.PROTOCOL", "0")
    with pytest.raises(JournalError, match="another version"):
        Client(hosts.dial)


@pytest.mark.usefixtures("impatient")
def test_a_closed_client_connects_no_more(hosts: Hosts) -> None:
    dials: queues.SimpleQueue[None] = queues.SimpleQueue()
    go_on = threading.Event()

    def connect() -> Connection:
        dials.put(None)
        if dials.qsize() > 1:
            assert go_on.wait(LAST_RESORT)
        return hosts.dial()

    client = Client(connect)
    hosts.die()
    hosts.start()
    until(lambda: dials.qsize() > 1)
    client.close()
    go_on.set()
    until(lambda: "queue" not in {thread.name for thread in threading.enumerate()})
    until(lambda: hosts.host.clients == 0)
    assert not client.connected
