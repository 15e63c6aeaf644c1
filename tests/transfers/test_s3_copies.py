"""Whole jobs to and from a bucket: proven, gone on with after the queue died, straight through."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from providers.access import Access
from providers.base import Body, Place
from providers.errors import ConnectionLost, UploadExpired
from providers.http.provider import open_endpoint as open_web
from providers.s3 import copying, look, reading
from providers.s3.options import options_of
from providers.s3.pending import _pending
from providers.s3.provider import S3Provider, open_endpoint
from providers.s3.session import Session
from providers.web.delivery import Delivery
from tests.servers.s3_servers import Moto, Serves, access_to, find_moto, make_bucket
from tests.servers.scripted_http import ScriptedHttp, Served
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.engine import Engine
from transfers.model import FINISHED, Cancel, Job, JobState, NewJob, Op, Policy, ProofWord, Verify

DATA = random.Random(11).randbytes((40 << 20) + 77)  # three parts of 16 MiB at most
AT_REST = (*FINISHED, JobState.PARKED)


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    if find_moto() is None:
        pytest.skip("moto is not installed")
    with Moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


class Case(QueueCase):
    """A queue, a bucket and a folder of this computer."""

    def __init__(self, directory: Path, moto: Serves, **site: str) -> None:
        super().__init__(directory / "queue")
        self.base, self.access = access_to(moto, directory, **site)
        self.bucket = make_bucket(self.base, self.access)
        self.place = open_endpoint(self.base, self.access)
        self.places[self.base] = self.place
        self.folder = directory / "folder"
        self.folder.mkdir()
        self.file = self.folder / "file"
        self.there = Place(self.base, f"/{self.bucket}/in/file")
        self.engine = Engine(self.directory, self.open, random=lambda: 0.0)
        self.engine.listen(self.watch)

    def copied(
        self,
        source: Place,
        target: Place,
        *,
        within: str,
        verify: Verify = Verify.AUTO,
        op: Op = Op.COPY,
    ) -> Job:
        new = NewJob(op, source, target, within=within)
        (number,) = self.send_new(new, policy=Policy.OVERWRITE, verify=verify)
        return self.reach(number, *AT_REST)

    def up(self, *, verify: Verify = Verify.AUTO, op: Op = Op.COPY) -> Job:
        here = Place(LOCAL, str(self.file))
        return self.copied(here, self.there, within=f"/{self.bucket}", verify=verify, op=op)

    def digest(self) -> str:
        with self.place.read(self.there.path) as reader:
            made = hashlib.sha256()
            for chunk in reader.chunks():
                made.update(chunk)
        return made.hexdigest()


@pytest.fixture
def case(moto: Moto, tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path, moto)
    yield made
    made.close()
    made.place.close()


def test_a_file_goes_up_in_parts_and_comes_down_again(case: Case) -> None:
    case.file.write_bytes(DATA)
    up = case.up()
    assert (up.state, up.proof and up.proof.word) == (JobState.DONE, ProofWord.SIZE_ONLY)
    back = Place(LOCAL, str(case.folder / "back"))
    down = case.copied(case.there, back, within=str(case.folder))
    assert (down.state, down.proof and down.proof.word) == (JobState.DONE, ProofWord.SHA256)
    assert (case.folder / "back").read_bytes() == DATA


def test_strong_reads_back_what_was_stored(case: Case) -> None:
    case.file.write_bytes(b"content")
    up = case.up(verify=Verify.STRONG)
    assert up.proof is not None and up.proof.word is ProofWord.SHA256


@pytest.mark.parametrize(
    ("verify", "word"), [(Verify.AUTO, ProofWord.SHA256), (Verify.SIZE, ProofWord.SIZE_ONLY)]
)
def test_a_move_gives_up_its_source_for_a_size_only_when_a_person_is_content_with_that(
    case: Case, verify: Verify, word: ProofWord
) -> None:
    case.file.write_bytes(DATA)
    moved = case.up(verify=verify, op=Op.MOVE)
    assert (moved.state, moved.proof and moved.proof.word) == (JobState.DONE, word)
    assert not case.file.exists()
    assert case.digest() == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("amazon", [True, False])
def test_what_amazon_and_nobody_else_states_of_a_small_file_proves_it(
    amazon: bool, moto: Moto, tmp_path: Path
) -> None:
    case = Case(tmp_path, moto, checksums="always")
    case.place._session.certain = amazon
    case.file.write_bytes(b"content")
    up = case.up()
    case.close()
    case.place.close()
    assert up.proof is not None
    expected = (ProofWord.SERVER_DIGEST, "sha256") if amazon else (ProofWord.SIZE_ONLY, None)
    assert (up.proof.word, up.proof.algorithm if amazon else None) == expected


@pytest.mark.parametrize("etag_is_md5", [True, False])
def test_a_small_file_is_proven_by_the_md5_that_the_service_answers_with(
    case: Case, monkeypatch: pytest.MonkeyPatch, etag_is_md5: bool
) -> None:
    if not etag_is_md5:
        monkeypatch.setattr(look, "md5", lambda data, **_: hashlib.sha256(data))
    case.file.write_bytes(b"content")
    up = case.up()
    assert up.state is JobState.DONE
    assert str(up.proof) == ("server digest (md5)" if etag_is_md5 else "size only")


def test_a_small_object_that_has_the_md5_of_its_etag_is_asked_for_once(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.file.write_bytes(b"content")
    case.up()
    asked: list[str] = []
    send = Session.send

    def noted(session: Session, method: str, *where: str, **how: Any) -> Any:
        asked.append(method)
        return send(session, method, *where, **how)

    monkeypatch.setattr(Session, "send", noted)
    back = Place(LOCAL, str(case.folder / "back"))
    down = case.copied(case.there, back, within=str(case.folder))
    assert down.state is JobState.DONE
    assert (case.folder / "back").read_bytes() == b"content"
    assert asked == ["HEAD", "GET"]
    asked.clear()
    monkeypatch.setattr(reading, "SealedDelivery", lambda entry, body, *_: Delivery(entry, body))
    case.copied(case.there, back, within=str(case.folder))
    assert asked == ["HEAD", "GET", "HEAD"]


def test_a_file_in_parts_is_proven_by_the_sum_that_the_service_makes_of_it(
    moto: Moto, tmp_path: Path
) -> None:
    case = Case(tmp_path, moto, checksums="always")
    case.file.write_bytes(DATA)
    up = case.up()
    back = Place(LOCAL, str(case.folder / "back"))
    down = case.copied(case.there, back, within=str(case.folder))
    case.close()
    case.place.close()
    assert str(up.proof) == "server digest (crc64nvme)"
    assert down.proof is not None and down.proof.word is ProofWord.SHA256
    assert down.proof.how.endswith("; the source states the same crc64nvme")


def test_a_web_server_and_a_bucket_copy_straight_through(case: Case, tmp_path: Path) -> None:
    with ScriptedHttp(Served(DATA)) as server:
        web = open_web(server.base, Access(tmp_path / "known_hosts"))
        with closing(web):
            case.places[server.base] = web
            job = case.copied(Place(server.base, "/file"), case.there, within=f"/{case.bucket}")
    assert job.state is JobState.DONE, job.reason
    assert case.digest() == hashlib.sha256(DATA).hexdigest()
    assert [*case.folder.iterdir()] == []


class _Dies(S3Provider):
    """Takes the first part; then the line is cut. `numbers`: of the parts that were stored."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.numbers: set[int] = set()
        self.lasts = False
        self._first = threading.Event()

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        if index > 0 and not self.lasts:
            self._first.wait(timeout=60)
            raise ConnectionLost("", "the line is cut")
        receipt = super().put_part(upload, index, offset, body)
        self.numbers.add(index)
        self._first.set()
        return receipt


