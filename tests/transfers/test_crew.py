"""Threads that work one task after the other: none waits for another, none stays for ever."""

from __future__ import annotations

import threading

import pytest

from transfers import crew as crews
from transfers.crew import Crew


def _named(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_tasks_at_once_have_a_thread_each() -> None:
    crew, meeting, met = Crew("at once"), threading.Barrier(9), threading.Barrier(9)

    def task() -> None:
        meeting.wait(30)
        met.wait(30)

    for _ in range(8):
        crew.start(task)
    meeting.wait(30)
    assert _named("at once") == 8
    met.wait(30)


def test_tasks_in_turn_share_one_thread() -> None:
    crew, seen = Crew("in turn"), set[int]()
    for _ in range(50):
        done = threading.Event()

        def task(done: threading.Event = done) -> None:
            seen.add(threading.get_ident())
            done.set()

        while crew._idle == 0 and seen:  # its thread is on its way back from the last one
            pass
        crew.start(task)
        assert done.wait(30)
    assert len(seen) == 1


def test_a_thread_with_nothing_to_do_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "_IDLE_SECONDS", 0.01)
    crew, done = Crew("idle"), threading.Event()
    crew.start(done.set)
    assert done.wait(30)
    for thread in [thread for thread in threading.enumerate() if thread.name == "idle"]:
        thread.join(30)
    assert (_named("idle"), crew._idle) == (0, 0)
    again = threading.Event()
    crew.start(again.set)
    assert again.wait(30)
