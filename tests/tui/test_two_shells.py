"""One queue, many faces: what one shell runs, another sees and steers; a copy is handed over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from tests.tui.cli_runner import start, wharfie
from tests.tui.hosts import client, host_running, kill_host, until_host
from transfers.client import Client
from transfers.lock import QueueSilent
from transfers.model import Enqueue, Hold, JobState, NewJob, Op, Pause, Resume, SetLimits
from transfers.socket_address import dial, peer_process
from tui.headless.attach import attach
from tui.settings import find_home

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and peers are POSIX here")

SIZE = 8_000_000
LONGEST = 15.0  # seconds: 5 of them are the wait, and a busy machine starts Python slowly
SLOW = 200 << 10  # bytes a second: no copy of SIZE ends before it is let


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(bytes(range(256)) * (SIZE // 256))
    return path


@contextmanager
def screen() -> Iterator[Client]:
    """A face that starts the host, as the screen does, and starts another if that one dies."""
    home = find_home(os.environ)
    home.queue.mkdir(mode=0o700, parents=True, exist_ok=True)
    face = attach(home, Access(home.known_hosts))
    try:
        yield face
    finally:
        face.close()


@contextmanager
def shell(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = start(*words)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)  # another process's progress has no event to wait for


def _to(source: Path, target: Path) -> NewJob:
    return NewJob(Op.COPY, Place("file:", str(source)), Place("file:", str(target)))


def state(queue: Client, job: int = 1) -> JobState | None:
    row = queue.row(job)
    return None if row is None else row.job.state


def moving(queue: Client, job: int = 1) -> bool:
    row = queue.row(job)
    return row is not None and row.job.state is JobState.TRANSFERRING and row.moved > 0


def one_line(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    return out + err


def test_a_copy_is_seen_and_steered_from_another_shell(source: Path, tmp_path: Path) -> None:
    with shell("copy", source, tmp_path / "to", "--limit", "200K") as copying:
        until_host(running=True)
        queue = client()
        until(lambda: moving(queue))
        *jobs, summary = wharfie("queue", "--json").lines
        assert [job["state"] for job in jobs] == ["transferring"] and summary["worked"]
        assert "1 paused: 1" in wharfie("queue", "pause").out
        until(lambda: state(queue) is JobState.PAUSED)
        assert copying.poll() is None
        assert wharfie("queue", "limit", "--rate", "0").code == 0
        assert "1 resumed: 1" in wharfie("queue", "resume", "1").out
        said = one_line(copying)
        queue.close()
    assert copying.returncode == 0
    assert "sha256 both ends" in said
    assert (tmp_path / "to").read_bytes() == source.read_bytes()
    assert not host_running()


def test_a_copy_is_handed_over_to_the_host_and_followed(source: Path, tmp_path: Path) -> None:
    with screen() as queue:
        done = wharfie("copy", source, tmp_path / "to", "--jobs", "2", "--json")
        *_, summary = done.lines
        assert (done.code, summary["done"]) == (0, 1)
        assert "limits of its own" in done.err
        assert state(queue) is JobState.DONE
        assert host_running()
        missing = wharfie("copy", tmp_path / "nothing", tmp_path / "to")
        assert missing.code == 1 and "does not exist" in missing.err


def test_ctrl_c_pauses_the_jobs_that_were_handed_over_and_no_others(
    source: Path, tmp_path: Path
) -> None:
    with screen() as queue:
        queue.send(SetLimits(rate=SLOW))
        queue.send(Enqueue((_to(source, tmp_path / "own"),)))
        with shell("copy", source, tmp_path / "to") as copying:
            until(lambda: moving(queue, 2))
            copying.send_signal(signal.SIGTERM)
            said = one_line(copying)
        assert copying.returncode == 130
        assert "1 transfer is paused: wharfie queue resume 2 goes on" in said
        until(lambda: state(queue, 2) is JobState.PAUSED)
        assert state(queue, 1) is JobState.TRANSFERRING
        queue.send(SetLimits(rate=0))
        assert wharfie("queue", "resume", "2").code == 0
        assert wharfie("queue", "run").code == 0  # follows the host that works it
        assert (tmp_path / "to").read_bytes() == source.read_bytes()


def test_a_copy_follows_the_successor_of_a_host_that_was_killed(
    source: Path, tmp_path: Path
) -> None:
    with screen() as queue:
        queue.send(SetLimits(rate=SLOW))
        with shell("copy", source, tmp_path / "to") as copying:
            until(lambda: moving(queue))
            kill_host()
            until(lambda: queue.connected and moving(queue))
            queue.send(SetLimits(rate=0))
            said = one_line(copying)
    assert copying.returncode == 0, said
    assert "sha256 both ends" in said
    assert (tmp_path / "to").read_bytes() == source.read_bytes()


def test_hold_finishes_what_runs_and_go_goes_on(source: Path, tmp_path: Path) -> None:
    with screen() as queue:
        assert "Nothing more is started" in wharfie("queue", "hold").out
        with shell("copy", source, tmp_path / "to") as copying:
            assert copying.stderr is not None
            assert "the queue is held" in copying.stderr.readline()
            assert state(queue) is JobState.QUEUED
            assert wharfie("queue", "go").out == "The queue goes on.\n"
            one_line(copying)
        assert copying.returncode == 0
        assert not queue.snapshot(0, 0).held


def test_a_hold_outlives_a_host_that_was_killed(source: Path, tmp_path: Path) -> None:
    with screen() as queue:
        queue.send(Hold())
        (number,) = queue.send(Enqueue((_to(source, tmp_path / "to"),)))
        kill_host()
        until(lambda: queue.connected)  # it started a successor
        until(lambda: queue.snapshot(0, 0).count)
        assert queue.snapshot(0, 0).held
        assert state(queue, number) is JobState.QUEUED
        done = wharfie("queue", "run")
        assert (done.code, state(queue, number)) == (0, JobState.DONE)
        assert not queue.snapshot(0, 0).held


def test_a_host_without_work_and_without_faces_ends_by_itself(source: Path, tmp_path: Path) -> None:
    with screen() as queue:
        queue.send(Hold(False))
        assert wharfie("copy", source, tmp_path / "to").code == 0
    until_host(running=False)


def test_a_copy_stays_until_what_others_handed_to_it_is_done(source: Path, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x" * SLOW)
    with shell("copy", tmp_path / "small", tmp_path / "first", "--limit", "200K") as first:
        until_host(running=True)
        queue = client()
        until(lambda: queue.send(Pause((1,))))
        with shell("copy", source, tmp_path / "second") as second:
            until(lambda: moving(queue, 2))
            queue.send(Resume((1,)))
            until(lambda: state(queue) is JobState.DONE)
            assert first.poll() is None
            queue.send(SetLimits(rate=0))
            assert "sha256 both ends" in one_line(second)
            assert "other shells' transfers go on here" in one_line(first)
        queue.close()
    assert (first.returncode, second.returncode) == (0, 0)
    assert (tmp_path / "second").read_bytes() == source.read_bytes()


def test_a_host_that_somebody_stopped_is_named_with_what_to_do() -> None:
    home = find_home(os.environ)
    with screen():
        with closing(dial(home.queue)) as connection:
            pid = peer_process(connection)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            since = time.monotonic()
            done = wharfie("queue", "list")
            assert (done.code, done.out) == (1, "")
            assert f"(pid {pid}) does not answer" in done.err and "kill -CONT" in done.err
            assert time.monotonic() - since < LONGEST
            with pytest.raises(QueueSilent, match=f"pid {pid}"):
                attach(home, Access(home.known_hosts))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert wharfie("queue", "list").code == 0
