"""A7 on real services of buckets: killed after k of n parts, and cancelled after that; A8: the
answer to putting parts together is lost."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.registry import open_provider
from providers.s3 import pending
from providers.s3.provider import S3Provider
from tests.faults.s3_victim import work
from tests.servers.s3_servers import (
    JuiceFs,
    Moto,
    access_to,
    find_juicefs,
    find_moto,
    make_bucket,
)
from tests.servers.s3_tally import Tally
from tests.servers.web_process import WebServer
from tests.transfers.queue_case import QueueCase
from transfers.model import Cancel, JobState

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
PART = 16 << 20  # bytes: what an upload to a bucket is cut into
PARTS = 3
SIZE = (PARTS - 1) * PART + 4711
_DEADLINE = 60.0
_SERVICES: dict[str, tuple[Callable[[], str | None], Callable[[Path], WebServer]]] = {
    "moto": (find_moto, Moto),
    "juicefs": (find_juicefs, JuiceFs),
}


class Upload:
    """A file on its way to a bucket, sent by a process that may be killed."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self.tally, self._folder = tally, folder
        self._file = folder / "file"
        self._file.write_bytes(random.Random(7).randbytes(SIZE))
        self.endpoint, self.access = access_to(tally.base, folder)
        self._path = f"/{make_bucket(self.endpoint, self.access)}/file"
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.faults.s3_victim", "providers.s3.provider"])

    def run(self, *, kill_at: int = SIZE) -> tuple[str, str, str] | None:
        """How the job ended; None: its process was killed when `kill_at` bytes were journaled."""
        hear, told = self._context.Pipe(duplex=False)
        target = (self.endpoint, self._path)
        process = self._context.Process(
            target=work, args=(str(self._folder), str(self._file), target, told)
        )
        process.start()
        told.close()
        try:
            assert hear.recv() == "works"
            while True:
                assert hear.poll(_DEADLINE), "it stands still"
                news = hear.recv()
                if not isinstance(news, int):
                    ending: tuple[str, str, str] = news
                    return ending
                if news >= kill_at:
                    process.kill()
                    return None
        finally:
            process.join()

    def killed_after(self, parts: int) -> None:
        """Only that many parts get to the service, and are journaled: the others are on the way."""
        self.tally.lets = parts
        assert self.run(kill_at=parts * PART) is None
        self.tally.let_all()

    def cancel(self) -> JobState:
        """In a queue that takes over what the killed process left."""
        case = QueueCase(self._folder / "queue")
        with closing(open_provider(self.endpoint, self.access)) as place, closing(case):
            case.places[self.endpoint] = place
            case.start(run_existing=False)
            number = case.engine.snapshot(0, 1).rows[0].job.id
            case.engine.send(Cancel((number,)))
            return case.reach(number, JobState.CANCELLED, JobState.DONE).state

    def numbers(self, first: int = 0) -> list[int]:
        """Of the parts that were sent since the `first`, without the marks of what is begun."""
        return sorted(part.number for part in self.tally.parts[first:] if part.length > 1000)

    def unfinished(self) -> int:
        with closing(self._place()) as place:
            return len([*pending._pending(place._session, self._path)])

    def stored(self) -> bytes | None:
        """What stands there; None for nothing."""
        with closing(self._place()) as place:
            if not [entry for page in place.list_dir(place.parent(self._path)) for entry in page]:
                return None
            with place.read(self._path) as reader:
                return b"".join(bytes(chunk) for chunk in reader.chunks())

    def whole(self) -> bool:
        return self.stored() == self._file.read_bytes()

    def _place(self) -> S3Provider:
        place = open_provider(self.endpoint, self.access)
        assert isinstance(place, S3Provider)
        return place


@pytest.fixture(scope="module", params=_SERVICES)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    find, start = _SERVICES[request.param]
    if find() is None:
        pytest.skip(f"{request.param} is not installed")
    with start(tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture
def upload(service: WebServer, tmp_path: Path) -> Iterator[Upload]:
    with Tally(service.port) as tally:
        yield Upload(tmp_path, tally)


@pytest.mark.parametrize("stored", [1, PARTS - 1])
def test_A7_killed_after_k_of_n_parts_only_the_missing_ones_are_sent(
    upload: Upload, stored: int
) -> None:
    upload.killed_after(stored)
    before = len(upload.tally.parts)
    ending = upload.run()
    assert ending is not None and ending[0] == "done", ending
    assert upload.numbers(before) == [*range(stored + 1, PARTS + 1)]
    assert upload.whole() and upload.tally.completed == 1
    assert upload.unfinished() == 0


def test_A7_cancelled_after_k_of_n_parts_no_orphan_is_left(upload: Upload) -> None:
    upload.killed_after(2)
    assert upload.unfinished() == 1
    assert upload.cancel() is JobState.CANCELLED
    assert upload.unfinished() == 0
    assert upload.stored() is None


def test_A8_an_upload_whose_completion_is_not_answered_is_there_once(upload: Upload) -> None:
    upload.tally.loses = True
    ending = upload.run()
    assert ending is not None and ending[0] == "done", ending
    assert not upload.tally.loses, "no answer was lost"
    assert upload.numbers() == [*range(1, PARTS + 1)], "nothing was sent twice"
    assert upload.whole() and upload.tally.completed == 1
    assert upload.unfinished() == 0
