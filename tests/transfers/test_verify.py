"""What is proven about a copy: no word stronger than what was earned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from providers.base import Capabilities, Entry
from providers.errors import ConnectionLost, Denied, SourceChanged, Unsupported
from providers.memory import MemoryProvider, MemoryReader, Store
from tests.transfers.queue_case import raises
from tests.transfers.run_case import transferring
from transfers.control import Stop, Stopped
from transfers.model import Proof, ProofWord, Verify
from transfers.run import Run
from transfers.verify import prove

DATA = b"what is stored" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()
OTHER = hashlib.sha256(b"something else").hexdigest()


class Target(MemoryProvider):
    """A place with one file "/a", whose digester and sizes a test chooses."""

    def __init__(self, data: bytes = DATA) -> None:
        super().__init__(Store())
        upload = self.begin("/a", len(data), key="0badcafe", part_size=1 << 20)
        self.put_part(upload, 0, 0, [data])
        self.finish(upload, [], replacing=None)
        self.answer: str | None = None  # of digest(); None: the truth
        self.digests = True
        self.sizes = True
        self.read_backs = 0
        self.near = False
        self.told: dict[str, str] = {}

    @property
    def caps(self) -> Capabilities:
        caps = replace(super().caps, near=self.near)
        return caps if self.digests else replace(caps, digests=frozenset())

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = replace(super().stat(path, follow=follow), digests=self.told)
        return entry if self.sizes else replace(entry, size=None)

    def digest(self, path: str, algorithm: str) -> str:
        return self.answer or super().digest(path, algorithm)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[MemoryReader]:
        self.read_backs += 1
        with super().read(path, offset=offset, length=length, version=version) as reader:
            yield reader


def _run(target: Target, digest: str = DIGEST, *, rate: int = 0) -> Run:
    source = MemoryProvider(Store())
    upload = source.begin("/a", len(DATA), key="0badcafe", part_size=1 << 20)
    source.put_part(upload, 0, 0, [DATA])
    source.finish(upload, [], replacing=None)
    run, _ = transferring(source, target, rate=rate)
    run.job = replace(run.job, digest=digest)
    return run


def _prove(target: Target, level: Verify, digest: str = DIGEST) -> Proof:
    return prove(_run(target, digest), "/a", level)


@pytest.mark.parametrize("level", [Verify.AUTO, Verify.STRONG])
def test_a_place_that_digests_proves_both_ends_without_a_second_transfer(level: Verify) -> None:
    target = Target()
    proof = _prove(target, level)
    assert (proof.word, proof.algorithm) == (ProofWord.SHA256, "sha256")
    assert proof.source == proof.target == DIGEST
    assert target.read_backs == 0


def test_without_a_digest_only_a_strong_proof_reads_back() -> None:
    target = Target()
    target.digests = False
    strong = _prove(target, Verify.STRONG)
    assert (strong.word, strong.how, target.read_backs) == (ProofWord.SHA256, "read back", 1)
    weak = _prove(target, Verify.AUTO)
    assert (weak.word, target.read_backs) == (ProofWord.SIZE_ONLY, 1)
    assert not weak.source.startswith(DIGEST[:8])


def test_size_only_says_so_even_where_more_could_be_proven() -> None:
    target = Target()
    assert _prove(target, Verify.SIZE, digest=OTHER).word is ProofWord.SIZE_ONLY
    assert target.read_backs == 0


@pytest.mark.parametrize("level", Verify)
def test_another_size_is_a_mismatch_at_every_level(level: Verify) -> None:
    proof = _prove(Target(DATA + b"!"), level)
    assert (proof.word, proof.algorithm) == (ProofWord.MISMATCH, "size")
    assert (proof.source, proof.target) == (str(len(DATA)), str(len(DATA) + 1))


@pytest.mark.parametrize("digests", [True, False])
def test_other_bytes_of_the_same_size_are_a_mismatch(digests: bool) -> None:
    target = Target(DATA[:-1] + b"!")
    target.digests = digests
    proof = _prove(target, Verify.STRONG)
    assert (proof.word, proof.how) == (ProofWord.MISMATCH, "read back")
    assert proof.target != proof.source == DIGEST


def test_a_digest_that_differs_is_believed_only_after_a_read_back() -> None:
    target = Target()
    target.answer = OTHER
    proof = _prove(target, Verify.AUTO)
    assert (proof.word, proof.how, target.read_backs) == (ProofWord.SHA256, "read back", 1)


def test_a_place_that_cannot_digest_after_all_falls_back() -> None:
    class Broken(Target):
        def digest(self, path: str, algorithm: str) -> str:
            raise Unsupported(path)

    assert _prove(Broken(), Verify.AUTO).word is ProofWord.SIZE_ONLY
    assert _prove(Broken(), Verify.STRONG).word is ProofWord.SHA256


@pytest.mark.parametrize("level", [Verify.AUTO, Verify.SIZE])
def test_where_no_size_is_told_the_bytes_are_read_back(level: Verify) -> None:
    target = Target()
    target.digests = target.sizes = False
    assert _prove(target, level).word is ProofWord.SHA256
    assert _prove(target, level, digest=OTHER).word is ProofWord.MISMATCH


def test_a_read_back_that_ends_early_is_a_mismatch() -> None:
    target = Target()
    target.digests = False

    def cut(operation: str, path: str) -> None:
        if operation == "chunk":
            raise SourceChanged(path)

    target.store.fail = cut
    proof = _prove(target, Verify.STRONG)
    assert (proof.word, proof.target) == (ProofWord.MISMATCH, "")


def test_a_destination_that_cannot_be_looked_at_is_an_error_not_a_proof() -> None:
    target = Target()

    def refuse(operation: str, path: str) -> None:
        raise Denied(path)

    target.store.fail = refuse
    with pytest.raises(Denied):
        _prove(target, Verify.SIZE)


def test_a_destination_that_shows_nothing_by_its_nature_is_not_proven() -> None:
    class LetterBox(Target):
        @property
        def caps(self) -> Capabilities:
            return replace(super().caps, shows_stored=False)

    target = LetterBox()
    assert _prove(target, Verify.AUTO).word is ProofWord.SHA256
    target.store.fail = raises({"stat": Denied("/a")})
    assert _prove(target, Verify.STRONG).word is ProofWord.NOT_PROVEN
    target.store.fail = raises({"stat": ConnectionLost("/a")})
    with pytest.raises(ConnectionLost):
        _prove(target, Verify.STRONG)


@pytest.mark.parametrize("near", [True, False])
def test_a_read_back_can_be_stopped(near: bool) -> None:
    target = Target()
    target.digests, target.near = near, near
    run = _run(target)
    run.control.stop(Stop.CANCEL)
    with pytest.raises(Stopped):
        prove(run, "/a", Verify.STRONG)


def test_a_read_back_keeps_to_the_limit_and_is_watched_and_does_not_count_as_moved() -> None:
    target = Target()
    target.digests = False
    run = _run(target, rate=1 << 20)
    naps: list[float] = []
    run.control.sleep = naps.append  # type: ignore[method-assign]
    moving: list[bool] = []
    target.store.fail = lambda operation, path: moving.append(run.control.moving)
    assert prove(run, "/a", Verify.STRONG).word is ProofWord.SHA256
    assert sum(naps) == pytest.approx(len(DATA) / (1 << 20), rel=0.01)
    assert moving[-1] and not run.control.moving
    assert (run.control.gauge.moved, run.control.gauge.reread) == (0, len(DATA))


def test_what_a_place_says_of_a_stored_file_is_its_word_and_no_more() -> None:
    target = Target()
    target.digests = False
    target.told = {"sha256": DIGEST.upper()}
    proof = _prove(target, Verify.AUTO)
    assert (str(proof), target.read_backs) == ("server digest (sha256)", 0)
    strong = _prove(target, Verify.STRONG)
    assert (strong.word, strong.how, target.read_backs) == (ProofWord.SHA256, "read back", 1)
    assert _prove(target, Verify.SIZE).word is ProofWord.SIZE_ONLY


@pytest.mark.parametrize("truth", [True, False])
def test_the_word_of_a_place_does_not_condemn(truth: bool) -> None:
    target = Target(DATA if truth else DATA[:-1] + b"!")
    target.digests = False
    target.told = {"sha256": OTHER}
    proof = _prove(target, Verify.AUTO)
    assert proof.word is (ProofWord.SHA256 if truth else ProofWord.MISMATCH)
    assert (proof.how, target.read_backs) == ("read back", 1)


def test_a_near_place_is_read_whatever_it_says() -> None:
    target = Target()
    target.near, target.answer, target.told = True, OTHER, {"sha256": OTHER}
    proof = _prove(target, Verify.AUTO)
    assert (proof.word, proof.how) == (ProofWord.SHA256, "digest of the stored file")


def test_without_a_digest_of_the_source_sizes_are_all_that_is_proven() -> None:
    assert _prove(Target(), Verify.STRONG, digest="").word is ProofWord.SIZE_ONLY


def test_a_proof_names_its_digest_when_the_server_made_it() -> None:
    assert str(Proof(ProofWord.SERVER_DIGEST, "quickxor")) == "server digest (quickxor)"
    assert str(Proof(ProofWord.SHA256, "sha256")) == "sha256 both ends"
