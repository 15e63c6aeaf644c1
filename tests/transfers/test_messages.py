"""What reaches the coordinator is collected for a moment only while nobody waits for it."""

from __future__ import annotations

import queue
import threading

import pytest

from tests.transfers.samples import make_job
from transfers.messages import Message, Reported, collect
from transfers.model import JobState


def _told(number: int, *, waits: bool) -> Reported:
    return Reported(make_job(number, JobState.TRANSFERRING), waits=waits)


def _inbox(*messages: Message) -> queue.SimpleQueue[Message]:
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    for message in messages:
        inbox.put(message)
    return inbox


def test_nothing_that_came_is_no_message() -> None:
    assert collect(_inbox(), 0.0) == []


def test_all_that_is_there_comes_at_once_and_in_order() -> None:
    there = [_told(1, waits=False), _told(2, waits=True), _told(3, waits=False)]
    assert collect(_inbox(*there), None) == there


def test_what_nobody_waits_for_is_joined_by_what_comes_in_that_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("transfers.messages._GATHER_SECONDS", 60.0)
    first, late = _told(1, waits=False), _told(2, waits=True)
    inbox = _inbox(first)
    taken: list[list[Message]] = []
    thread = threading.Thread(target=lambda: taken.append(collect(inbox, None)))
    thread.start()
    while not inbox.empty():  # it has taken the first, and waits for more
        pass
    inbox.put(late)
    thread.join()
    assert taken == [[first, late]]


def test_what_nobody_waits_for_does_not_wait_long_either() -> None:
    only = _told(1, waits=False)
    assert collect(_inbox(only), None) == [only]
