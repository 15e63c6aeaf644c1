"""A stream to a terminal that is taken away: who draws goes on, and ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TextIO, cast

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from tui.lasting_stream import LastingStream

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """Its own side, and the stream of a program on it."""
    import pty

    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        yield ours, stream


def test_what_is_written_reaches_the_terminal(terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal
    lasting = LastingStream(stream)
    assert lasting.write("hello") == 5
    lasting.flush()
    assert os.read(ours, 100) == b"hello"
    assert lasting.fileno() == stream.fileno()  # type: ignore[operator]
    os.close(ours)


def test_who_draws_ends_when_the_terminal_is_gone(terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal
    drawing = WriterThread(cast(TextIO, LastingStream(stream)))
    drawing.start()
    drawing.write("shown")
    assert os.read(ours, 100) == b"shown"
    os.close(ours)
    for _ in range(3 * MAX_QUEUED_WRITES):
        drawing.write("for nobody\n" * 1000)
    drawing.stop()
    assert not drawing.is_alive()


def test_other_trouble_is_not_hidden(terminal: tuple[int, TextIO]) -> None:
    class Full:
        def write(self, text: str) -> int:
            raise BlockingIOError(11, "not now")

    os.close(terminal[0])
    with pytest.raises(BlockingIOError):
        LastingStream(cast(TextIO, Full())).write("x")
