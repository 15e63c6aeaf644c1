"""What the terminal shows of the queue: its title, its progress; seldom, and taken back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from transfers.model import JobState, Snapshot, Totals
from tui.terminal_kind import Told, notifies, shows_progress
from tui.terminal_signs import TerminalSigns, progress, title

S = JobState
WINDOWS_TERMINAL = {"WT_SESSION": "1"}


def queue(moved: int, **counts: int) -> Snapshot:
    totals = Totals({S(name): n for name, n in counts.items()}, size=100, moved=moved)
    return Snapshot(1, 0, totals.jobs, (), totals)


class Terminal:
    """What was written to it, on a clock of its own."""

    def __init__(self, environ: Mapping[str, str] = WINDOWS_TERMINAL, *, on: bool = True) -> None:
        self.now = 100.0
        self.written: list[str] = []
        self.signs = TerminalSigns(self.written.append, environ, lambda: self.now, on=on)

    def show(self, snapshot: Snapshot, after: float = 60.0) -> str:
        """What is written when the queue is shown, so many seconds after the last time."""
        self.now += after
        del self.written[:]
        self.signs.show(snapshot)
        return "".join(self.written)


def test_the_title_tells_how_far_it_is_and_how_many_are_left() -> None:
    assert title(queue(42, transferring=1, queued=2, failed=1)) == "Wharfie 42 % · 3 left"
    assert title(queue(42, done=1, parked=1)) == "Wharfie"
    assert title(Snapshot(1, 0, 1, (), Totals({S.QUEUED: 1}))) == "Wharfie · 1 left"


def test_progress_is_in_the_colour_of_trouble_when_there_is_some() -> None:
    assert progress(queue(42, transferring=1)) == "\x1b]9;4;1;42\x07"
    assert progress(queue(42, transferring=1, failed=1)) == "\x1b]9;4;2;42\x07"
    assert progress(queue(42, transferring=1, parked=1)) == "\x1b]9;4;2;42\x07"
    assert progress(queue(100, done=1)) == "\x1b]9;4;0;0\x07"
    assert progress(Snapshot(1, 0, 1, (), Totals({S.QUEUED: 1}))) == "\x1b]9;4;3;0\x07"


def test_the_old_title_is_kept_and_comes_back_and_the_progress_ends() -> None:
    terminal = Terminal()
    told = terminal.show(queue(42, transferring=1))
    assert told == "\x1b[22;2t\x1b]2;Wharfie 42 % · 1 left\x07\x1b]9;4;1;42\x07"
    assert terminal.signs.end() == "\x1b]2;\x07\x1b[23;2t\x1b]9;4;0;0\x07"
    assert terminal.signs.end() == ""
    assert terminal.show(queue(42, transferring=1), 0.0) == told  # after a stop in the shell


def test_what_is_shown_already_is_not_written_again_but_progress_now_and_then() -> None:
    terminal = Terminal()
    terminal.show(queue(42, transferring=1))
    assert terminal.show(queue(42, transferring=1), 5.0) == ""
    assert terminal.show(queue(42, transferring=1), 6.0) == "\x1b]9;4;1;42\x07"
    terminal.show(queue(100, done=1))
    assert terminal.show(queue(100, done=1)) == ""


@pytest.mark.parametrize(("environ", "most"), [({}, 6), ({"SSH_TTY": "/dev/pts/1"}, 2)])
def test_a_second_of_progress_costs_a_few_bytes_however_often_it_is_looked_at(
    environ: Mapping[str, str], most: int
) -> None:
    terminal = Terminal({**WINDOWS_TERMINAL, **environ})
    told = [terminal.show(queue(n, transferring=1), 0.125) for n in range(40)]  # five seconds
    assert sum(map(bool, told)) <= most
    assert sum(map(len, told)) < most * 100


def test_the_end_is_shown_at_once() -> None:
    terminal = Terminal()
    terminal.show(queue(42, transferring=1))
    assert terminal.show(queue(100, done=1), 0.1) == "\x1b]2;Wharfie\x07\x1b]9;4;0;0\x07"


def test_switched_off_it_writes_nothing() -> None:
    terminal = Terminal(on=False)
    assert terminal.show(queue(42, transferring=1)) == ""
    assert terminal.signs.end() == ""


@pytest.mark.parametrize(
    ("environ", "shows"),
    [
        ({}, False),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"WT_SESSION": "x"}, True),
        ({"WT_SESSION": "x", "TMUX": "/tmp/tmux"}, False),
        ({"ConEmuPID": "1"}, True),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM_PROGRAM": "ghostty", "TERM_PROGRAM_VERSION": "1.2.0"}, True),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.6.9"}, True),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.5.0"}, False),
        ({"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20240203-110809"}, False),
        ({"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20250601-1"}, True),
        ({"VTE_VERSION": "8001"}, True),
        ({"VTE_VERSION": "7600"}, False),
        ({"TERM_PROGRAM": "iTerm.app"}, False),
    ],
)
def test_progress_is_for_terminals_that_take_it_for_what_it_is(
    environ: Mapping[str, str], shows: bool
) -> None:
    assert shows_progress(environ) is shows
    assert ("\x1b]9;4" in Terminal(environ).show(queue(42, transferring=1))) is shows


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, Told.NONE),
        ({"TERM": "xterm-kitty"}, Told.OSC_99),
        ({"TERM": "xterm-kitty", "STY": "1.x"}, Told.NONE),
        ({"TERM": "xterm-ghostty"}, Told.OSC_9),
        ({"TERM_PROGRAM": "WezTerm"}, Told.OSC_9),
        ({"TERM": "foot-extra"}, Told.OSC_777),
        ({"TERM": "rxvt-unicode-256color"}, Told.OSC_777),
    ],
)
def test_each_terminal_is_asked_for_a_notification_in_its_own_way(
    environ: Mapping[str, str], told: Told
) -> None:
    assert notifies(environ) is told
