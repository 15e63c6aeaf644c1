"""SSH packets with fewer copies: paramiko's own path copies each byte about ten times.

All that leans on paramiko's private parts is in this file and in `lean_channel`. Only packets under
AES-GCM, without compression and away from a renewal of keys go this way; any other, and each that
decides about a renewal, is left to paramiko. Where its parts are not those that this was written
for (`usable`), all of them are.

Who changes this: RFC 4253 section 6 (packets), RFC 5647 section 7 (AES-GCM), RFC 4254 section 5.2.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import paramiko
from paramiko.buffered_pipe import BufferedPipe
from paramiko.common import MSG_CHANNEL_DATA, MSG_CHANNEL_WINDOW_ADJUST
from paramiko.message import Message
from paramiko.packet import NeedRekeyException, Packetizer

from providers.base import Buffer

_WRITTEN_FOR = "5.1."
_OF_PIPES = ("_cv", "_closed")
_OF_CHANNELS = ("_wait_for_send_window", "_window_adjust")
_TAG = 16  # bytes of AES-GCM's behind each packet
_HELD = 1 << 20  # bytes read at once
_LARGEST = 512 << 10  # bytes of a packet; what claims to be longer is left to paramiko
_AROUND = 64  # bytes of a packet besides its message, at the most
_MOST_PADDING = 32  # bytes
_SPARE = 1 << 20  # bytes: so much before a renewal is due paramiko sees to it
_SPARE_PACKETS = 16
_LAST_NUMBER = 0xFFFFF000  # so near to its end paramiko counts the packets
_DATA = struct.Struct(">BBII")  # padding, type, channel, length (or by how much its window grows)


def packetizer_for(sock: object) -> type[Packetizer] | None:
    """The class for `paramiko.Transport(packetizer_class=…)` over `sock`; None: its own."""
    return LeanPacketizer if isinstance(sock, socket.socket) and usable() else None


def usable() -> bool:
    """Whether paramiko and its ciphers have the parts that this file leans on."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    made = Packetizer(None)  # type: ignore[arg-type]  # it is never used
    return (
        paramiko.__version__.startswith(_WRITTEN_FOR)
        and all(hasattr(made, name) for name in LeanPacketizer.__annotations__)
        and all(hasattr(AESGCM, name) for name in ("encrypt_into", "decrypt_into"))
        and all(hasattr(BufferedPipe(), name) for name in _OF_PIPES)
        and all(hasattr(paramiko.Channel, name) for name in _OF_CHANNELS)
        and hasattr(paramiko.Transport, "_send_user_message")
    )


def moved_by(transport: paramiko.Transport | None) -> tuple[int, int]:
    """What changes as bytes go and come, under any packetizer; zeros where that is not told."""
    packets = getattr(transport, "packetizer", None)
    return (
        getattr(packets, "_Packetizer__sent_bytes", 0),
        getattr(packets, "_Packetizer__received_bytes", 0),
    )


class DataMessage(Message):
    """CHANNEL_DATA, taken apart already."""

    def __init__(self, channel: int, data: bytes, number: int) -> None:
        super().__init__()
        self._channel, self._data = channel, data
        self.seqno = number

    def get_int(self) -> int:
        return self._channel

    def get_binary(self) -> bytes:
        return self._data


class ReferringMessage(Message):
    """CHANNEL_DATA that refers to its bytes, in two pieces: they are copied when they are
    encrypted."""

    def __init__(self, channel: int, first: Buffer, second: Buffer) -> None:
        super().__init__()
        self.pieces = (first, second)
        self.add_byte(bytes([MSG_CHANNEL_DATA]))
        self.add_int(channel)
        self.add_int(len(first) + len(second))

    def head(self) -> bytes:
        return super().asbytes()

    def asbytes(self) -> bytes:
        return b"".join((self.head(), *self.pieces))


class SeveralMessages:
    """What paramiko hands on in the place of one message: they are sent at once."""

    def __init__(self, messages: list[ReferringMessage]) -> None:
        self.messages = messages


