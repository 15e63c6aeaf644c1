"""What came of a stream of SFTP packets, put together so that each lies in one piece of memory."""

from __future__ import annotations

from collections import deque

from providers.base import Buffer
from providers.sftp.protocol import MAX_PACKET

_HEAD = 4  # bytes that say how many follow


class Frames:
    """Copies what it is fed once, to where it is read. Pure; what comes in is hostile.

    Only whole packets are handed out. What is no packet, by the length it claims, is handed out as
    it came, for the reader to refuse. Not thread-safe.
    """

    def __init__(self) -> None:
        self._whole: deque[Buffer] = deque()
        self._waiting = 0  # bytes in it
        self._rest = b""  # too little to tell how long its packet is
        self._part = memoryview(b"")  # a packet of which more is to come
        self._filled = 0

    def __len__(self) -> int:
        """Bytes that can be taken."""
        return self._waiting

    def take(self) -> Buffer:
        """Packets that came next, whole; b"" where there are none."""
        if not self._whole:
            return b""
        taken = self._whole.popleft()
        self._waiting -= len(taken)
        return taken

    def feed(self, data: memoryview) -> None:
        """Take in a copy of what came next."""
        if self._filled < len(self._part):
            data = self._go_on(data)
        if self._rest:
            data, self._rest = memoryview(self._rest + bytes(data)), b""
        whole = _length_of_whole(data)
        if whole:
            self._put(bytes(data[:whole]))
        left = data[whole:]
        if len(left) < _HEAD:
            self._rest = bytes(left)
        else:
            self._part = memoryview(bytearray(_HEAD + _said(left)))
            self._part[: len(left)] = left
            self._filled = len(left)

    def _go_on(self, data: memoryview) -> memoryview:
        """Fill the packet that was begun; what is left of `data`."""
        end = min(self._filled + len(data), len(self._part))
        taken = end - self._filled
        self._part[self._filled : end] = data[:taken]
        self._filled = end
        if end == len(self._part):
            self._put(self._part)
        return data[taken:]

    def _put(self, whole: Buffer) -> None:
        self._whole.append(whole)
        self._waiting += len(whole)


def _said(data: memoryview) -> int:
    return int.from_bytes(data[:_HEAD], "big")


def _length_of_whole(data: memoryview) -> int:
    """How many bytes of `data` are packets that end in it."""
    end = 0
    while len(data) - end >= _HEAD:
        size = _said(data[end : end + _HEAD])
        if size > MAX_PACKET:
            return len(data)
        if end + _HEAD + size > len(data):
            break
        end += _HEAD + size
    return end
