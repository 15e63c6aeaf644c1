"""A digest of a place's own is taken of the bytes as they pass, and what it states held to that."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Buffer, Capabilities, Entry, Kind, Place
from providers.errors import ConnectionLost
from providers.memory import MemoryReader
from tests.transfers.queue_case import LEFT, LOCAL, PART, RIGHT, Hold, Memory, QueueCase
from tests.transfers.run_case import transferring
from transfers.digests import Digests, digests_for, digests_of, taken
from transfers.model import Job, JobState, NewJob, Op, ProofWord, Verify
from transfers.resume import resumed
from transfers.transfer import transfer

DATA = os.urandom(6 * PART + 123)
SHA256 = hashlib.sha256(DATA).hexdigest()


def _crc(data: Buffer) -> str:
    return f"{zlib.crc32(data):08x}"


class Crc:
    """A digest that hashlib does not have. `fed`: bytes, of all of its copies."""

    def __init__(self, fed: list[int], value: int = 0) -> None:
        self.fed, self.value = fed, value

    def update(self, data: Buffer, /) -> None:
        self.fed[0] += memoryview(data).nbytes
        self.value = zlib.crc32(data, self.value)

    def copy(self) -> Crc:
        return Crc(self.fed, self.value)

    def hexdigest(self) -> str:
        return f"{self.value:08x}"


class Stating(Memory):
    """Far away; says the CRC-32 of what it holds, or what a test has it say."""

    def __init__(self, streams: int = 1) -> None:
        super().__init__()
        self.near = False
        self.streams = streams
        self.states: tuple[str, ...] = ("crc32",)
        self.unstated = ""
        self.told: dict[str, str] | None = None
        self.fed = [0]
        self.reads = 0

    @property
    def caps(self) -> Capabilities:
        caps = replace(super().caps, digests=frozenset(), streams=self.streams)
        return replace(caps, states=self.states, unstated=self.unstated)

    def hasher(self, algorithm: str) -> Crc:
        assert algorithm == "crc32"
        return Crc(self.fed)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = super().stat(path, follow=follow)
        if entry.kind is not Kind.FILE:
            return entry
        told = {"crc32": _crc(self.store.nodes[path].data)} if self.told is None else self.told
        return replace(entry, digests=told)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[MemoryReader]:
        self.reads += 1
        with super().read(path, offset=offset, length=length, version=version) as reader:
            yield reader


@pytest.fixture
def there(case: QueueCase) -> Stating:
    case.left.put("/a", DATA)
    case.places[RIGHT] = made = Stating()
    return made


def _up(case: QueueCase, op: Op = Op.COPY, verify: Verify = Verify.AUTO) -> Job:
    (job,) = case.finish(
        *case.send_new(NewJob(op, Place(LEFT, "/a"), Place(RIGHT, "/a")), verify=verify)
    )
    return job


@pytest.mark.parametrize("streams", [1, 3])
def test_an_upload_is_proven_by_what_its_place_states_of_it(
    case: QueueCase, there: Stating, streams: int
) -> None:
    there.streams = streams
    job = _up(case, Op.MOVE)
    assert job.state is JobState.DONE and job.proof is not None
    assert str(job.proof) == "server digest (crc32)"
    assert job.proof.source == job.proof.target == _crc(DATA)
    assert (job.digest, there.reads, there.fed) == (SHA256, 0, [len(DATA)])
    assert case.left.get("/a") is None


def test_sha256_is_preferred_where_a_place_tells_both(case: QueueCase, there: Stating) -> None:
    there.told = {"crc32": _crc(DATA), "sha256": SHA256}
    proof = _up(case).proof
    assert proof is not None and (proof.word, proof.algorithm) == (
        ProofWord.SERVER_DIGEST,
        "sha256",
    )


def test_what_a_place_states_otherwise_is_read_back_before_it_is_believed(
    case: QueueCase, there: Stating
) -> None:
    there.told = {"crc32": _crc(b"another")}
    proof = _up(case).proof
    assert proof is not None
    assert (proof.word, proof.how) == (ProofWord.SHA256, "read back")


def test_other_bytes_at_a_place_that_says_so_are_a_mismatch_and_a_move_keeps_its_source(
    case: QueueCase, there: Stating
) -> None:
    class Spoils(Stating):
        def put_part(self, upload: str, index: int, offset: int, body: object) -> str:
            spoilt = [b"!" * memoryview(chunk).nbytes for chunk in body]  # type: ignore[attr-defined]
            return super().put_part(upload, index, offset, spoilt)

    case.places[RIGHT] = Spoils()
    job = _up(case, Op.MOVE)
    assert job.state is JobState.FAILED and job.proof is not None
    assert job.proof.word is ProofWord.MISMATCH
    assert case.left.get("/a") == DATA


def test_with_sizes_only_no_second_digest_is_taken(case: QueueCase, there: Stating) -> None:
    proof = _up(case, verify=Verify.SIZE).proof
    assert proof is not None and proof.word is ProofWord.SIZE_ONLY
    assert there.fed == [0]


def test_why_a_place_states_nothing_is_said_with_the_proof(case: QueueCase, there: Stating) -> None:
    there.states, there.told, there.unstated = (), {}, "this service takes no checksums"
    proof = _up(case).proof
    assert proof is not None
    assert (proof.word, proof.how) == (
        ProofWord.SIZE_ONLY,
        "size; this service takes no checksums",
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_resumed_has_the_digest_of_the_whole(restarted: bool) -> None:
    """After a restart the checkpoint is the journal's, and its bytes are read again."""
    source, target = Memory(), Stating()
    source.put("/a", DATA)
    run, kept = transferring(source, target)
    target.store.fail = Hold("put_part", nth=3, error=ConnectionLost("/a"))
    with pytest.raises(ConnectionLost):
        transfer(run)
    target.store.fail = None
    checkpoint = run.control.checkpoint
    assert checkpoint is not None and checkpoint.offset == 2 * PART
    if restarted:
        checkpoint = replace(checkpoint, hasher=None)
    run.control.checkpoint = resumed(run, run.job, checkpoint)
    transfer(run)
    assert kept.job.digest == SHA256
    assert digests_of(run) == {"sha256": SHA256, "crc32": _crc(DATA)}


