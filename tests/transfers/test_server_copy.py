"""Copies within one place: made there, and never called better proven than they are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import Any

import pytest

from providers.base import Capabilities, Entry, Place
from providers.errors import ConnectionLost, ProviderError, Unsupported
from tests.transfers.queue_case import PART, RIGHT, Memory, QueueCase
from transfers.model import FINISHED, Job, JobState, NewJob, Op, Policy, Verify

DATA = os.urandom(2 * PART + 7)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(Memory):
    """A place that copies its own files. `digests`: it makes them; `tells`: it states them."""

    def __init__(self) -> None:
        super().__init__()
        self.near = False
        self.digests = True
        self.tells = False
        self.calls: list[str] = []
        self.error: ProviderError | None = None
        self.store.fail = self.note

    def note(self, operation: str, path: str) -> None:
        self.calls.append(operation)
        if operation == "copy_into" and self.error is not None:
            raise self.error

    @property
    def caps(self) -> Capabilities:
        caps = super().caps
        return caps if self.digests else replace(caps, digests=frozenset())

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        entry = super().stat(path, follow=follow)
        told = {"sha256": hashlib.sha256(self.get(path) or b"").hexdigest()} if self.tells else {}
        return replace(entry, digests=told)


@pytest.fixture
def server(case: QueueCase) -> Server:
    place = Server()
    case.places[RIGHT] = case.right = place
    place.put("/a", DATA)
    return place


def _copied(case: QueueCase, op: Op = Op.COPY, verify: Verify = Verify.AUTO) -> Job:
    new = NewJob(op, Place(RIGHT, "/a"), Place(RIGHT, "/b"))
    (job,) = case.finish(*case.send_new(new, verify=verify))
    assert (job.state, case.right.get("/b")) == (JobState.DONE, DATA)
    assert case.right.leftovers() == []
    return job


@pytest.mark.parametrize(
    ("digests", "tells", "proof"),
    [
        (True, False, "sha256 both ends"),
        # What it remembers of the source is not made of what it copied.
        (False, True, "size only"),
        (False, False, "size only"),
    ],
)
def test_no_byte_comes_through_here(
    case: QueueCase, server: Server, digests: bool, tells: bool, proof: str
) -> None:
    server.digests, server.tells = digests, tells
    job = _copied(case)
    assert (str(job.proof), job.size) == (proof, len(DATA))
    assert "copy_into" in server.calls
    assert not {"read", "put_part"} & set(server.calls)


def test_a_strong_proof_is_of_bytes_that_were_read(case: QueueCase, server: Server) -> None:
    server.digests = False
    assert str(_copied(case, verify=Verify.STRONG).proof) == "sha256 both ends"
    assert "copy_into" not in server.calls


@pytest.mark.parametrize("error", [Unsupported("/a"), ConnectionLost("/a")])
def test_what_the_place_does_not_copy_is_sent(
    case: QueueCase, server: Server, error: ProviderError
) -> None:
    server.error = error
    assert str(_copied(case).proof) == "sha256 both ends"
    assert "put_part" in server.calls


def test_a_copy_that_came_out_wrong_is_sent_then(case: QueueCase, server: Server) -> None:
    class Wrong(Server):
        def copy_into(self, upload: str, source: str, *, version: str | None) -> list[str]:
            receipts = [*super().copy_into(upload, source, version=version)]
            staged = self.staged(upload)
            assert staged is not None
            self.store.file(staged).data[5] ^= 1
            return receipts

    case.places[RIGHT] = case.right = wrong = Wrong()
    wrong.put("/a", DATA)
    job = _copied(case)
    assert (str(job.proof), job.restarts) == ("sha256 both ends", 1)
    assert "put_part" in wrong.calls


def test_who_was_told_a_digest_wants_the_bytes_to_be_read(case: QueueCase, server: Server) -> None:
    server.tells = True
    told = NewJob(Op.COPY, Place(RIGHT, "/a"), Place(RIGHT, "/b"), expected=f"sha256:{SHA256}")
    (job,) = case.finish(*case.send_new(told))
    assert (job.state, str(job.proof)) == (JobState.DONE, "sha256 both ends")
    assert "copy_into" not in server.calls


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("policy", [Policy.ASK, Policy.RENAME, Policy.SKIP, Policy.OVERWRITE])
def test_A8_a_copy_whose_answer_was_lost_is_found_again(case: QueueCase, policy: Policy) -> None:
    class Losing(Server):
        lost = False

        def staged(self, upload: str) -> str | None:
            return None

        def finish(self, upload: str, *about: Any, **more: Any) -> Entry:
            entry = super().finish(upload, *about, **more)
            if not self.lost:
                self.lost = True
                raise ConnectionLost("/b")
            return entry

    case.places[RIGHT] = case.right = place = Losing()
    place.digests = False
    place.put("/a", DATA)
    new = NewJob(Op.COPY, Place(RIGHT, "/a"), Place(RIGHT, "/b"))
    (number,) = case.send_new(new, policy=policy)
    job = case.reach(number, *FINISHED, JobState.PARKED)
    assert (job.state, job.attempt, place.paths()) == (JobState.DONE, 2, ["/a", "/b"])
    assert place.calls.count("copy_into") == 1
    assert "put_part" not in place.calls
