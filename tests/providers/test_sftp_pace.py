"""The size of a request follows the line."""

from __future__ import annotations

from providers.sftp.pace import Pace

MOST = 255 << 10


class Line:
    """A pace on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pace = Pace(lambda: self.now)

    def sizes(self, seconds: float, count: int) -> list[int]:
        sizes = []
        for _ in range(count):
            self.now += seconds
            self.pace.passed()
            sizes.append(self.pace.size(MOST) >> 10)
        return sizes


def test_the_first_request_is_one_that_every_server_takes() -> None:
    assert Line().pace.size(MOST) == 32 << 10
    assert Line().pace.size(1000) == 1000


def test_on_a_fast_line_requests_grow_to_the_most() -> None:
    assert Line().sizes(0.01, 5) == [64, 128, 255, 255, 255]


def test_B5_on_a_slow_line_they_shrink_and_recover_with_it() -> None:
    line = Line()
    assert line.sizes(5.0, 5) == [16, 8, 4, 4, 4]
    assert line.sizes(0.1, 3) == [8, 16, 32]


def test_on_a_line_in_between_they_stay() -> None:
    assert Line().sizes(1.0, 3) == [32, 32, 32]


def test_time_in_which_nothing_was_under_way_does_not_count() -> None:
    line = Line()
    line.now += 3600.0
    line.pace.begin()
    assert line.sizes(0.1, 1) == [64]
