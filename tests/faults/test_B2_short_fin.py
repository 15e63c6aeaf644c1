"""B2, as it applies to SFTP: the connection ends politely, but too early. Never `done` for that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.network.cut import PART, SIZE, Copier, Cut
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import Fate, Way
from tests.servers.openssh import find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@pytest.fixture(scope="module")
def copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copier]:
    with Rig(tmp_path_factory.mktemp("rig"), part=PART) as rig:
        yield Copier(rig, seed=2)


# Bytes of the greeting, the key exchange, the sign-in, and of what follows: data, or its answers.
_MUCH = [30, 1200, 2100, SIZE // 3, SIZE - 1]
_LITTLE = [30, 1000, 2000]


@pytest.mark.parametrize("fate", [Fate.CLOSE, Fate.HALF_CLOSE])
@pytest.mark.parametrize(
    ("course", "way", "offset"),
    [
        *((Course.UPLOAD, Way.UP, offset) for offset in _MUCH),
        *((Course.DOWNLOAD, Way.DOWN, offset) for offset in _MUCH),
        *((Course.UPLOAD, Way.DOWN, offset) for offset in _LITTLE),
        *((Course.DOWNLOAD, Way.UP, offset) for offset in _LITTLE),
    ],
)
def test_B2_a_short_FIN_costs_an_attempt_and_nothing_else(
    copier: Copier, course: Course, way: Way, offset: int, fate: Fate
) -> None:
    outcome = copier.cut(Cut(course, way, offset, replacing=True, fate=fate))
    assert (outcome.harm, outcome.struck, outcome.attempts) == ((), True, 2), str(outcome)
