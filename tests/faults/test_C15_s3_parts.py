"""C13, C15: checksums of parts and of the whole: refused, of other parts, or an uploader's word."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import ANY_VERSION, Body, Capabilities, Parts, Place
from providers.errors import ConnectionLost, Doubtful, SourceChanged, Unsupported
from providers.local import LocalProvider
from providers.s3.options import options_of
from providers.s3.provider import CAPS, S3Provider, open_endpoint
from providers.s3.session import Session
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import ScriptedHttp, answer
from tests.servers.sums_bucket import Stored, SumsBucket
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.cutting import largest_piece, part_size
from transfers.engine import Engine
from transfers.model import FINISHED, Job, JobState, NewJob, Op, Policy, ProofWord, Verify

PART = 1 << 16
DATA = os.urandom(3 * PART + 123)
KEY = "0badcafe"
MOST = 10_000
REFUSALS = [
    ("begin", 400, "InvalidArgument"),
    ("begin", 501, "NotImplemented"),
    ("part", 400, "InvalidRequest"),
]
Order = Callable[[list[bytes]], list[bytes]]


def swapped(parts: list[bytes]) -> list[bytes]:
    return [parts[1], parts[0], *parts[2:]]


class Small(S3Provider):
    """Its parts are small. `stops_at`: the part from which on the line is cut."""

    stops_at = MOST

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.numbers: list[int] = []
        self._first = threading.Event()

    @property
    def caps(self) -> Capabilities:
        parts = Parts(order="any", min_size=PART, max_size=PART, max_count=MOST)
        return replace(super().caps, parts=parts)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        if index >= self.stops_at:
            self._first.wait(60)
            raise ConnectionLost("", "the line is cut")
        receipt = super().put_part(upload, index, offset, body)
        self.numbers.append(index)
        self._first.set()
        return receipt


class Case(QueueCase):
    """A queue, a file of this computer and a bucket that makes checksums, asked for them."""

    def __init__(self, directory: Path, server: ScriptedHttp, bucket: SumsBucket) -> None:
        super().__init__(directory / "queue")
        self.bucket = bucket
        self.endpoint, self.access = access_to(server, directory, checksums="always")
        self.opened: list[Small] = []
        self.reconnect()
        self.file = directory / "file"
        self.file.write_bytes(DATA)
        self.there = Place(self.endpoint, "/b/file")
        self.engine = Engine(self.directory, self.open, random=lambda: 0.0)
        self.engine.listen(self.watch)

    def reconnect(self) -> Small:
        options = options_of(self.access.sites.options(self.endpoint))
        self.place = Small(Session(self.endpoint, options, self.access))
        self.opened.append(self.place)
        self.places[self.endpoint] = self.place
        return self.place

    def send_up(self, op: Op = Op.COPY, verify: Verify = Verify.AUTO) -> int:
        new = NewJob(op, Place(LOCAL, str(self.file)), self.there)
        (number,) = self.send_new(new, policy=Policy.OVERWRITE, verify=verify)
        return number

    def up(self, op: Op = Op.COPY, verify: Verify = Verify.AUTO) -> Job:
        return self.reach(self.send_up(op, verify), *FINISHED, JobState.PARKED)

    def down(self, to: Path) -> Job:
        (number,) = self.send_new(NewJob(Op.COPY, self.there, Place(LOCAL, str(to))))
        return self.reach(number, *FINISHED, JobState.PARKED)

    def stored(self) -> bytes:
        return self.bucket.objects["/b/file"].data


@contextmanager
def a_case(directory: Path, bucket: SumsBucket) -> Iterator[Case]:
    with ExitStack() as stack:
        case = Case(directory, stack.enter_context(ScriptedHttp(bucket)), bucket)
        stack.callback(lambda: [each.close() for each in case.opened])
        stack.callback(case.close)
        yield case


def words(job: Job) -> tuple[JobState, str, str]:
    assert job.proof is not None, job.reason
    return job.state, str(job.proof), job.proof.how


# What the service states ------------------------------------------------------------------------


def test_C15_the_sum_of_the_whole_proves_what_was_put_together(tmp_path: Path) -> None:
    with a_case(tmp_path, SumsBucket()) as case:
        job = case.up(Op.MOVE)
        assert words(job) == (JobState.DONE, "server digest (crc64nvme)", "as its place says")
        assert case.stored() == DATA
        assert not case.file.exists()


def test_C15_what_goes_on_after_the_queue_died_is_proven_by_the_sum_of_the_whole(
    tmp_path: Path,
) -> None:
    with a_case(tmp_path, SumsBucket()) as case:
        case.place.stops_at = 1
        number = case.send_up()
        case.reach(number, JobState.WAITING)
        case.close()
        going_on = case.reconnect()
        case.engine = Engine(case.directory, case.open, random=lambda: 0.0)
        case.engine.listen(case.watch)
        job = case.reach(number, *FINISHED, JobState.PARKED)
        assert words(job)[:2] == (JobState.DONE, "server digest (crc64nvme)")
        assert sorted(going_on.numbers) == [1, 2, 3], "the first was there"
        assert case.stored() == DATA


@pytest.mark.parametrize(
    ("takes", "verify"),
    [
        (("crc64nvme", "sha256"), Verify.AUTO),
        (("sha256",), Verify.AUTO),
        ((), Verify.STRONG),
    ],
    ids=["sum of the whole", "digest of digests", "nothing, read back"],
)
def test_C15_parts_that_a_service_swaps_are_a_mismatch_and_a_move_keeps_its_source(
    takes: tuple[str, ...], verify: Verify, tmp_path: Path
) -> None:
    with a_case(tmp_path, SumsBucket(takes, puts_together=swapped)) as case:
        job = case.up(Op.MOVE, verify)
        assert job.state is JobState.FAILED
        assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
        assert job.proof.source == hashlib.sha256(DATA).hexdigest()
        assert case.file.read_bytes() == DATA


def test_C15_a_service_that_is_wrong_about_its_parts_does_not_condemn_them(tmp_path: Path) -> None:
    """What it says is read back before it is believed."""

    class Wrong(SumsBucket):
        def answer(self, ask):  # type: ignore[no-untyped-def]
            said = super().answer(ask)
            for stored in self.objects.values():
                stored.said |= {"x-amz-checksum-sha256": "A" * 43 + "=-4"}  # type: ignore[operator]
            return said

    with a_case(tmp_path, Wrong(("sha256",))) as case:
        assert words(case.up()) == (JobState.DONE, "sha256 both ends", "read back")


def test_C15_a_digest_of_digests_that_differs_is_told(tmp_path: Path) -> None:
    bucket = SumsBucket(("sha256",), puts_together=swapped)
    with a_case(tmp_path, bucket) as case:
        place, pieces = case.place, [DATA[n : n + PART] for n in range(0, len(DATA), PART)]
        upload = place.begin("/b/file", len(DATA), key=KEY, part_size=PART)
        receipts = [place.put_part(upload, n, n * PART, [p]) for n, p in enumerate(pieces)]
        for again in (False, True):
            with pytest.raises(Doubtful):
                place.finish(upload, receipts, replacing=ANY_VERSION, again=again)
            # An upload whose receipts nobody has is not doubted for that.
        assert place.finish(upload, [], replacing=ANY_VERSION, again=True).size == len(DATA)


# What it refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize("refuses", REFUSALS)
def test_C13_a_service_that_does_not_know_the_sum_of_a_whole_gets_digests_of_parts(
    refuses: tuple[str, int, str], tmp_path: Path
) -> None:
    with a_case(tmp_path, SumsBucket(("sha256",), refuses=refuses)) as case:
        state, proof, how = words(case.up())
        assert (state, proof) == (JobState.DONE, "size only")
        assert how == "size; this service takes checksums of parts only"
        assert "x-amz-checksum-sha256" in case.bucket.objects["/b/file"].said
        assert case.stored() == DATA
        assert case.bucket.unfinished == {}


@pytest.mark.parametrize("refuses", REFUSALS)
@pytest.mark.parametrize("size", [3, len(DATA)])
def test_C13_a_person_is_told_that_a_service_takes_no_checksums(
    refuses: tuple[str, int, str], size: int, tmp_path: Path
) -> None:
    with a_case(tmp_path, SumsBucket((), refuses=refuses)) as case:
        case.file.write_bytes(DATA[:size])
        assert words(case.up()) == (
            JobState.DONE,
            "size only",
            "size; this service takes no checksums",
        )
        assert case.stored() == DATA[:size]
        assert case.bucket.unfinished == {}


def test_C13_a_refusal_that_is_not_for_the_checksums_gives_up_none(tmp_path: Path) -> None:
    refusal = answer(400, b"<Error><Code>InvalidRequest</Code></Error>")
    with ScriptedHttp(lambda ask, wire: wire.say(refusal)) as server:
        place = open_endpoint(*access_to(server, tmp_path, checksums="always"))
        for size in (3, len(DATA)):
            with pytest.raises(Exception, match="InvalidRequest"):
                upload = place.begin("/b/k", size, key=KEY, part_size=PART)
                receipt = place.put_part(upload, 0, 0, [DATA[:size]])
                place.finish(upload, [receipt], replacing=ANY_VERSION)
        assert place.caps.states == ("crc64nvme",)
        place.close()


@pytest.mark.parametrize("algorithm", ["crc64nvme", "sha256", "crc32"])
def test_C13_a_checksum_that_comes_with_a_part_is_not_taken_for_that_of_the_object(
    algorithm: str, tmp_path: Path
) -> None:
    """Nor for the part's own: services send either."""
    size = {"crc64nvme": 12, "sha256": 44, "crc32": 8}[algorithm]
    said = {f"x-amz-checksum-{algorithm}": "A" * (size - 1) + "="}
    said["x-amz-checksum-type"] = "FULL_OBJECT"
    bucket = SumsBucket()
    bucket.objects["/b/file"] = Stored(DATA, '"one-2"', said)
    with a_case(tmp_path, bucket) as case:
        case.place._session.certain = True
        with case.place.read("/b/file", offset=5, length=10, version='"one-2"') as reader:
            assert reader.entry.digests == {}
            assert b"".join(bytes(chunk) for chunk in reader.chunks()) == DATA[5:15]


