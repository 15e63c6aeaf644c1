"""E5: names that are two here and one there: found before anything is moved, and asked about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import Kind, Place
from tests.faults.drive_case import ENDPOINT, PROFILES, DriveCase, drive_case
from tests.transfers.queue_case import LOCAL
from transfers.model import FINISHED, JobState, Op, ParkReason, Policy
from transfers.plan import Meets, look_ahead

pytestmark = pytest.mark.skipif(os.name == "nt", reason="this disk folds names itself")
PAIRS = (
    ("a.txt", "A.txt"),
    ("docs/a.txt", "Docs/a.txt"),
    ("caf\u00e9", "cafe\u0301"),
    ("x/\u00c5/deep", "x/A\u030a/deep"),
)


@pytest.fixture(params=PROFILES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DriveCase]:
    with drive_case(tmp_path, request.param) as made:
        yield made


def tree(case: DriveCase, pair: tuple[str, str]) -> Path:
    top = case.folder / "tree"
    for name in pair:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    if len({path.read_text() for path in top.rglob("*") if path.is_file()}) < 2:
        pytest.skip("this disk takes both names for one")
    return top


@pytest.mark.parametrize("pair", PAIRS, ids=ascii)
def test_E5_a_plan_names_the_clash_before_anything_is_moved(
    case: DriveCase, pair: tuple[str, str]
) -> None:
    jobs = case.plan(Place(LOCAL, str(tree(case, pair))), Place(ENDPOINT, "/"))
    met = [row.meets for row in look_ahead(jobs, case.provider)]
    assert sorted(met) == sorted([Meets.NEW, Meets.CLASH])
    assert "tree" not in [entry.name for page in case.provider.list_dir("/") for entry in page]


@pytest.mark.parametrize("pair", PAIRS, ids=ascii)
@pytest.mark.parametrize("move", [False, True], ids=["copy", "move"])
def test_E5_even_who_overwrites_is_asked_and_no_file_is_lost(
    case: DriveCase, pair: tuple[str, str], move: bool
) -> None:
    """Forms of Unicode are two names in the emulated drive: both are there, then."""
    top = tree(case, pair)
    jobs = case.plan(Place(LOCAL, str(top)), Place(ENDPOINT, "/"), move=move)
    numbers = case.send_new(*jobs, policy=Policy.OVERWRITE)
    files = [n for n, job in zip(numbers, jobs, strict=True) if job.op is not Op.REMOVE_DIR]
    ended = [case.reach(number, *FINISHED, JobState.PARKED) for number in files]
    asked = [job for job in ended if job.state is JobState.PARKED]
    assert [job.park for job in asked] == [ParkReason.CONFLICT] * len(asked)
    assert all(Path(job.source.path).read_text() in pair for job in asked)
    there = contents(case, "/tree")
    assert sorted([*there, *(Path(job.source.path).read_text() for job in asked)]) == sorted(pair)


def contents(case: DriveCase, path: str) -> list[str]:
    """What is in the files below `path`."""
    found: list[str] = []
    for entry in [entry for page in case.provider.list_dir(path) for entry in page]:
        if entry.kind is Kind.DIR:
            found += contents(case, entry.path)
        else:
            with case.provider.read(entry.path) as reader:
                found.append(b"".join(bytes(chunk) for chunk in reader.chunks()).decode())
    return found
