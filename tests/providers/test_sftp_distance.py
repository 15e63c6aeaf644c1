"""How far a server is decides how many parts of one file are worth sending at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from tests.servers.lying_sftp import LIMITS, Ask, LyingSftp


class Far:
    """A server whose answers take `trip` seconds each."""

    def __init__(self, trip: float) -> None:
        self.now, self.trip = 0.0, trip
        self.server = LyingSftp({"/file": b"x"}, lie=self._answer)

    def _answer(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        self.now += self.trip
        return truth()


@pytest.mark.parametrize(
    ("trip", "streams"), [(0.0005, 1), (0.0024, 1), (0.0055, 8), (0.1, 8), (0.4, 8)]
)
def test_parts_go_side_by_side_only_over_distance(trip: float, streams: int) -> None:
    far = Far(trip)
    with closing(far.server.provider(clock=lambda: far.now)) as place:
        assert place.caps.writing_streams == 1  # nothing is known yet
        place.stat("/file")
        assert place.caps.writing_streams == streams


def test_a_computer_that_was_busy_takes_a_server_for_far_until_one_answer_comes_soon() -> None:
    far = Far(0.4)
    with closing(far.server.provider(clock=lambda: far.now)) as place:
        place.stat("/file")
        assert place.caps.writing_streams == 8
        far.trip = 0.001
        place.stat("/file")
        far.trip = 0.3
        place.stat("/file")
        assert place.caps.writing_streams == 1


def test_measuring_the_distance_takes_no_trip_of_its_own() -> None:
    far = Far(0.1)
    with closing(far.server.provider(clock=lambda: far.now)) as place:
        place.stat("/file")
    assert far.server.asked == ["INIT", LIMITS, "REALPATH", "READLINK", "LSTAT"]
