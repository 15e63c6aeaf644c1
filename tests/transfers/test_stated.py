"""What a source says of its file is held against what came: a match is said, a mismatch fails."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Capabilities, Entry, Kind, Place
from providers.errors import ConnectionLost
from providers.local import LocalProvider
from tests.transfers import queue_case
from tests.transfers.queue_case import LEFT, LOCAL, RIGHT, Memory, QueueCase
from tests.transfers.run_case import Kept
from tests.transfers.samples import make_job
from transfers.control import Control
from transfers.limit import Limiter
from transfers.model import Expect, Hold, JobState, NewJob, Op, Proof, ProofWord, Verify
from transfers.run import Claim, Run
from transfers.stated import EXPECTED, STATED, claims_of, held_against
from transfers.typed_digest import parse_digest

DATA = b"as it lies on the server" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()
PROVEN = Proof(ProofWord.SHA256, "sha256", SHA256, SHA256, "digest of the stored file")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Of a copy that is stored at `tmp_path / "stored"`."""
    path = tmp_path / "stored"
    path.write_bytes(DATA)
    job = replace(make_job(1, JobState.VERIFYING), digest=SHA256, target=Place(LOCAL, str(path)))
    local = LocalProvider()
    return Run(job, Control(), Limiter(time.monotonic), lambda _: local, Kept(job), set())


def _held(run: Run, *claims: Claim, proof: Proof = PROVEN) -> Proof:
    return held_against(run, proof, claims, run.job.target.path)


def _claim(algorithm: str, data: bytes = DATA, whose: str = STATED) -> Claim:
    return Claim(algorithm, hashlib.new(algorithm, data).hexdigest(), whose)


def _entry(**digests: str) -> Entry:
    return Entry("/a", "a", Kind.FILE, digests=digests)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1", "md5"])
def test_what_the_source_states_and_what_came_agree(run: Run, algorithm: str) -> None:
    proof = _held(run, _claim(algorithm))
    assert proof.word is ProofWord.SHA256
    assert proof.how == f"digest of the stored file; the source states the same {algorithm}"


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
@pytest.mark.parametrize("whose", [STATED, EXPECTED])
def test_what_contradicts_a_claim_is_a_mismatch(run: Run, algorithm: str, whose: str) -> None:
    proof = _held(run, _claim(algorithm), _claim(algorithm, b"other", whose))
    assert (proof.word, proof.algorithm, proof.how) == (ProofWord.MISMATCH, algorithm, whose)


def test_what_is_a_mismatch_stays_one(run: Run) -> None:
    proof = replace(PROVEN, word=ProofWord.MISMATCH)
    assert _held(run, _claim("sha256"), proof=proof) is proof


def test_nobody_downloads_a_copy_again_for_a_claim_of_the_source_but_for_a_person_one_does(
    run: Run,
) -> None:
    class Far(Memory):
        @property
        def caps(self) -> Capabilities:
            return replace(super().caps, near=False)

    far = Far()
    far.put("/stored", DATA)
    run.provider = lambda _: far
    run.job = replace(run.job, target=Place(LOCAL, "/stored"))
    assert _held(run, _claim("md5", b"other")) == PROVEN
    assert _held(run, _claim("md5", whose=EXPECTED)).how.endswith("; a person gave the same md5")
    assert _held(run, _claim("md5", b"other", EXPECTED)).word is ProofWord.MISMATCH


def test_of_what_a_source_states_the_cheapest_digest_is_taken_and_at_size_none() -> None:
    source = LocalProvider()
    entry = _entry(md5="AA", sha256="BB", crc64nvme="CC")
    assert list(claims_of(source, entry, Verify.AUTO)) == [Claim("sha256", "bb", STATED)]
    assert list(claims_of(source, _entry(md5="AA"), Verify.AUTO)) == [Claim("md5", "aa", STATED)]
    assert list(claims_of(source, _entry(crc64nvme="00"), Verify.STRONG)) == []
    assert list(claims_of(source, entry, Verify.SIZE)) == []


def test_what_was_taken_as_the_bytes_passed_costs_less_than_reading_them_again() -> None:
    source, entry = LocalProvider(), _entry(md5="AA", crc64nvme="CC")
    taken = ("sha256", "crc64nvme")
    claims = list(claims_of(source, entry, Verify.AUTO, taken))
    assert claims == [Claim("crc64nvme", "cc", STATED)]


def test_a_claim_whose_digest_nobody_has_any_more_says_nothing(run: Run) -> None:
    assert _held(run, Claim("crc64nvme", "cc", STATED)) == PROVEN


def test_what_a_place_and_a_file_beside_it_both_say_is_one_claim() -> None:
    class Beside(LocalProvider):
        def published(self, entry: Entry) -> Mapping[str, str]:
            return {"sha256": "bb"}

    claims = list(claims_of(Beside(), _entry(sha256="BB"), Verify.AUTO))
    assert claims == [Claim("sha256", "bb", STATED)]


