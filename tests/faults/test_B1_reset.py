"""B1: the connection is reset after byte n. `python -m tests.faults.sweep` sweeps n in full."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.faults.network.cut import PART, SIZE, Copier, Cut
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import Toxics, Way, first
from tests.faults.sweep import cuts, measured
from tests.servers.openssh import find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

OFFSETS = 8  # for each direction and way
SEED = random.SystemRandom().randrange(1 << 32)
_OVERHEAD = 32 << 10  # bytes: a second greeting, key exchange and sign-in, and the packets' frames
_SLOW = 512 << 10  # bytes a second: what has come is also stored, but for the last of it


@pytest.fixture(scope="module")
def copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copier]:
    with Rig(tmp_path_factory.mktemp("rig"), part=PART) as rig:
        yield Copier(rig, SEED)


@pytest.mark.timeout(300)
def test_B1_a_reset_anywhere_costs_an_attempt_and_nothing_else(copier: Copier) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when it fails
    made = [(cut, copier.cut(cut)) for cut in cuts(measured(copier), OFFSETS, SEED)]
    assert [f"{cut}: {outcome}" for cut, outcome in made if outcome.harm] == []
    struck = [outcome for _, outcome in made if outcome.struck]
    assert len(struck) > len(made) * 0.9  # the very last bytes may fall after the end
    spent = [outcome.attempts for outcome in struck]
    assert sum(attempts <= 2 for attempts in spent) > len(spent) * 0.9
    assert 2 in spent  # none where only the shell that digests was lost


def test_B1_after_a_reset_in_its_middle_an_upload_goes_on_where_it_was(copier: Copier) -> None:
    outcome = copier.cut(Cut(Course.UPLOAD, Way.UP, SIZE // 2))
    assert (outcome.harm, outcome.struck) == ((), True)
    assert outcome.passed[Way.UP] <= SIZE + PART + _OVERHEAD, outcome


def test_B1_after_a_reset_in_its_middle_a_download_goes_on_where_it_was(
    copier: Copier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfers.resume.TAIL", PART)  # read again: a server has whole seconds
    cut = SIZE * 3 // 4
    outcome = copier.copy(Course.DOWNLOAD, first(down=Toxics(rate=_SLOW, after=cut)))
    assert (outcome.harm, outcome.struck) == ((), True)
    assert outcome.passed[Way.DOWN] <= SIZE + cut - PART + _OVERHEAD, outcome
