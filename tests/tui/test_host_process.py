"""The queue's own process: started once, outlives who started it, replaced when it dies."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from tests.tui import hosts
from tests.tui.hosts import (
    client,
    host_running,
    kill_host,
    stop_host,
    until_queue_is_free,
)
from transfers.client import Client
from transfers.journal import JournalError
from transfers.model import Enqueue, Grant, JobState, NewJob, Op, SetLimits
from transfers.reaching import NoHost
from transfers.socket_address import addresses, dial
from tui.headless import attach as attaching
from tui.headless.attach import admit, attach, grant_for
from tui.settings import Home, find_home, make_private

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sessions and signals are POSIX")

SIZE = 4 << 20
SLOW = 256 << 10  # bytes a second: no copy of SIZE ends before it is let
LAST_RESORT = 60.0  # seconds: only reached when a test fails
SECRET = "c4nary-pa55word"


@pytest.fixture
def home() -> Iterator[Home]:
    found = find_home(os.environ)
    make_private(found.queue)
    yield found
    stop_host()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(SIZE))
    return path


@contextmanager
def face(home: Home, access: Access | None = None) -> Iterator[Client]:
    with closing(attach(home, access or Access(home.known_hosts))) as queue:
        yield queue


def copy(source: Path, target: Path) -> Enqueue:
    place = Place("file:", str(target))
    return Enqueue((NewJob(Op.COPY, Place("file:", str(source)), place),))


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + LAST_RESORT
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)  # another process's progress has no event to wait for


def moving(queue: Client, job: int = 1) -> bool:
    row = queue.row(job)
    return row is not None and row.job.state is JobState.TRANSFERRING and row.moved > 0


def state(queue: Client, job: int = 1) -> JobState | None:
    row = queue.row(job)
    return None if row is None else row.job.state


def host_pid(home: Home) -> int:
    with closing(dial(home.queue)) as connection:
        return hosts._pid_of_peer(connection.fileno())


# Starting ---------------------------------------------------------------------------------------


def test_there_is_none_until_somebody_starts_it(home: Home) -> None:
    with pytest.raises(NoHost):
        attach(home, Access(home.known_hosts), start=False)
    with face(home):
        attach(home, Access(home.known_hosts), start=False).close()


def test_two_screens_that_start_at_once_share_one_host(home: Home) -> None:
    faces: list[Client] = []
    starters = [
        threading.Thread(target=lambda: faces.append(attach(home, Access(home.known_hosts))))
        for _ in range(2)
    ]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(LAST_RESORT)
    one, other = faces
    heard = threading.Event()
    one.listen(lambda changes: heard.set())
    other.send(copy(home.queue / "nothing", home.queue / "nowhere"))
    assert heard.wait(LAST_RESORT)
    for each in faces:
        each.close()


def test_what_keeps_it_from_starting_is_said(home: Home) -> None:
    (home.queue / "queue.db").mkdir()
    with pytest.raises(JournalError, match=r"queue\.db"):
        attach(home, Access(home.known_hosts))
    assert not host_running()


def test_one_that_ends_again_and_again_is_not_started_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[None] = []
    monkeypatch.setattr(attaching, "_run", lambda *about: started.append(None) or attaching.READY)
    with pytest.raises(JournalError, match="again and again"):
        attach(home, Access(home.known_hosts))
    assert len(started) == 3


def test_a_reason_that_stays_is_told_without_trying_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[None] = []
    monkeypatch.setattr(attaching, "_run", lambda *about: started.append(None) or "The disk broke.")
    starter = attaching._Starter(home, None)
    for _ in range(10):
        with pytest.raises(JournalError, match=r"The disk broke\."):
            starter.connection()
    assert len(started) == 3


def test_it_reads_the_env_file_it_is_given(home: Home, tmp_path: Path) -> None:
    missing = tmp_path / "settings.env"
    with pytest.raises(JournalError, match=r"settings\.env"):
        attach(home, Access(home.known_hosts), env_file=missing)


# Secrets ----------------------------------------------------------------------------------------


def test_socket_and_key_are_the_owners_alone(home: Home) -> None:
    with face(home):
        for path in [*map(Path, addresses(home.queue)), *home.queue.glob("*.key")]:
            if path.exists():
                assert stat.S_IMODE(path.lstat().st_mode) == 0o600, path
        sockets = [path for path in map(Path, addresses(home.queue)) if path.is_socket()]
        assert len(sockets) == 1
        assert stat.S_IMODE(sockets[0].parent.stat().st_mode) == 0o700


def test_a_secret_that_is_granted_stands_nowhere(home: Home) -> None:
    access = Access(home.known_hosts)
    access.secrets.put("sftp://ann@127.0.0.1:9", "password", SECRET)
    grant = grant_for(access, "sftp://ann@127.0.0.1:9")
    assert SECRET not in repr(grant)
    with face(home, access) as queue:
        queue.grant(grant)
        queue.snapshot()
        pid = host_pid(home)
        shown = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True
        )
        assert "tui.headless.host" in shown.stdout
        assert SECRET not in shown.stdout
    files = [path for path in home.queue.rglob("*") if path.is_file()]
    assert home.log_file in files
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_what_one_was_given_is_admitted_by_another(home: Home) -> None:
    mine, other = Access(home.known_hosts), Access(home.known_hosts)
    mine.secrets.put("sftp://a@h:22", "passphrase", SECRET, "/key")
    mine.secrets.put("sftp://b@h:22", "password", "not this one")
    mine.trusted.add("sftp://a@h:22", "h ssh-ed25519 AAAA")
    admit(other, grant_for(mine, "sftp://a@h:22"))
    assert other.secrets.get("sftp://a@h:22", "passphrase", "/key") == SECRET
    assert other.secrets.get("sftp://b@h:22", "password") is None
    assert ("sftp://a@h:22", "h ssh-ed25519 AAAA") in other.trusted
    admit(other, Grant("sftp://a@h:22", (("favourite colour", "", "blue"),)))
    assert len(other.secrets.of("sftp://a@h:22")) == 1


# Dying ------------------------------------------------------------------------------------------


def test_a_host_that_is_killed_gets_a_successor_that_goes_on(
    home: Home, source: Path, tmp_path: Path
) -> None:
    looked = threading.Event()
    with face(home) as queue:
        queue.listen(lambda changes: None if changes else looked.set())
        queue.send(SetLimits(rate=SLOW))
        queue.send(copy(source, tmp_path / "target"))
        until(lambda: moving(queue))
        before = host_pid(home)
        kill_host()
        assert looked.wait(LAST_RESORT)
        assert host_pid(home) != before
        queue.send(SetLimits(rate=0))
        until(lambda: state(queue) is JobState.DONE)
        assert (tmp_path / "target").read_bytes() == source.read_bytes()
        assert queue.snapshot().notice == ""


def test_told_to_end_by_a_signal_it_keeps_what_is_unfinished(
    home: Home, source: Path, tmp_path: Path
) -> None:
    with face(home) as queue:
        queue.send(SetLimits(rate=SLOW))
        queue.send(copy(source, tmp_path / "target"))
        until(lambda: moving(queue))
        pid = host_pid(home)
    os.kill(pid, signal.SIGTERM)
    told = time.monotonic()
    until_queue_is_free()
    assert time.monotonic() - told < 10  # 2 s, on a machine that has nothing else to do
    assert not host_running()
    assert [*tmp_path.glob(".target.*.part")]
    with face(home) as queue:
        queue.send(SetLimits(rate=0))
        until(lambda: state(queue) is JobState.DONE)
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_a_hang_up_does_not_end_it(home: Home) -> None:
    with face(home) as queue:
        pid = host_pid(home)
        os.kill(pid, signal.SIGHUP)
        assert queue.snapshot().count == 0
        assert host_pid(home) == pid


def test_it_ends_by_itself_when_nobody_needs_it(home: Home) -> None:
    with face(home):
        pass
    until_queue_is_free()
    assert not any(Path(address).exists() for address in addresses(home.queue))


# Outliving who started it -----------------------------------------------------------------------


@contextmanager
def starter(source: Path, target: Path) -> Iterator[tuple[int, int]]:
    """A process on a terminal of its own that started the host: its number, and the terminal."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.starter", str(source), str(target), str(SLOW)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(slave)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"handed over\n"
        yield process.pid, master
        process.wait(LAST_RESORT)
    finally:
        process.kill()
        process.communicate()


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may have been started by nohup


def test_a_terminal_that_is_closed_takes_only_the_screen_along(
    home: Home, source: Path, tmp_path: Path
) -> None:
    with starter(source, tmp_path / "target") as (_, terminal):
        os.close(terminal)  # the session's leader is sent SIGHUP
    _goes_on(source, tmp_path / "target")


def test_a_whole_group_that_is_killed_takes_only_the_screen_along(
    home: Home, source: Path, tmp_path: Path
) -> None:
    with starter(source, tmp_path / "target") as (leader, terminal):
        os.killpg(leader, signal.SIGKILL)
    os.close(terminal)
    _goes_on(source, tmp_path / "target")


def _goes_on(source: Path, target: Path) -> None:
    with closing(client()) as queue:
        until(lambda: moving(queue))
        queue.send(SetLimits(rate=0))
        until(lambda: state(queue) is JobState.DONE)
    assert target.read_bytes() == source.read_bytes()