# How many parts ---------------------------------------------------------------------------------


class _Bucket:
    caps = CAPS


@given(st.integers(1, MOST * (5 << 30)))
def test_C15_parts_grow_so_that_no_file_has_too_many(size: int) -> None:
    here, there = LocalProvider(), _Bucket()
    for cut in (part_size, largest_piece):
        length = cut(here, there, size)  # type: ignore[arg-type]
        assert -(-size // length) <= MOST
        assert (5 << 20) <= length <= (5 << 30)


def test_C15_a_file_of_ten_thousand_and_one_smallest_parts_has_larger_ones() -> None:
    smallest = part_size(LocalProvider(), _Bucket(), 1)  # type: ignore[arg-type]
    larger = part_size(LocalProvider(), _Bucket(), (MOST + 1) * smallest)  # type: ignore[arg-type]
    assert larger > smallest


def test_C15_more_parts_than_an_object_can_have_are_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    with ScriptedHttp(SumsBucket()) as server:
        place = open_endpoint(*access_to(server, tmp_path))
        with pytest.raises(Unsupported, match="10,000 parts"):
            place.begin("/b/k", MOST * PART + 1, key=KEY, part_size=PART)
        assert place.begin("/b/k", MOST * PART, key=KEY, part_size=PART)
        endless = place.begin("/b/k", None, key=KEY, part_size=PART)
        before = len(server.asks)
        with pytest.raises(Unsupported, match="10,000 parts"):
            place.put_part(endless, MOST, MOST * PART, [b"one more"])
        assert len(server.asks) == before
        place.close()


def test_C15_a_source_that_grows_never_sends_more_than_it_had(tmp_path: Path) -> None:
    with ScriptedHttp(SumsBucket()) as server:
        place = open_endpoint(*access_to(server, tmp_path))
        upload = place.begin("/b/k", 2 * PART, key=KEY, part_size=PART)
        place.put_part(upload, 0, 0, [DATA[:PART]])
        before = len(server.asks)
        for offset, more in ((PART, PART + 1), (2 * PART, 1)):
            with pytest.raises(SourceChanged):
                place.put_part(upload, 1, offset, [DATA[:more]])
        assert len(server.asks) == before
        place.close()


# Whose word it is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certain", "etag", "said"),
    [
        (False, hashlib.md5(b"another").hexdigest(), {"Server": "AmazonS3"}),
        (True, hashlib.md5(b"another").hexdigest(), {}),
        (True, f"{hashlib.md5(DATA).hexdigest()}-2", {"Server": "AmazonS3"}),
        (
            True,
            hashlib.md5(b"another").hexdigest(),
            {"Server": "AmazonS3", "x-amz-server-side-encryption": "aws:kms"},
        ),
        (
            True,
            hashlib.md5(b"another").hexdigest(),
            {
                "Server": "AmazonS3",
                "x-amz-server-side-encryption-customer-algorithm": "AES256",
            },
        ),
    ],
    ids=["another service", "not Amazon's server", "of parts", "KMS", "customer's key"],
)
def test_C15_an_etag_that_is_no_md5_is_not_taken_for_one(
    certain: bool, etag: str, said: dict[str, str], tmp_path: Path
) -> None:
    bucket = SumsBucket()
    bucket.objects["/b/file"] = Stored(DATA, f'"{etag}"', said)
    with a_case(tmp_path, bucket) as case:
        case.place._session.certain = certain
        assert case.place.stat("/b/file").digests == {}
        job = case.down(tmp_path / "back")
        assert job.state is JobState.DONE, job.reason
        assert (tmp_path / "back").read_bytes() == DATA


