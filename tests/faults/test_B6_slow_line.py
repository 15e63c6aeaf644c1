"""B6: a long, thin, uneven line that hands out single bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.network.cut import Copier
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import Toxics, every
from tests.servers.openssh import find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

_SIZE = 40 << 10  # bytes: at 64 KiB/s under a second
_PART = 16 << 10
_RATE = 64 << 10


@pytest.fixture(scope="module")
def copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copier]:
    with Rig(tmp_path_factory.mktemp("rig"), part=_PART) as rig:
        yield Copier(rig, seed=6, size=_SIZE)


@pytest.mark.parametrize("course", Course)
def test_B6_bytes_that_trickle_in_one_by_one_arrive_whole(copier: Copier, course: Course) -> None:
    line = Toxics(latency=0.03, jitter=0.01, rate=_RATE, slice=1)
    outcome = copier.copy(course, every(up=line, down=line), replacing=True)
    assert (outcome.harm, outcome.attempts) == ((), 1), str(outcome)


def test_B6_at_300_ms_give_or_take_100(copier: Copier) -> None:
    """As the case has it, for one small file."""
    line = Toxics(latency=0.3, jitter=0.1, rate=_RATE, slice=1)
    outcome = copier.copy(Course.DOWNLOAD, every(up=line, down=line))
    assert (outcome.harm, outcome.attempts) == ((), 1), str(outcome)
