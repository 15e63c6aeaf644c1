"""G1: faces that start together, and an owner that is killed: one writer, always.

    python -m tests.faults.one_owner --times 1000 [--seed S]

Each time 2 to 8 processes reach for the queue of a new home at the same moment, as screens and
shells do, and each queues copies; whoever owns the queue is killed up to twice, at any moment.
`--only N` is the N-th time of a seed again. What failed is kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from providers.access import Access
from providers.base import Place
from tests.tui.hosts import until_queue_is_free
from transfers.engine import JOURNAL_NAME
from transfers.lock import QueueInUse, QueueLock, QueueSilent
from transfers.model import Enqueue, JobState, NewJob, Op, Resume
from transfers.reaching import NoHost
from transfers.socket_address import dial, peer_process
from tui.headless.attach import attach
from tui.settings import Home, home_in, make_private

MOST_FACES = 8
_COPIES = 3  # that each face queues
_SIZE = 50_000  # bytes of each
_SECONDS = 120.0  # only reached when something hangs
_LOOK_SECONDS = 0.02
_LATEST_KILL = 2.5  # seconds after the start: by then most faces have queued what they will
_PROCESSES = Path("/proc")


class Broken(Exception):
    """Something is not as it must be."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens once. `kills` in seconds after the start."""

    faces: int
    kills: tuple[float, ...]

    @classmethod
    def drawn(cls, seed: int, number: int) -> Story:
        source = random.Random(f"{seed}-{number}")
        kills = sorted(source.uniform(0, _LATEST_KILL) for _ in range(source.randint(0, 2)))
        return cls(source.randint(2, MOST_FACES), tuple(kills))


@dataclass(slots=True)
class Seen:
    """What one face was told. `unknown`: copies that may have been queued or not."""

    accepted: list[int] = field(default_factory=list)
    unknown: int = 0
    rows: list[tuple[int, JobState, str, str]] = field(default_factory=list)


# A face, in a process of its own ------------------------------------------------------------------


def _face(home: Home, number: int, parent: Connection) -> None:
    """Reach the queue once told to, queue copies, and tell what is seen at the end."""
    parent.recv()
    seen = Seen()
    try:
        with closing(attach(home, Access(home.known_hosts))) as client:
            for copy in range(_COPIES):
                try:
                    seen.accepted += client.send(Enqueue((_copy(home, number, copy),)))
                except RuntimeError:  # said so to the person, who looks at the list
                    seen.unknown += 1
            parent.send(None)
            stop = parent.recv()
            if stop:
                client.send(Resume())
            _until(lambda: client.connected and not client.snapshot().totals.unfinished)
            rows = [row.job for row in client.snapshot(0, 1000).rows]
            seen.rows = [(job.id, job.state, job.source.path, job.target.path) for job in rows]
            parent.send(seen)
            parent.recv()
            if stop:
                client.stop()
    except Exception as error:  # noqa: BLE001 - told to the parent, who says it
        parent.send(f"face {number}: {type(error).__name__}: {error}")


def _copy(home: Home, face: int, number: int) -> NewJob:
    source = home.queue / f"{face}-{number}"
    source.write_bytes(random.Random(source.name).randbytes(_SIZE))
    target = Place("file:", f"{source}.copy")
    return NewJob(Op.COPY, Place("file:", str(source)), target)


# The story ----------------------------------------------------------------------------------------


def carry_out(story: Story, directory: Path, done: Counter[str]) -> None:
    """Raises Broken."""
    home = home_in(directory)
    make_private(home.queue)
    context = multiprocessing.get_context("fork")
    faces: list[Connection] = []
    processes = []
    for number in range(story.faces):
        ours, theirs = context.Pipe()
        process = context.Process(target=_face, args=(home, number, theirs), daemon=True)
        process.start()
        theirs.close()
        faces.append(ours)
        processes.append(process)
    try:
        done["killed owners"] += _watched(story, home, faces)
        _check(home, _settled(home, faces))
        for face, process in reversed([*zip(faces, processes, strict=True)]):
            face.send(None)  # the last one ends the owner, when no other would start it anew
            process.join(_SECONDS)
            if process.is_alive():
                raise Broken("a face does not end")
    finally:
        for process in processes:
            process.kill()
            process.join()
        _end_owner(home)
    done["faces"] += story.faces


def _watched(story: Story, home: Home, faces: Sequence[Connection]) -> int:
    """Start all faces at once and kill as `story` says, until each queued its copies.

    Returns how many owners were killed.
    """
    for face in faces:
        face.send(None)
    start, kills, killed = time.monotonic(), list(story.kills), 0
    waiting = list(faces)
    while waiting or kills:
        if kills and time.monotonic() - start >= kills[0]:
            kills.pop(0)
            killed += _kill_owner(home)
        for face in [face for face in waiting if face.poll()]:
            _heard(face)
            waiting.remove(face)
        _require_one_writer(home)
        if time.monotonic() - start > _SECONDS:
            raise Broken(f"{len(waiting)} faces never came to queue anything")
        time.sleep(_LOOK_SECONDS)  # other processes' lives have no event to wait for
    return killed


