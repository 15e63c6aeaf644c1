"""What is alike in buckets has one version: neither a source nor a copy is taken for the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from providers.s3.provider import open_endpoint
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, answer
from tests.servers.sums_bucket import SumsBucket
from tests.transfers.test_s3_copies import AT_REST, Case
from transfers.model import Job, JobState, NewJob, Op, Policy, ProofWord

DATA = b"precious" * 100


class Rotten(SumsBucket):
    """Its disk flips a bit of what is stored as "moved"; its ETag is of what was sent."""

    def _put(self, path: str, ask: Ask) -> bytes:
        said = super()._put(path, ask)
        if path.endswith("/moved"):
            stored = self.objects[path]
            self.objects[path] = replace(stored, data=bytes([stored.data[0] ^ 1]) + stored.data[1:])
        return said


class Lying(SumsBucket):
    """It keeps nothing with its objects, and once `lies` says yes and stores nothing."""

    lies = False

    def _put(self, path: str, ask: Ask) -> bytes:
        if self.lies:
            return answer(200, headers={"ETag": '"x"'})
        said = super()._put(path, ask)
        self.objects[path] = replace(self.objects[path], said={})
        return said


class Aliased(SumsBucket):
    """Its only bucket has a second name, as an access point gives one."""

    def answer(self, ask: Ask) -> bytes:
        target = re.sub("/[^/?]+", "/b", ask.target, count=1)
        return super().answer(replace(ask, target=target))


Served = Callable[[SumsBucket], Case]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A queue with a file, which lies in a bucket."""
    with ExitStack() as stack:

        def serve(bucket: SumsBucket) -> Case:
            made = Case(tmp_path, stack.enter_context(ScriptedHttp(bucket)))
            stack.callback(made.place.close)
            stack.callback(made.close)
            made.file.write_bytes(DATA)
            assert made.up().state is JobState.DONE
            return made

        yield serve


def _moved(case: Case, target: str, policy: Policy = Policy.ASK, site: str = "") -> Job:
    """The move of its file at its end."""
    within = target.rpartition("/")[0]
    new = NewJob(Op.MOVE, case.there, Place(site or case.base, target), within=within)
    (number,) = case.send_new(new, policy=policy)
    return case.reach(number, *AT_REST)


def _stands(case: Case) -> None:
    assert case.place.stat(case.there.path).size == len(DATA)


def test_a_copy_that_differs_is_no_rename_though_its_version_is_the_sources(served: Served) -> None:
    case = served(Rotten())
    job = _moved(case, f"/{case.bucket}/in/moved")
    assert job.state is JobState.FAILED
    assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
    _stands(case)


@pytest.mark.parametrize("amazon", [True, False])
def test_D6_onto_itself_by_another_name_of_its_bucket(served: Served, amazon: bool) -> None:
    case = served(Aliased())
    case.place._session.certain = amazon
    job = _moved(case, "/alias-s3alias/in/file", Policy.OVERWRITE)
    assert job.state is JobState.FAILED and "told apart" in job.reason
    _stands(case)


def _other_site(case: Case, directory: Path) -> str:
    """Another site of the same service."""
    directory.mkdir()
    address = case.base.partition(":")[2].partition("#")[0]
    site, access = access_to(address.replace("127.0.0.1", "localhost"), directory)
    case.places[site] = open_endpoint(site, access)
    return site


def test_D6_onto_itself_by_another_site(served: Served, tmp_path: Path) -> None:
    case = served(SumsBucket())
    site = _other_site(case, tmp_path / "other")
    job = _moved(case, case.there.path, Policy.OVERWRITE, site)
    assert job.state is JobState.FAILED and "told apart" in job.reason
    _stands(case)


@pytest.mark.parametrize(("name", "etag"), [("file", '"another"'), ("other", "")])
def test_a_move_between_two_sites_replaces_what_is_another_file(
    served: Served, tmp_path: Path, name: str, etag: str
) -> None:
    bucket = SumsBucket()
    case = served(bucket)
    source = bucket.objects[case.there.path]
    there = f"/{case.bucket}/out/{name}"
    bucket.objects[there] = replace(source, etag=etag or source.etag)
    site = _other_site(case, tmp_path / "other")
    assert _moved(case, there, Policy.OVERWRITE, site).state is JobState.DONE
    assert bucket.objects[there].data == DATA and case.there.path not in bucket.objects


def test_C14_the_old_file_of_the_same_size_is_not_taken_for_the_new_one(served: Served) -> None:
    bucket = Lying()
    case = served(bucket)
    case.file.write_bytes(DATA[::-1])
    bucket.lies = True
    job = case.up()
    assert job.state is JobState.FAILED
    assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