@pytest.fixture
def dying(case: Case) -> _Dies:
    """The line to a bucket, and a job that it has cut off."""
    case.file.write_bytes(DATA)
    made = _Dies(case.place._session)
    case.places[case.base] = made
    return made


def _cut_off(case: Case) -> int:
    new = NewJob(Op.COPY, Place(LOCAL, str(case.file)), case.there, within=f"/{case.bucket}")
    (number,) = case.send_new(new, policy=Policy.OVERWRITE)
    case.reach(number, JobState.WAITING)
    return number


def test_A7_only_missing_parts_are_sent_after_the_queue_died(case: Case, dying: _Dies) -> None:
    number = _cut_off(case)
    case.close()
    assert dying.numbers == {0}

    options = options_of(case.access.sites.options(case.base))
    case.place = going_on = _Dies(Session(case.base, options, case.access))
    going_on.lasts = True
    case.places[case.base] = going_on
    case.engine = Engine(case.directory, case.open, random=lambda: 0.0)
    case.engine.listen(case.watch)
    job = case.reach(number, *AT_REST)
    assert job.state is JobState.DONE, job.reason
    assert going_on.numbers == {1, 2}, "the first was there"
    assert case.digest() == hashlib.sha256(DATA).hexdigest()


def test_A7_a_cancelled_job_leaves_no_unfinished_upload(case: Case, dying: _Dies) -> None:
    number = _cut_off(case)
    assert [*_pending(case.place._session, case.there.path)]
    case.engine.send(Cancel((number,)))
    case.reach(number, JobState.CANCELLED)
    assert not [*_pending(case.place._session, case.there.path)]


