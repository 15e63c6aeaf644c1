"""How far a server is decides how many parts of one file are worth sending at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from tests.servers.lying_sftp import Ask, LyingSftp


class Far:
    """A server whose answers to REALPATH take `trips` seconds, one after the other."""

    def __init__(self, trips: Sequence[float]) -> None:
        self.now = 0.0
        self._trips = iter(trips)
        self.server = LyingSftp({"/file": b"x"}, lie=self._answer)

    def _answer(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == "REALPATH":
            self.now += next(self._trips)
        return truth()


@pytest.mark.parametrize(
    ("trips", "streams"),
    [
        ([0.0005], 1),
        ([0.0049], 1),
        ([0.006, 0.0055, 0.007], 5),
        ([0.1, 0.1, 0.1], 5),
        ([0.4, 0.001], 1),  # the computer was busy, the server is near
        ([0.4, 0.3, 0.001], 1),
    ],
)
def test_parts_go_side_by_side_only_over_distance(trips: list[float], streams: int) -> None:
    far = Far(trips)
    with closing(far.server.provider(clock=lambda: far.now)) as place:
        assert place.caps.writing_streams == 1  # nothing is known yet
        place.stat("/file")
        assert place.caps.writing_streams == streams
        assert far.server.asked.count("REALPATH") == len(trips)


def test_the_distance_is_measured_once() -> None:
    far = Far([0.1, 0.1, 0.1])
    with closing(far.server.provider(clock=lambda: far.now)) as place:
        for _ in range(3):
            place.stat("/file")
    assert far.server.asked.count("REALPATH") == 3
