"""A stream to a terminal that may be taken away."""

from __future__ import annotations

import errno
import os
from typing import TextIO

_GONE = frozenset({errno.EIO, errno.ENXIO, errno.EPIPE, errno.EBADF})


class LastingStream:
    """Writes to `stream` as long as its terminal is there, then nowhere.

    Textual draws in a thread (textual/drivers/_writer_thread.py): it would die of the error, and
    the screen would wait for it for ever instead of ending. Everything else is the stream's own.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._let_go(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._let_go(error)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _let_go(self, error: OSError) -> None:
        """What is buffered still, and what Python flushes at its end, goes nowhere as well."""
        if error.errno not in _GONE:
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._stream.fileno())
        finally:
            os.close(nowhere)
        self._stream.flush()