@pytest.mark.parametrize("data", [b"content", DATA], ids=["small", "in parts"])
def test_a_copy_within_the_service_sends_nothing_and_claims_no_more_than_its_size(
    case: Case, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.file.write_bytes(data)
    case.up()

    def never(*about: object, **more: object) -> str:
        raise AssertionError("a byte came through here")

    monkeypatch.setattr(case.place, "put_part", never)
    monkeypatch.setattr(case.place, "read", never)
    target = Place(case.base, f"/{case.bucket}/out/copy")
    copy = case.copied(case.there, target, within=f"/{case.bucket}")
    assert (copy.state, copy.proof and copy.proof.word) == (JobState.DONE, ProofWord.SIZE_ONLY)
    monkeypatch.undo()
    with case.place.read(target.path) as reader:
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == data


def test_a_move_within_the_service_reads_what_it_deletes(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.file.write_bytes(b"content")
    case.up()

    def never(*about: object, **more: object) -> list[str]:
        raise AssertionError("nobody read it")

    monkeypatch.setattr(case.place, "copy_into", never)
    target = Place(case.base, f"/{case.bucket}/out/moved")
    new = NewJob(Op.MOVE, case.there, target, within=f"/{case.bucket}")
    (number,) = case.send_new(new)
    job = case.reach(number, *AT_REST)
    assert job.state is JobState.DONE, job.reason
    assert [
        entry.name for page in case.place.list_dir(f"/{case.bucket}/out") for entry in page
    ] == ["moved"]


def test_what_the_service_may_not_copy_itself_is_sent(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.file.write_bytes(b"content")
    case.up()
    monkeypatch.setattr(copying, "refused", lambda *about: UploadExpired("", "it may not"))
    monkeypatch.setattr(copying, "headers_of", lambda *about: {"x-amz-copy-source": "/no/bucket"})
    target = Place(case.base, f"/{case.bucket}/out/copy")
    job = case.copied(case.there, target, within=f"/{case.bucket}")
    assert (job.state, job.attempt) == (JobState.DONE, 2), job.reason


@pytest.mark.parametrize("amazon", [True, False])
def test_D6_a_file_that_looks_the_same_is_another_one_where_files_have_one_address(
    case: Case, amazon: bool
) -> None:
    case.place._session.certain = amazon
    case.file.write_bytes(b"content")
    case.up()
    other = Place(case.base, f"/{case.bucket}/in/other")
    within = f"/{case.bucket}"
    assert case.copied(case.there, other, within=within).state is JobState.DONE
    again = case.copied(case.there, other, within=within)
    assert again.state is (JobState.DONE if amazon else JobState.FAILED)
    onto_itself = case.copied(case.there, case.there, within=within)
    assert onto_itself.state is JobState.FAILED and "same file" in onto_itself.reason
