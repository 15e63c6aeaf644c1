"""When a run's connections are cut."""

from __future__ import annotations

from transfers.control import Control, Stop
from transfers.watchdog import STOP_SECONDS, LowSpeed, Watch

RULE = LowSpeed(rate=1024, seconds=60.0)


class Run:
    """A control on a clock of its own, looked at by a watch."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.control = Control(lambda: self.now)
        self.watch = Watch(RULE)

    def after(self, seconds: float, moved: int = 0) -> bool:
        self.now += seconds
        self.control.gauge.add(moved)
        return self.watch.cut(self.control, self.now)


def test_B5_a_drip_below_the_low_speed_is_cut_after_its_time() -> None:
    run = Run()
    run.control.moving = True
    assert not run.after(0)
    assert [run.after(1, moved=1) for _ in range(60)] == [False] * 59 + [True]


def test_a_slow_but_steady_transfer_is_left_alone() -> None:
    run = Run()
    run.control.moving = True
    assert not any(run.after(1, moved=1100) for _ in range(600))


def test_a_transfer_that_stands_still_after_a_fast_start_is_cut() -> None:
    run = Run()
    run.control.moving = True
    assert not run.after(1, moved=1 << 30)
    assert not run.after(59)
    assert run.after(1)


def test_after_a_cut_it_gets_its_whole_time_again() -> None:
    run = Run()
    run.control.moving = True
    run.after(0)
    assert run.after(60)
    assert not run.after(59)
    assert run.after(1)


def test_what_does_not_move_bytes_may_take_its_time() -> None:
    run = Run()
    assert not run.after(0)
    assert not run.after(10_000)
    run.control.moving = True
    assert not run.after(1)


def test_time_in_which_the_limiter_held_it_back_does_not_count() -> None:
    run = Run()
    run.control.moving = True
    run.after(0)
    run.control.napped += 50.0
    assert not run.after(100)
    assert run.after(10)


def test_a_restart_from_zero_is_no_standstill() -> None:
    run = Run()
    run.control.moving = True
    run.after(30, moved=1 << 20)
    run.control.gauge.moved = 0
    assert not run.after(59)


def test_a_job_that_does_not_stop_is_cut_within_five_seconds_and_again() -> None:
    run = Run()
    run.control.stop(Stop.CANCEL)
    assert not run.after(STOP_SECONDS - 0.5)
    assert run.after(0.5)
    assert not run.after(STOP_SECONDS - 0.5)
    assert run.after(0.5)
    assert STOP_SECONDS < 5.0


def test_a_pause_that_was_taken_back_cuts_nothing() -> None:
    run = Run()
    run.control.stop(Stop.PAUSE)
    run.control.take_back_pause()
    assert not run.after(3600)