@pytest.mark.parametrize("prefix", ["", "sha256:", "SHA-256=", "sha256 : "])
def test_a_digest_is_read_as_pages_show_it(prefix: str) -> None:
    assert parse_digest(f" {prefix}{SHA256.upper()}\n") == ("sha256", SHA256)


@pytest.mark.parametrize("text", ["", "sha256:", "00", SHA256[:-1], f"md5:{SHA256}", "z" * 64])
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(ValueError, match="give an MD5"):
        parse_digest(text)


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


@pytest.mark.parametrize("when", ["with the copy", "while it waits"])
@pytest.mark.parametrize("truth", [True, False])
def test_a_copy_is_held_against_the_digest_that_a_person_was_told(
    case: QueueCase, tmp_path: Path, when: str, truth: bool
) -> None:
    case.left.put("/a", DATA)
    (tmp_path / "to").mkdir()
    target = tmp_path / "to" / "a"
    told = "sha1:" + hashlib.sha1(DATA if truth else b"other").hexdigest()
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LOCAL, str(target)))
    if when == "with the copy":
        numbers = case.send_new(replace(new, expected=told))
    else:
        case.engine.send(Hold())
        numbers = case.send_new(new)
        assert case.engine.send(Expect(numbers[0], told)) == numbers
        case.engine.send(Hold(False))
    (job,) = case.finish(*numbers)
    assert job.expected == told
    assert job.state is (JobState.DONE if truth else JobState.FAILED)
    assert target.exists() is truth
    assert truth or "do not have the sha1 that was given" in job.reason
    assert case.engine.send(Expect(job.id, told)) == ()


def test_with_sizes_only_a_stale_list_of_digests_stops_nobody(
    case: QueueCase, tmp_path: Path
) -> None:
    source = _Stating()
    source.put("/a", DATA)
    source.stated = hashlib.md5(b"other").hexdigest()
    case.places[LEFT] = source
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(LOCAL, str(tmp_path / "a")))
    (job,) = case.finish(*case.send_new(new, verify=Verify.SIZE))
    assert job.state is JobState.DONE


@pytest.mark.parametrize("truth", [True, False])
def test_a_digest_that_comes_while_the_file_moves_counts_before_it_gets_its_name(
    case: QueueCase, truth: bool
) -> None:
    case.left.put("/a", DATA)
    case.right.store.fail = hold = queue_case.Hold("put_part")
    number = case.copy()
    hold.wait()
    told = "sha256:" + (SHA256 if truth else hashlib.sha256(b"other").hexdigest())
    assert case.engine.send(Expect(number, told)) == (number,)
    hold.release()
    (job,) = case.finish(number)
    assert job.state is (JobState.DONE if truth else JobState.FAILED)
    assert (case.right.get("/a") == DATA) is truth


def test_a_digest_that_comes_while_the_name_is_given_is_refused(case: QueueCase) -> None:
    case.left.put("/a", DATA)
    case.right.store.fail = hold = queue_case.Hold("finish")
    number = case.copy()
    hold.wait()
    assert case.engine.send(Expect(number, f"sha256:{SHA256}")) == ()
    hold.release()
    assert case.finish(number)[0].state is JobState.DONE


class _LostOnce(Memory):
    """Nothing can be looked at there before it has its name, and an answer is lost once."""

    lost = True

    def staged(self, upload: str) -> str | None:
        return None

    def parts(self, upload: str) -> Mapping[int, str] | None:
        super().parts(upload)
        return {}

    def finish(
        self, upload: str, receipts: object, *, replacing: str | None, again: bool = False
    ) -> Entry:
        entry = super().finish(upload, receipts, replacing=replacing, again=again)  # type: ignore[arg-type]
        if self.lost:
            self.lost = False
            raise ConnectionLost("/a")
        return entry


@pytest.mark.parametrize("whose", [STATED, EXPECTED])
@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.usefixtures("soon")
def test_a_lost_answer_lets_no_copy_pass_that_contradicts_a_claim(
    case: QueueCase, whose: str, truth: bool
) -> None:
    source = _Stating()
    source.put("/a", DATA)
    claimed = DATA if truth else b"other"
    source.stated = hashlib.md5(claimed if whose == STATED else DATA).hexdigest()
    case.places[LEFT] = source
    case.places[RIGHT] = case.right = _LostOnce()
    told = f"sha256:{hashlib.sha256(claimed).hexdigest()}" if whose == EXPECTED else ""
    new = NewJob(Op.COPY, Place(LEFT, "/a"), Place(RIGHT, "/a"), expected=told)
    (job,) = case.finish(*case.send_new(new))
    assert job.state is (JobState.DONE if truth else JobState.FAILED)
    assert truth or ("not" in job.reason and case.right.get("/a") == DATA)
