"""B8 on SSH: what a bad memory or a bad line altered is found out by SSH itself, and sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from providers.sftp.patience import USUAL
from tests.faults.network.cut import PART, SIZE, Copier
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import Link, Toxics, Way, first
from tests.servers.openssh import find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@pytest.fixture(scope="module")
def copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copier]:
    # A length that was altered has us wait for bytes that never come.
    patience = replace(USUAL, answer=2.0, greeting=5.0, key_exchange=5.0, sign_in=5.0, channel=5.0)
    with Rig(tmp_path_factory.mktemp("rig"), part=PART, patience=patience) as rig:
        yield Copier(rig, seed=8)


_PLACES = [
    (Course.UPLOAD, Way.UP, 2500),  # SFTP's first requests
    (Course.UPLOAD, Way.UP, SIZE // 3),
    (Course.UPLOAD, Way.DOWN, 4000),  # an acknowledgement
    (Course.DOWNLOAD, Way.UP, 2000),  # a request
    (Course.DOWNLOAD, Way.DOWN, SIZE // 3),
    (Course.DOWNLOAD, Way.DOWN, SIZE),
]


@pytest.mark.parametrize(
    "toxics",
    [lambda offset: Toxics(flip_at=offset), lambda offset: Toxics(duplicate=(offset, 32))],
    ids=["flip", "duplicate"],
)
@pytest.mark.parametrize(("course", "way", "offset"), _PLACES)
def test_B8_altered_bytes_cost_the_connection_and_nothing_else(
    copier: Copier, course: Course, way: Way, offset: int, toxics: Callable[[int], Toxics]
) -> None:
    altered = toxics(offset)
    plan = first(up=altered) if way is Way.UP else first(down=altered)
    outcome = copier.copy(course, plan, replacing=True)
    assert (outcome.harm, outcome.attempts) == ((), 2), str(outcome)


@pytest.mark.parametrize(
    ("way", "offset"),
    [
        *((Way.DOWN, offset) for offset in range(1700, 3100, 200)),
        *((Way.UP, offset) for offset in range(1300, 2000, 200)),
    ],
)
def test_B8_bits_flipped_while_signing_in_are_no_mistake_of_ours(
    copier: Copier, way: Way, offset: int
) -> None:
    altered = Toxics(flip_at=offset)
    plan = first(up=altered) if way is Way.UP else first(down=altered)
    outcome = copier.copy(Course.DOWNLOAD, plan)
    assert (outcome.harm, outcome.attempts) == ((), 2), str(outcome)
    assert "internal error" not in str(outcome)


def test_B8_a_line_that_alters_a_bit_now_and_then_is_outlasted(copier: Copier) -> None:
    """Every 400,000th byte, on each of the first two connections."""
    noisy = Toxics(flip_every=400_000)
    outcome = copier.copy(
        Course.UPLOAD, lambda number: Link(up=noisy) if number < 2 else Link(), faults=2
    )
    assert (outcome.harm, outcome.attempts) == ((), 3), str(outcome)
