"""What a source says of its file is held against what came: a match is said, a mismatch fails."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Entry, Place
from providers.local import LocalProvider
from tests.transfers.queue_case import LEFT, LOCAL, Memory, QueueCase
from transfers.model import JobState, NewJob, Op, Proof, ProofWord, Verify
from transfers.stated import STATED, held_against

DATA = b"as it lies on the server" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
PROVEN = Proof(ProofWord.SHA256, "sha256", SHA256, SHA256, "digest of the stored file")


@pytest.fixture
def stored(tmp_path: Path) -> str:
    path = tmp_path / "stored"
    path.write_bytes(DATA)
    return str(path)


def _held(
    stored: str, stated: Mapping[str, str], level: Verify = Verify.AUTO, proof: Proof = PROVEN
) -> Proof:
    return held_against(proof, stated, SHA256, LocalProvider(), stored, level)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1", "md5"])
def test_what_the_source_states_and_what_came_agree(stored: str, algorithm: str) -> None:
    proof = _held(stored, {algorithm: hashlib.new(algorithm, DATA).hexdigest().upper()})
    assert proof.word is ProofWord.SHA256
    assert proof.how == f"digest of the stored file; the source states the same {algorithm}"


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_what_contradicts_the_source_is_a_mismatch(stored: str, algorithm: str) -> None:
    proof = _held(stored, {algorithm: hashlib.new(algorithm, b"other").hexdigest()})
    assert (proof.word, proof.algorithm, proof.how) == (ProofWord.MISMATCH, algorithm, STATED)


def test_the_sha256_that_is_known_costs_nothing_even_where_only_sizes_were_asked_for(
    stored: str,
) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    assert _held(stored, {"sha256": other}, Verify.SIZE).word is ProofWord.MISMATCH
    assert _held(stored, {"md5": "00"}, Verify.SIZE) == PROVEN


def test_an_algorithm_nobody_here_knows_says_nothing(stored: str) -> None:
    assert _held(stored, {"crc64nvme": "00"}) == PROVEN
    assert _held(stored, {}) == PROVEN


def test_what_is_a_mismatch_stays_one(stored: str) -> None:
    proof = replace(PROVEN, word=ProofWord.MISMATCH)
    assert _held(stored, {"sha256": SHA256}, proof=proof) is proof


class _Stating(Memory):
    """States a digest of every file."""

    stated = ""

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        return replace(super().stat(path, follow=follow), digests={"md5": self.stated})


@pytest.mark.parametrize("truth", [True, False])
def test_a_download_fails_when_the_server_states_another_digest(
    case: QueueCase, tmp_path: Path, truth: bool
) -> None:
    source = _Stating()
    source.put("/a", DATA)
    source.stated = hashlib.md5(DATA if truth else b"other").hexdigest()
    case.places[LEFT] = source
    target = tmp_path / "to"
    target.mkdir()
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LOCAL, str(target / "a")))
    (job,) = case.finish(*case.send_new(new))
    if truth:
        assert job.state is JobState.DONE
        assert job.proof is not None and "the source states the same md5" in job.proof.how
        assert (target / "a").read_bytes() == DATA
    else:
        assert job.state is JobState.FAILED
        assert "not those whose md5 the source states" in job.reason
        assert list(target.iterdir()) == []