@pytest.mark.parametrize("truth", [True, False])
def test_C15_the_sha256_in_an_objects_metadata_is_held_against_what_came(
    truth: bool, tmp_path: Path
) -> None:
    bucket = SumsBucket()
    digest = hashlib.sha256(DATA if truth else b"another").hexdigest().upper()
    bucket.objects["/b/file"] = Stored(DATA, '"one"', {"x-amz-meta-sha256": digest})
    with a_case(tmp_path, bucket) as case:
        job = case.down(tmp_path / "back")
        if truth:
            assert words(job)[0] is JobState.DONE
            assert words(job)[2].endswith("; the source states the same sha256")
        else:
            assert job.state is JobState.FAILED
            assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
            assert not (tmp_path / "back").exists()


def test_C15_what_we_wrote_into_the_metadata_proves_no_upload(tmp_path: Path) -> None:
    with a_case(tmp_path, SumsBucket(())) as case:
        case.file.write_bytes(b"abc")
        assert words(case.up())[:2] == (JobState.DONE, "size only")
        kept = case.bucket.objects["/b/file"].said
        assert kept["x-amz-meta-sha256"] == hashlib.sha256(b"abc").hexdigest()
        entry = case.place.stat("/b/file")
        assert (entry.digests, case.place.published(entry)) == (
            {},
            {"sha256": kept["x-amz-meta-sha256"]},
        )


