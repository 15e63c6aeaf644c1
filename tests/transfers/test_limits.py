"""What a person set about speed and number, in force at once and kept."""

from __future__ import annotations

import pytest

from transfers.gate import Gate
from transfers.limit import Limiter
from transfers.limits import Limits
from transfers.model import Hold, SetLimits
from transfers.schedule import Lane
from transfers.view import View

SITE = "sftp://ann@host:22"


def _limits() -> tuple[Limits, Limiter, Gate]:
    limiter, gate = Limiter(lambda: 0.0), Gate(lambda endpoint: 8)
    return Limits(limiter, gate), limiter, gate


def test_what_was_set_comes_back_from_the_journal() -> None:
    limits, _, _ = _limits()
    kept = limits.change(SetLimits(rate=1000, workers=3))
    kept |= limits.change(SetLimits(endpoint=SITE, connections=2))
    again, limiter, gate = _limits()
    again.restore(kept, None, None)
    assert (limiter.rate, gate.workers, gate.site_limits) == (1000, 3, {SITE: 2})


def test_what_a_run_is_started_with_wins_over_what_was_kept() -> None:
    limits, limiter, gate = _limits()
    limits.restore({"rate": "1000", "workers": "3"}, 5, 0)
    assert (limiter.rate, gate.workers) == (0, 5)


def test_a_setting_that_is_no_number_is_left_out() -> None:
    limits, limiter, gate = _limits()
    limits.restore({"rate": "fast", "workers": "-1", "else": "7"}, None, None)
    assert (limiter.rate, gate.workers, gate.site_limits) == (0, 4, {})


def test_zero_takes_a_limit_away() -> None:
    limits, limiter, gate = _limits()
    lane = Lane("memory://a", SITE)
    limits.change(SetLimits(rate=5))
    limits.change(SetLimits(rate=0, workers=0, endpoint=SITE, connections=0))
    assert (limiter.rate, gate.workers) == (0, 1)
    gate.started(lane)
    assert gate.has_room(lane) is False
    gate.workers = 2
    assert gate.has_room(lane)


def test_a_hold_is_shown_and_kept_until_it_is_taken_back() -> None:
    limits, _, gate = _limits()
    view = View(lambda: 0.0)
    kept = limits.change(Hold())
    limits.show(view)
    assert gate.held
    assert view.snapshot(0, 0).held
    again, _, gate = _limits()
    again.restore(kept, None, None)
    assert gate.held
    kept |= again.change(Hold(False))
    later, _, gate = _limits()
    later.restore(kept, None, None)
    assert not gate.held


@pytest.mark.parametrize("kept", [{}, {"held": "0"}, {"held": "1"}])
@pytest.mark.parametrize("held", [True, False])
def test_a_run_that_is_started_held_or_not_is_and_keeps_what_was_kept(
    kept: dict[str, str], held: bool
) -> None:
    limits, _, gate = _limits()
    limits.restore(kept, None, None, held)
    assert gate.held is held
