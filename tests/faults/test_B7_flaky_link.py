"""B7: a link that goes away again and again, or for long; the queue ends by itself all the same."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.network.cut import Copier
from tests.faults.network.link import may_cut_links
from tests.faults.network.rig import Course, Rig
from tests.faults.oracle import Watched, at_end
from tests.faults.proxy import Link, Plan, Toxics, every, first
from tests.servers.openssh import find_sshd
from transfers.model import RUNNING, JobState, NewJob, StateChanged

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

CUTS = 100
_FILE = 64 << 10  # bytes
_PART = 16 << 10
_WORKERS = 4  # files at once, as long as nobody says otherwise
_MOST_STARTS = 8  # of a job that does not get any further


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("rig"), part=_PART) as rig:
        yield rig


def _cut_often(seed: int) -> Plan:
    """The first connections each break after some of the way, in one direction or the other."""
    chosen = random.Random(seed)
    cuts = [chosen.choice("ud") for _ in range(CUTS)]
    after = [chosen.randrange(100 << 10, 180 << 10) for _ in range(CUTS)]

    def plan(number: int) -> Link:
        if number >= CUTS:
            return Link()
        cut = Toxics(after=after[number])
        return Link(up=cut) if cuts[number] == "u" else Link(down=cut)

    return plan


def _make(rig: Rig, folder: Path, count: int) -> tuple[list[Watched], list[NewJob]]:
    """`count` files in `folder`, and a job for each, this way or that, into its "to"."""
    made = random.Random(7)
    (folder / "to").mkdir()
    files: list[Watched] = []
    jobs: list[NewJob] = []
    for number in range(count):
        source = folder / f"source-{number}"
        source.write_bytes(made.randbytes(_FILE))
        file = Watched(source, folder / "to" / source.name, source.read_bytes())
        files.append(file)
        jobs.append(rig.new(made.choice(list(Course)), file.source, file.target))
    return files, jobs


@pytest.mark.timeout(300)
def test_B7_a_queue_outlives_a_hundred_cuts(rig: Rig, tmp_path: Path) -> None:
    """No job may fail: a connection lasts for several parts, and a job whose part was stored since
    its last start has no start too many. Only one that met eight cuts in a row before a single
    part was stored would be right to fail."""
    files, new = _make(rig, tmp_path, 1_200)
    cuts, before = _cut_often(7), rig.proxy.accepted
    rig.proxy.plan = lambda number: cuts(number - before)
    with rig.queue(tmp_path / "queue") as queue:
        jobs = queue.finish(queue.send(*new))
    assert rig.proxy.accepted - before > CUTS, "the files were too small to be cut that often"
    assert at_end(files, [tmp_path / "to"], jobs, len(files)) == []


def test_B7_a_large_file_outlives_more_cuts_than_it_has_attempts(tmp_path: Path) -> None:
    """What got further since the last cut was no failed attempt: 10 GiB need many connections."""
    with Rig(tmp_path, part=_PART) as rig:
        copier = Copier(rig, seed=7, size=1 << 20)
        cut = Toxics(after=80 << 10)
        outcome = copier.copy(Course.UPLOAD, first(12, up=cut), faults=12)
    assert outcome.harm == (), str(outcome)
    assert outcome.accepted > 12


def test_B7_a_queue_outlives_an_outage_and_one_job_at_a_time_knocks(tmp_path: Path) -> None:
    """The link hangs up on whoever comes, before the server's first word, for more knocks than a
    job has attempts."""
    with Rig(tmp_path, part=_PART) as rig, rig.queue(tmp_path / "queue") as queue:
        files, new = _make(rig, tmp_path, 50)
        numbers = queue.send(*new)
        assert queue.until(lambda: any(queue.job(n).state is JobState.DONE for n in numbers))
        rig.proxy.plan = every(down=Toxics(after=0))
        before = rig.proxy.accepted
        rig.proxy.reset()
        assert queue.until(lambda: rig.proxy.accepted - before >= 3 * _MOST_STARTS)
        at_once = _at_once(queue.heard)
        rig.proxy.plan = every()
        jobs = queue.finish(numbers)
    assert at_end(files, [tmp_path / "to"], jobs, len(files)) == []
    spent = [job.attempt - 1 for job in jobs if job.attempt > 1]
    assert spent == [1] * len(spent)  # of those that were cut in the middle of their work
    assert len(spent) <= _WORKERS
    assert len(at_once) > _MOST_STARTS
    assert max(at_once) == 1


def _at_once(heard: Sequence[StateChanged]) -> list[int]:
    """How many jobs ran at once, at each start of one, once those that were cut had given up."""
    running: set[int] = set()
    counts, missed = [], 0
    for change in heard:
        job = change.job
        missed += job.state is JobState.WAITING and "cannot be reached" in job.reason
        (running.add if job.state in RUNNING else running.discard)(job.id)
        if job.state is JobState.PREPARING and missed > 2 * _WORKERS:
            counts.append(len(running))
    return counts


@pytest.mark.timeout(300)
def test_B7_a_real_link_that_goes_down_and_up(tmp_path: Path) -> None:
    if not may_cut_links():
        pytest.skip("needs a network namespace of its own (root on Linux, with ip and unshare)")
    unshare = shutil.which("unshare")
    assert unshare is not None
    command = [unshare, "-n", sys.executable, "-m", "tests.faults.network.link", "--times", "8"]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": "."}
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 lost, 0 altered" in ended.stdout
