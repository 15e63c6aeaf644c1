"""Moves within a bucket, where what is alike has one version: the source goes only for a copy that
is proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from tests.servers.scripted_http import Ask, ScriptedHttp
from tests.servers.sums_bucket import SumsBucket
from tests.transfers.test_s3_copies import AT_REST, Case
from transfers.model import JobState, NewJob, Op, ProofWord

DATA = b"precious" * 100


class Rotten(SumsBucket):
    """Its disk flips a bit of what is stored as "moved"; its ETag is of what was sent."""

    def _put(self, path: str, ask: Ask) -> bytes:
        said = super()._put(path, ask)
        if path.endswith("/moved"):
            stored = self.objects[path]
            self.objects[path] = replace(stored, data=bytes([stored.data[0] ^ 1]) + stored.data[1:])
        return said


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with ScriptedHttp(Rotten()) as server:
        made = Case(tmp_path, server)
        yield made
        made.close()
        made.place.close()


def test_a_copy_that_differs_is_no_rename_though_its_version_is_the_sources(case: Case) -> None:
    case.file.write_bytes(DATA)
    assert case.up().state is JobState.DONE
    target = Place(case.base, f"/{case.bucket}/in/moved")
    (number,) = case.send_new(NewJob(Op.MOVE, case.there, target, within=f"/{case.bucket}"))
    job = case.reach(number, *AT_REST)
    assert job.state is JobState.FAILED
    assert job.proof is not None and job.proof.word is ProofWord.MISMATCH
    assert case.place.stat(case.there.path).size == len(DATA)