def _settled(home: Home, faces: Sequence[Connection]) -> list[Seen]:
    for number, face in enumerate(faces):
        face.send(number == 0)
    seen = []
    for face in faces:
        found = _heard(face)
        assert isinstance(found, Seen)
        seen.append(found)
        _require_one_writer(home)
    try:
        QueueLock(home.queue).release()
    except QueueInUse:
        pass
    else:
        raise Broken("nobody holds the lock of a queue that is worked")
    return seen


def _heard(face: Connection) -> object:
    if not face.poll(_SECONDS):
        raise Broken("a face says nothing more")
    said = face.recv()
    if isinstance(said, str):
        raise Broken(said)
    return said


def _check(home: Home, seen: Sequence[Seen]) -> None:
    """Every copy that was accepted is there, once, and done; all faces see the same."""
    rows = seen[0].rows
    if any(other.rows != rows for other in seen):
        raise Broken("the faces do not see the same")
    present = [row[0] for row in rows]
    accepted = [job for face in seen for job in face.accepted]
    for ids, what in ((present, "is there"), (accepted, "was accepted")):
        if len(set(ids)) != len(ids):
            raise Broken(f"a job {what} twice: {ids}")
    if lost := set(accepted) - set(present):
        raise Broken(f"accepted and lost: {lost}")
    unknown = sum(face.unknown for face in seen)
    if len(present) > len(accepted) + unknown:
        raise Broken(f"{len(present)} jobs, {len(accepted)} accepted and {unknown} unknown")
    for job, state, source, target in rows:
        if state is not JobState.DONE:
            raise Broken(f"job {job} ended {state}")
        if Path(source).read_bytes() != Path(target).read_bytes():
            raise Broken(f"job {job} is done, and its copy differs")
    if left := [*home.queue.glob(".*.part")]:
        raise Broken(f"left behind: {left}")


# The owner ----------------------------------------------------------------------------------------


def _owner(home: Home) -> int | None:
    try:
        with closing(dial(home.queue)) as connection:
            return peer_process(connection)
    except (NoHost, QueueSilent):
        return None


def _kill_owner(home: Home) -> bool:
    owner = _owner(home)
    if owner is None:  # the faces are not that far yet
        return False
    with suppress(ProcessLookupError):
        os.kill(owner, signal.SIGKILL)
    return True


def _end_owner(home: Home) -> None:
    """Of a story that did not end by itself."""
    if (owner := _owner(home)) is not None:
        with suppress(ProcessLookupError):
            os.kill(owner, signal.SIGKILL)
    until_queue_is_free(home.queue)


def _require_one_writer(home: Home) -> None:
    """Raises Broken when two processes have the journal open, where the system shows that."""
    if len(_writers(home)) < 2:
        return
    time.sleep(_LOOK_SECONDS)  # one may be about to die
    if len(writers := _writers(home)) > 1:
        raise Broken(f"{len(writers)} processes have the journal open: {writers}")


def _writers(home: Home) -> set[int]:
    journal = str(home.queue / JOURNAL_NAME)
    return {process for process, path in _open_files() if path == journal}


def _open_files() -> Iterator[tuple[int, str]]:
    if sys.platform != "linux":
        return
    for process in filter(str.isdigit, os.listdir(_PROCESSES)):
        with suppress(OSError):  # it ended meanwhile, or is somebody else's
            for descriptor in os.listdir(_PROCESSES / process / "fd"):
                with suppress(OSError):
                    yield int(process), os.readlink(_PROCESSES / process / "fd" / descriptor)


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise Broken("it never came to be")
        time.sleep(_LOOK_SECONDS)


# The command --------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.one_owner", description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", type=int, default=None, help="this one of them, by its number")
    options = parser.parse_args()
    numbers = range(options.times) if options.only is None else [options.only]
    began, done, broken = time.monotonic(), Counter[str](), 0
    directory = Path(tempfile.mkdtemp(prefix="wf-"))
    _forget_the_person(directory / "home")
    for number in numbers:
        story = Story.drawn(options.seed, number)
        try:
            carry_out(story, directory / str(number), done)
        except Broken as error:
            broken += 1
            _say(f"BROKEN --seed {options.seed} --only {number}: {error}; kept in {directory}")
        else:
            shutil.rmtree(directory / str(number), ignore_errors=True)  # a late log may be written
    if not broken:
        shutil.rmtree(directory, ignore_errors=True)
    figures = ", ".join(f"{count} {what}" for what, count in done.items())
    _say(f"seed {options.seed}, {time.monotonic() - began:.0f} seconds; {figures}")
    _say(f"{len(numbers)} times one owner, {broken} broken")
    return 1 if broken else 0


def _forget_the_person(home: Path) -> None:
    """Nothing of whoever runs this is read or written, by the owners that are started either."""
    home.mkdir()
    os.environ |= {"HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