def test_digests_of_other_bytes_than_the_jobs_are_not_taken_for_its_own() -> None:
    source, target = Memory(), Stating()
    source.put("/a", DATA)
    run, _ = transferring(source, target)
    transfer(run)
    run.job = replace(run.job, digest="00")
    assert digests_of(run) == {"sha256": "00"}
    run.control.checkpoint = None
    assert (digests_of(run), taken(run)) == ({"sha256": "00"}, {})


def test_the_destinations_digest_is_taken_before_the_sources() -> None:
    class Another(Stating):
        def hasher(self, algorithm: str) -> Crc:
            raise AssertionError("the destination's is enough")

    source = Another()
    source.put("/a", DATA)
    run, _ = transferring(source, Stating())
    assert [*digests_for(run).by_algorithm()] == ["sha256", "crc32"]


def test_a_copy_of_digests_goes_its_own_way() -> None:
    digests = Digests("crc32", Crc([0]))
    digests.update(b"a")
    other = digests.copy()
    other.update(b"b")
    assert digests.by_algorithm() == {
        "sha256": hashlib.sha256(b"a").hexdigest(),
        "crc32": _crc(b"a"),
    }
    assert other.by_algorithm()["crc32"] == _crc(b"ab")


@pytest.mark.parametrize("truth", [True, False])
def test_a_download_is_held_against_what_its_source_states_without_reading_twice(
    case: QueueCase, tmp_path: Path, truth: bool
) -> None:
    source = Stating()
    source.put("/a", DATA)
    md5 = hashlib.md5(b"dearer: the file would be read again").hexdigest()
    source.told = {"crc32": _crc(DATA if truth else b"another"), "md5": md5}
    case.places[LEFT] = source
    target = tmp_path / "to"
    target.mkdir()
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LOCAL, str(target / "a")))
    (job,) = case.finish(*case.send_new(new))
    assert source.reads == (1 if truth else 2), "a mismatch is copied once more"
    if truth:
        assert job.state is JobState.DONE and job.proof is not None
        assert job.proof.word is ProofWord.SHA256
        assert job.proof.how.endswith("; the source states the same crc32")
    else:
        assert job.state is JobState.FAILED
        assert "not those whose crc32 the source states" in job.reason
        assert [*target.iterdir()] == []


def test_a_digest_that_nobody_took_is_no_claim(case: QueueCase, tmp_path: Path) -> None:
    """It states one that it did not announce."""
    source = Stating()
    source.put("/a", DATA)
    source.told = {"crc64nvme": "00" * 8}
    case.places[LEFT] = source
    (tmp_path / "to").mkdir()
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LOCAL, str(tmp_path / "to" / "a")))
    (job,) = case.finish(*case.send_new(new))
    assert job.state is JobState.DONE and job.proof is not None
    assert "states" not in job.proof.how
