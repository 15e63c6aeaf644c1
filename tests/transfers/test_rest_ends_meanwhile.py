"""A rest may end between the look whether a job may start and the look how long to wait."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from providers.errors import Throttled
from tests.transfers.queue_case import RIGHT, Hold, QueueCase
from transfers.gate import Gate
from transfers.model import JobState
from transfers.rests import Rests
from transfers.schedule import Lane

_SECONDS = 0.2


def _finished(directory: Path, *, endpoint: str) -> JobState:
    case = QueueCase(directory)
    case.right.store.fail = Hold(
        "begin", error=Throttled("/a", retry_after=_SECONDS, endpoint=endpoint)
    )
    case.left.put("/a", b"data")
    case.start()
    try:
        (job,) = case.finish(case.copy())
        return job.state
    finally:
        case.close()


def test_a_server_s_rest_that_ends_meanwhile_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = Rests.resting

    def slowly(self: Rests, endpoint: str) -> bool:
        rests = resting(self, endpoint)
        opens = self._until.get(endpoint, 0.0) - time.monotonic()
        if rests and opens < _SECONDS / 2:
            time.sleep(max(0.0, opens) + 0.01)
        return rests

    monkeypatch.setattr(Rests, "resting", slowly)
    # Its job is due a little before the server is.
    begin = Rests.begin
    monkeypatch.setattr(
        Rests, "begin", lambda self, place, seconds: begin(self, place, seconds + 0.05)
    )
    assert _finished(tmp_path, endpoint=RIGHT) is JobState.DONE


def test_a_lane_s_rest_that_ends_meanwhile_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_room, rest = Gate.has_room, Gate.rest

    def slowly(self: Gate, lane: Lane) -> bool:
        room = has_room(self, lane)
        opens = self._resting.get(lane, 0.0) - time.monotonic()
        if not room and 0.0 < opens < _SECONDS / 2:
            time.sleep(opens + 0.01)
        return room

    monkeypatch.setattr(Gate, "has_room", slowly)
    monkeypatch.setattr(Gate, "rest", lambda self, lane, until: rest(self, lane, until + 0.05))
    assert _finished(tmp_path, endpoint="") is JobState.DONE
