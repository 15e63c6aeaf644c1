"""SFTP's channel past paramiko's own loop, where its packets are lean (`lean_packets`).

What comes is put together once, to where it is read; what goes is encrypted several packets at a
time and sent at once. Anywhere else the channel is used as paramiko offers it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko.buffered_pipe import BufferedPipe, PipeTimeout

from providers.base import Buffer
from providers.sftp.frames import Frames
from providers.sftp.lean_packets import LeanPacketizer, ReferringMessage, SeveralMessages

_GATHERED = 256 << 10  # bytes that are sent at once, at the most
_LEAST = 32 << 10  # the same, where that took long
_LONG = 0.25  # seconds


def lead_to(channel: paramiko.Channel) -> None:
    """Have what comes on `channel`, nothing so far, go straight to who reads it: SFTP's packets."""
    packets = getattr(channel.get_transport(), "packetizer", None)
    if isinstance(packets, LeanPacketizer):
        channel.in_buffer = FramesPipe()
        packets.lead_to(channel)


def sender(channel: paramiko.Channel) -> Callable[[Buffer, Buffer, int], int]:
    """What sends some of two pieces of memory, one behind the other, from a byte on.

    It returns how many bytes; 0 once the channel is closed. Raises as `channel.send`.
    """
    packets = getattr(channel.get_transport(), "packetizer", None)
    if not isinstance(packets, LeanPacketizer):
        return lambda head, body, at: channel.send(b"".join(_cut(head, body, at, _GATHERED)))
    return _Sender(channel).send


class _Sender:
    """As `Channel._send`, with several packets at once: few where a line is slow, on which others
    wait for their turn meanwhile."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._most = _GATHERED

    def send(self, head: Buffer, body: Buffer, at: int) -> int:
        channel, end = self._channel, at
        messages = []
        for size in _granted(channel, min(len(head) + len(body) - at, self._most)):
            pieces = _cut(head, body, end, size)
            messages.append(ReferringMessage(channel.remote_chanid, *pieces))
            end += size
        if messages:
            began = time.monotonic()
            message = messages[0] if len(messages) == 1 else SeveralMessages(messages)
            channel.transport._send_user_message(message)
            self._took(time.monotonic() - began)
        return end - at

    def _took(self, seconds: float) -> None:
        self._most = _LEAST if seconds > _LONG else min(2 * self._most, _GATHERED)


def _granted(channel: Any, most: int) -> list[int]:
    """The sizes of the packets that may be sent by now, `most` bytes together; none once the
    channel is closed."""
    sizes: list[int] = []
    total = 0
    with channel.lock:
        if channel.closed:
            raise OSError("the channel is closed")
        while total < most and (not sizes or channel.out_window_size):
            size = channel._wait_for_send_window(most - total)
            if not size:
                break
            sizes.append(size)
            total += size
    return sizes


def _cut(head: Buffer, body: Buffer, at: int, size: int) -> tuple[Buffer, Buffer]:
    """`size` bytes from `at` on of `head` and `body` behind it."""
    start = len(head)
    return head[at : at + size], body[max(0, at - start) : max(0, at + size - start)]


class FramesPipe(BufferedPipe):  # type: ignore[type-arg]  # it takes none when it runs
    """What comes on a channel of SFTP: packets are copied once, and who waits is woken when one of
    them is whole."""

    _cv: Any
    _closed: bool

    def __init__(self) -> None:
        super().__init__()
        self._frames = Frames()
        self._came = 0.0  # when something came last

    def feed(self, data: Buffer) -> None:
        with self._cv:
            self._came = time.monotonic()
            self._frames.feed(memoryview(data))
            if len(self._frames):
                self._cv.notify_all()

    def read(self, nbytes: int, timeout: float | None = None) -> Buffer:
        """What came, whatever `nbytes` says. Raises PipeTimeout once nothing came for so long."""
        with self._cv:
            began = time.monotonic()
            while not len(self._frames) and not self._closed:
                left = None
                if timeout is not None:
                    left = max(began, self._came) + timeout - time.monotonic()
                    if left <= 0:
                        raise PipeTimeout
                self._cv.wait(left)
            return self._frames.take()

    def read_ready(self) -> bool:
        return len(self) > 0

    def empty(self) -> bytes:
        with self._cv:
            return b"".join(iter(self._frames.take, b""))

    def __len__(self) -> int:
        with self._cv:
            return len(self._frames)