class LeanPacketizer(Packetizer):
    """Reads much at once into memory that is used again, and decrypts from there."""

    _Packetizer__socket: Any
    _Packetizer__closed: bool
    _Packetizer__need_rekey: bool
    _Packetizer__remainder: bytes
    _Packetizer__sent_bytes: int
    _Packetizer__sent_packets: int
    _Packetizer__received_bytes: int
    _Packetizer__received_packets: int
    _Packetizer__block_size_out: int
    _Packetizer__block_engine_out: Any
    _Packetizer__block_engine_in: Any
    _Packetizer__compress_engine_out: Any
    _Packetizer__compress_engine_in: Any
    _Packetizer__sequence_number_out: int
    _Packetizer__sequence_number_in: int
    _Packetizer__aead_out: bool
    _Packetizer__aead_in: bool
    _Packetizer__iv_out: bytes
    _Packetizer__iv_in: bytes
    _Packetizer__write_lock: Any
    _Packetizer__dump_packets: bool
    _check_keepalive: Callable[[], None]
    _inc_iv_counter: Callable[[bytes], bytes]

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self._held = memoryview(bytearray(_HELD + _LARGEST))
        self._start = self._end = 0  # of what was read and not yet used
        self._plain = memoryview(bytearray(_LARGEST))
        self._outgoing = memoryview(bytearray(_LARGEST))
        self._packets = memoryview(bytearray(_LARGEST))
        self._direct: WeakValueDictionary[int, Any] = WeakValueDictionary()

    def lead_to(self, channel: paramiko.Channel) -> None:
        """Hand `channel` what comes for it past paramiko's own loop."""
        self._direct[channel.chanid] = channel

    # Reading: by one thread only

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """As paramiko's, from what was read ahead."""
        if len(self._Packetizer__remainder):
            self._take_in(self._Packetizer__remainder)
            self._Packetizer__remainder = b""
        parts: list[bytes] = []
        while n > 0:
            self._fill(min(n, _LARGEST), check_rekey=check_rekey and not parts)
            taken = bytes(self._held[self._start : min(self._end, self._start + n)])
            self._start += len(taken)
            n -= len(taken)
            parts.append(taken)
        return b"".join(parts)

    def _take_in(self, data: bytes) -> None:
        """What came behind the server's greeting."""
        self._held[self._end : self._end + len(data)] = data
        self._end += len(data)

    def _fill(self, least: int, *, check_rekey: bool) -> None:
        """Have `least` bytes at hand."""
        have = self._end - self._start
        if have >= least:
            return
        if self._start + least > len(self._held) - _HELD // 2:
            self._held[:have] = bytes(self._held[self._start : self._end])
            self._start, self._end = 0, have
        while self._end - self._start < least:
            if self.handshake_timed_out():
                raise EOFError
            count = self._received()
            if count is None:
                self._wait_on(check_rekey=check_rekey and self._start == self._end)
                continue
            if count == 0:
                raise EOFError
            self._end += count

    def _received(self) -> int | None:
        """How many bytes came; None: none within the socket's time."""
        try:
            return int(self._Packetizer__socket.recv_into(self._held[self._end :]))
        except TimeoutError:
            return None
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return None
            if self._Packetizer__closed:
                raise EOFError from error
            raise

    def _wait_on(self, *, check_rekey: bool) -> None:
        if self._Packetizer__closed:
            raise EOFError
        if check_rekey and self._Packetizer__need_rekey:
            raise NeedRekeyException
        self._check_keepalive()

    def read_message(self) -> tuple[int, Message]:
        """The next message that is not for a channel `lead_to` was told of."""
        while self._reads_lean() and not len(self._Packetizer__remainder):
            plain = self._decrypted()
            if plain is None:
                break
            number = self._Packetizer__sequence_number_in
            self._Packetizer__sequence_number_in = number + 1
            if not self._handed_over(plain):
                return _message(plain, number)
            if self._Packetizer__need_rekey:
                raise NeedRekeyException
        return super().read_message()

    def _decrypted(self) -> memoryview | None:
        """The next packet behind its length; None where paramiko is to read it."""
        self._fill(4, check_rekey=True)
        size = int.from_bytes(self._held[self._start : self._start + 4], "big")
        total = 4 + size + _TAG
        if not _DATA.size <= size or total > _LARGEST:
            return None
        self._fill(total, check_rekey=False)
        start = self._start
        plain = self._plain[:size]
        # Raises InvalidTag for what was altered: nothing of it is used.
        self._Packetizer__block_engine_in.decrypt_into(
            self._Packetizer__iv_in,
            self._held[start + 4 : start + total],
            self._held[start : start + 4],
            plain,
        )
        self._start += total
        self._Packetizer__iv_in = self._inc_iv_counter(self._Packetizer__iv_in)
        self._Packetizer__received_bytes += total
        self._Packetizer__received_packets += 1
        return plain

    def _handed_over(self, plain: memoryview) -> bool:
        """Whether it was for a channel that is led to, and nothing else is due (RFC 4253 7.1)."""
        padding, kind, number, length = _DATA.unpack_from(plain)
        channel, end = self._direct.get(number), len(plain) - padding
        if channel is None or channel.transport._expected_packet:
            return False
        if kind == MSG_CHANNEL_DATA and _DATA.size + length == end:
            channel.in_buffer.feed(plain[_DATA.size : end])
            return True
        if kind == MSG_CHANNEL_WINDOW_ADJUST and _DATA.size == end:
            with channel.lock:
                channel.out_window_size += length
                channel.out_buffer_cv.notify_all()
            return True
        return False

    def _reads_lean(self) -> bool:
        return (
            self._Packetizer__aead_in
            and self._Packetizer__compress_engine_in is None
            and not self._Packetizer__need_rekey
            and not self._Packetizer__dump_packets
            and self._Packetizer__sequence_number_in < _LAST_NUMBER
            and self._Packetizer__received_bytes + _SPARE < self.REKEY_BYTES
            and self._Packetizer__received_packets + _SPARE_PACKETS < self.REKEY_PACKETS
        )

    # Writing: by any thread

    def send_message(self, data: Message | SeveralMessages) -> None:
        messages = data.messages if isinstance(data, SeveralMessages) else [data]
        with self._Packetizer__write_lock:
            taken = [_pieces(message) for message in messages]
            room = sum(_length(pieces) + _AROUND for pieces in taken)
            if self._writes_lean() and room <= _LARGEST:
                self._write(taken)
                return
            for message in messages:
                super().send_message(message)

    def _writes_lean(self) -> bool:
        return (
            self._Packetizer__aead_out
            and self._Packetizer__compress_engine_out is None
            and not self._Packetizer__need_rekey
            and not self._Packetizer__dump_packets
            and self._Packetizer__sequence_number_out < _LAST_NUMBER
            and self._Packetizer__sent_bytes + _SPARE < self.REKEY_BYTES
            and self._Packetizer__sent_packets + _SPARE_PACKETS < self.REKEY_PACKETS
        )

    def _write(self, messages: list[tuple[Buffer, ...]]) -> None:
        noise, end = os.urandom(_MOST_PADDING * len(messages)), 0
        for number, pieces in enumerate(messages):
            end += self._encrypt(pieces, self._packets[end:], noise[_MOST_PADDING * number :])
        self.write_all(self._packets[:end])
        self._Packetizer__sent_bytes += end
        self._Packetizer__sent_packets += len(messages)

    def _encrypt(self, pieces: tuple[Buffer, ...], packet: memoryview, noise: bytes) -> int:
        """Put the packet of a message at the beginning of `packet`: its length."""
        block, length = self._Packetizer__block_size_out, _length(pieces)
        padding = 3 + block - (length + 4) % block
        size = length + padding + 1
        plain, total = self._outgoing[:size], 4 + size + _TAG
        plain[0], at = padding, 1
        for piece in pieces:
            plain[at : at + len(piece)] = piece
            at += len(piece)
        plain[at:] = noise[:padding]
        packet[:4] = size.to_bytes(4, "big")
        self._Packetizer__block_engine_out.encrypt_into(
            self._Packetizer__iv_out, plain, packet[:4], packet[4:total]
        )
        self._Packetizer__iv_out = self._inc_iv_counter(self._Packetizer__iv_out)
        self._Packetizer__sequence_number_out += 1
        return total


def _pieces(message: Message) -> tuple[Buffer, ...]:
    if isinstance(message, ReferringMessage):
        return (message.head(), *message.pieces)
    return (message.asbytes(),)


def _length(pieces: tuple[Buffer, ...]) -> int:
    return sum(map(len, pieces))


def _message(plain: memoryview, number: int) -> tuple[int, Message]:
    padding, kind, channel, length = _DATA.unpack_from(plain)
    end = len(plain) - padding
    if kind == MSG_CHANNEL_DATA and _DATA.size + length == end:
        return kind, DataMessage(channel, bytes(plain[_DATA.size : end]), number)
    if end < 2:
        raise paramiko.SSHException("a packet without content")
    message = Message(bytes(plain[2:end]))
    message.seqno = number
    return kind, message
