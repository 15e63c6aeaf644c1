"""Faces that start together, and an owner that is killed again and again: one writer, always.

A sample is drawn here; a thousand times: `python -m tests.faults.one_owner --times 1000`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

import pytest

from providers.access import Access
from providers.base import Place
from tests.tui import hosts
from tests.tui.hosts import stop_host
from transfers.client import Client
from transfers.lock import QueueInUse, QueueLock
from transfers.model import Enqueue, JobState, NewJob, Op, Resume
from transfers.reaching import NoHost
from transfers.socket_address import dial
from tui.headless.attach import attach
from tui.settings import Home, find_home, make_private

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")

LAST_RESORT = 120.0  # seconds: only reached when a test fails
KILLS = 3
FACES = 8
TIMES = 8
T = TypeVar("T")


@pytest.fixture
def home() -> Iterator[Home]:
    found = find_home(os.environ)
    make_private(found.queue)
    yield found
    stop_host()


def test_G1_whenever_the_owner_is_killed_there_is_one_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a process of its own: it forks, and tests before this one may have left threads."""
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.faults.one_owner", f"--times={TIMES}", f"--seed={seed}"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\none owner, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{TIMES} times one owner, 0 broken"


def test_G1_faces_go_on_through_one_owner_after_another(home: Home, tmp_path: Path) -> None:
    with ExitStack() as stack:
        faces = _together([lambda: attach(home, Access(home.known_hosts))] * FACES)
        for face in faces:
            stack.enter_context(closing(face))
        accepted: list[int] = []
        unknown = 0
        owners = {_owner(home)}
        for round_ in range(KILLS + 1):
            sent = _together([_sender(face, tmp_path, round_, n) for n, face in enumerate(faces)])
            accepted += [job for ids in sent for job in ids]
            unknown += sum(not ids for ids in sent)
            with pytest.raises(QueueInUse):
                QueueLock(home.queue)
            if round_ < KILLS:
                killed = _owner(home)
                os.kill(killed, signal.SIGKILL)
                _until(lambda killed=killed: _owner(home) not in (None, killed))
                owners.add(_owner(home))
                _until(lambda: all(face.connected for face in faces))
        assert len(owners) == KILLS + 1
        faces[0].send(Resume())  # a job that three owners died with waits for a person (A11)
        _until(lambda: not faces[0].snapshot().totals.unfinished)
        _check(faces, accepted, unknown, tmp_path)


def _sender(
    face: Client, directory: Path, round_: int, number: int
) -> Callable[[], tuple[int, ...]]:
    name = f"{round_}-{number}"
    (directory / name).write_bytes(random.Random(name).randbytes(100_000))
    places = (
        Place("file:", str(directory / name)),
        Place("file:", str(directory / f"{name}.copy")),
    )

    def send() -> tuple[int, ...]:
        try:
            return face.send(Enqueue((NewJob(Op.COPY, *places),)))
        except RuntimeError:
            return ()  # it may have been taken: said so to the person

    return send


def _check(faces: list[Client], accepted: list[int], unknown: int, directory: Path) -> None:
    """Every job that was accepted is there, once, and done; all faces see the same."""
    snapshots = [face.snapshot(0, 1000) for face in faces]
    rows = snapshots[0].rows
    assert all(snapshot.rows == rows for snapshot in snapshots)
    present = [row.job.id for row in rows]
    assert len(set(present)) == len(present)
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) <= set(present)
    assert len(present) <= len(accepted) + unknown
    assert {row.job.state for row in rows} == {JobState.DONE}
    for row in rows:
        target = Path(row.job.target.path)
        assert target.read_bytes() == Path(row.job.source.path).read_bytes()
    assert not [*directory.glob(".*.part")]


def _together(calls: list[Callable[[], T]]) -> list[T]:
    """What each of `calls`, all made at the same moment, returns."""
    start = threading.Barrier(len(calls))

    def made(call: Callable[[], T]) -> T:
        start.wait(LAST_RESORT)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(made, calls))


def _owner(home: Home) -> int | None:
    try:
        with closing(dial(home.queue)) as connection:
            return hosts._pid_of_peer(connection.fileno())
    except NoHost:
        return None


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + LAST_RESORT
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)  # another process's life has no event to wait for
