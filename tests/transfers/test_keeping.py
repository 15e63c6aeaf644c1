"""What a copy gets of its source's permissions where a whole tree is copied: who was kept out of a
folder stays out of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from providers.base import Place
from providers.sftp.protocol import Status
from tests.faults.disks import local_queue
from tests.faults.lying_case import always, lying_case
from tests.servers.lying_sftp import ENDPOINT, LyingSftp
from tests.servers.scripted_sftp import status
from tests.transfers.queue_case import LOCAL
from transfers.model import Carry, Job, JobState, NewJob, Op

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
MANY = 40


def _tree(top: Path, **modes: int) -> Path:
    """Folders with a file in each, by their permissions."""
    for name, mode in modes.items():
        (top / name).mkdir(parents=True)
        (top / name / "file").write_bytes(b"x")
        (top / name).chmod(mode)
    top.chmod(0o755)
    return top


def _copied(tmp_path: Path, tree: Path, carry: Carry = Carry.ALL) -> list[Job]:
    target = tmp_path / "to"
    target.mkdir(exist_ok=True)
    with local_queue(tmp_path / "queue") as case:
        jobs = case.plan(Place(LOCAL, str(tree)), Place(LOCAL, str(target)))
        ended = case.finish(*case.send_new(*(replace(job, carry=carry) for job in jobs)))
    assert {job.state for job in ended} == {JobState.DONE}
    return list(ended)


def _modes(tmp_path: Path) -> dict[str, int]:
    return {
        path.name: path.stat().st_mode & 0o7777 for path in (tmp_path / "to" / "tree").iterdir()
    }


def test_who_was_kept_out_of_a_folder_is_kept_out_of_its_copy(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree", private=0o700, half=0o750, open=0o755, sealed=0o2500)
    jobs = _copied(tmp_path, tree)
    # Its owner may write into the copy of one that nobody may write into: the file has to go there.
    assert _modes(tmp_path) == {"private": 0o700, "half": 0o750, "open": 0o755, "sealed": 0o700}
    made = {Path(job.target.path).name for job in jobs if job.op is Op.MAKE_DIR}
    assert made == {"private", "half", "sealed"}


def test_a_folder_is_private_whichever_of_the_jobs_makes_it(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree", **{f"d{number}": 0o700 for number in range(MANY)})
    _copied(tmp_path, tree)
    assert _modes(tmp_path) == {f"d{number}": 0o700 for number in range(MANY)}


def test_a_folder_that_was_there_keeps_its_own_permissions(tmp_path: Path) -> None:
    (tmp_path / "to" / "tree" / "private").mkdir(parents=True)
    _copied(tmp_path, _tree(tmp_path / "tree", private=0o700))
    assert _modes(tmp_path) == {"private": 0o755}
    assert (tmp_path / "to" / "tree" / "private" / "file").read_bytes() == b"x"


def test_permissions_that_nobody_wants_kept_are_not_given_to_folders(tmp_path: Path) -> None:
    _copied(tmp_path, _tree(tmp_path / "tree", private=0o700), Carry.TIMES)
    assert _modes(tmp_path) == {"private": 0o755}


def test_a_folder_that_a_server_leaves_open_is_told(tmp_path: Path) -> None:
    refused = always("SETSTAT", lambda ask, truth: status(ask.number, Status.FAILURE, b"No"))
    with lying_case(tmp_path, LyingSftp(lie=refused)) as case:
        new = NewJob(
            Op.MAKE_DIR,
            Place(LOCAL, str(tmp_path)),
            Place(ENDPOINT, "/private"),
            mode=0o700,
            within="/",
        )
        (job,) = case.ended(new)
        assert (job.state, job.reason) == (JobState.DONE, "this place did not keep its permissions")
        assert case.server.find("/private") is not None
