"""B7: a link that goes away again and again; the queue ends by itself all the same."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.network.cut import Copier
from tests.faults.network.link import may_cut_links
from tests.faults.network.rig import Course, Rig
from tests.faults.oracle import Watched, at_end
from tests.faults.proxy import Link, Plan, Toxics, first
from tests.servers.openssh import find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

CUTS = 100
_FILE = 64 << 10  # bytes
_PART = 16 << 10


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("rig"), part=_PART) as rig:
        yield rig


def _cut_often(seed: int) -> Plan:
    """The first connections each break after some of the way, in one direction or the other."""
    chosen = random.Random(seed)
    cuts = [chosen.choice("ud") for _ in range(CUTS)]
    after = [chosen.randrange(20 << 10, 90 << 10) for _ in range(CUTS)]

    def plan(number: int) -> Link:
        if number >= CUTS:
            return Link()
        cut = Toxics(after=after[number])
        return Link(up=cut) if cuts[number] == "u" else Link(down=cut)

    return plan


@pytest.mark.timeout(300)
def test_B7_a_queue_outlives_a_hundred_cuts(rig: Rig, tmp_path: Path) -> None:
    made = random.Random(7)
    to = tmp_path / "to"
    to.mkdir()
    files: list[Watched] = []
    courses: list[Course] = []
    while len(files) < CUTS * 2:
        source = tmp_path / f"source-{len(files)}"
        source.write_bytes(made.randbytes(_FILE))
        files.append(Watched(source, to / source.name, source.read_bytes()))
        courses.append(made.choice(list(Course)))
    rig.proxy.plan = _cut_often(7)
    with rig.queue(tmp_path / "queue") as queue:
        new = [rig.new(c, f.source, f.target) for c, f in zip(courses, files, strict=True)]
        jobs = queue.finish(queue.send(*new))
    assert rig.proxy.accepted > CUTS, "the files were too small to be cut that often"
    assert at_end(files, [to], jobs, len(files)) == []


def test_B7_a_large_file_outlives_more_cuts_than_it_has_attempts(tmp_path: Path) -> None:
    """What got further since the last cut was no failed attempt: 10 GiB need many connections."""
    with Rig(tmp_path, part=_PART) as rig:
        copier = Copier(rig, seed=7, size=1 << 20)
        cut = Toxics(after=80 << 10)
        outcome = copier.copy(Course.UPLOAD, first(12, up=cut), faults=12)
    assert outcome.harm == (), str(outcome)
    assert outcome.accepted > 12


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