def test_C15_metadata_that_is_no_sha256_says_nothing(tmp_path: Path) -> None:
    bucket = SumsBucket()
    with a_case(tmp_path, bucket) as case:
        for said in ("", "abc", "z" * 64, "0" * 63, "0" * 65):
            bucket.objects["/b/file"] = Stored(DATA, '"one"', {"x-amz-meta-sha256": said})
            assert case.place.published(case.place.stat("/b/file")) == {}


def test_C15_a_sum_that_was_not_put_together_there_is_not_believed_elsewhere_than_at_amazon(
    tmp_path: Path,
) -> None:
    """A service may keep what it was sent with one request, and say it again unseen."""
    bucket = SumsBucket()
    said = {"x-amz-checksum-crc64nvme": "AAAAAAAAAAA=", "x-amz-checksum-type": "FULL_OBJECT"}
    with a_case(tmp_path, bucket) as case:
        for etag, kind, certain, told in (
            ('"one"', "FULL_OBJECT", False, {}),
            ('"one-2"', "COMPOSITE", False, {}),
            ('"one-2"', "", False, {}),
            ('"one-2"', "FULL_OBJECT", False, {"crc64nvme": "00" * 8}),
            ('"one"', "FULL_OBJECT", True, {"crc64nvme": "00" * 8}),
        ):
            bucket.objects["/b/file"] = Stored(DATA, etag, said | {"x-amz-checksum-type": kind})
            case.place._session.certain = certain
            assert case.place.stat("/b/file").digests == told
