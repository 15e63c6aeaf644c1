"""Jobs that are made the quick way are as those made the slow way."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from providers.base import Place
from tests.transfers.samples import make_job
from transfers.altered import all_altered, altered, place, state_changed
from transfers.model import Job, JobState, Proof, ProofWord, StateChanged


def test_an_altered_job_is_the_same_but_for_what_was_altered() -> None:
    values = {field.name: f"a {field.name}" for field in fields(Job)}
    job = Job(**values)  # type: ignore[arg-type]
    assert altered(job) == job
    for name in values:
        assert altered(job, **{name: "other"}) == replace(job, **{name: "other"})  # type: ignore[arg-type]
    assert job == Job(**values)  # type: ignore[arg-type]


def test_all_are_altered_alike_and_keep_what_is_their_own() -> None:
    jobs = [make_job(1), make_job(2, JobState.PAUSED, size=5)]
    proof = Proof(ProofWord.SIZE_ONLY)
    changed = all_altered(jobs, state=JobState.DONE, proof=proof)
    assert changed == [replace(job, state=JobState.DONE, proof=proof) for job in jobs]


def test_what_was_made_quickly_is_frozen_and_of_its_own_class() -> None:
    job = altered(make_job(1), size=5)
    change = state_changed(job, JobState.PAUSED)
    where = place("file:", "/a")
    assert (change, where) == (StateChanged(job, JobState.PAUSED), Place("file:", "/a"))
    assert [type(made) for made in (job, change, where)] == [Job, StateChanged, Place]
    for made, name in ((job, "size"), (change, "before"), (where, "path")):
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, None)
        with pytest.raises(FrozenInstanceError):
            delattr(made, name)


def test_what_is_no_field_of_a_job_cannot_be_altered() -> None:
    with pytest.raises(AttributeError, match="sise"):
        altered(make_job(1), sise=5)
    assert altered(make_job(1), size=5).size == 5
