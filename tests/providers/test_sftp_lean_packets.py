"""Our shorter way through paramiko's packets: the same bytes, keys renewed, and a way around it."""

from __future__ import annotations

import hashlib
import inspect
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paramiko
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from paramiko.buffered_pipe import PipeTimeout
from paramiko.message import Message
from paramiko.packet import NeedRekeyException, Packetizer

from providers.access import Access
from providers.sftp import lean_packets
from providers.sftp.connect import target
from providers.sftp.lean_channel import FramesPipe
from providers.sftp.lean_packets import (
    LeanPacketizer,
    ReferringMessage,
    SeveralMessages,
    packetizer_for,
)
from providers.sftp.provider import SftpProvider
from providers.sftp.session import Session
from providers.sftp.sharing import Connections
from providers.sftp.wire import Wire
from tests.servers.openssh import OpenSSH, find_sshd

MIB = 1 << 20
KEY, IV = bytes(range(16)), bytes(12)
# Of paramiko 5.1.0. One that differs: read what changed, then whether lean_packets.py and
# lean_channel.py still hold.
LEANT_ON = {
    "packet.Packetizer": "47d01123ed18c920652ab31f05ac689d",
    "buffered_pipe.BufferedPipe": "f193430474a99c15800959c94e46005d",
    "Channel._send": "ac9c66d8505017009023bd7063995a81",
    "Channel._wait_for_send_window": "c1398cfbe5674d6f9d7b98fc90dda247",
    "Channel._window_adjust": "062609af9ce080667c2738e328860568",
    "Channel._feed": "abae941985d903eca8cf9518e170932c",
    "Channel.recv": "c588dedeafd5554872b4782f59c60369",
    "Transport.run": "d658434778e57b94729ad510549efbab",
    "Transport._send_user_message": "3faeba789bc6c03321fa33cb8a0cb7fb",
    "Transport._send_message": "0f365864aee095747580bf0ebeea1fbb",
}


@pytest.mark.parametrize("leant_on", LEANT_ON)
def test_what_is_leant_on_is_what_it_was_when_this_was_written(leant_on: str) -> None:
    source = inspect.getsource(attrgetter(leant_on)(paramiko)).encode()
    assert hashlib.sha256(source).hexdigest()[:32] == LEANT_ON[leant_on]


def test_it_is_used_with_this_paramiko_and_over_sockets_only() -> None:
    with socket.socket() as sock:
        assert packetizer_for(sock) is LeanPacketizer
    assert packetizer_for(paramiko.Channel(1)) is None


def test_another_paramiko_goes_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paramiko, "__version__", "5.2.0")
    with socket.socket() as sock:
        assert packetizer_for(sock) is None


@pytest.fixture
def pair() -> Iterator[tuple[Packetizer, LeanPacketizer]]:
    """paramiko's own at one end, ours at the other."""
    left, right = socket.socketpair()
    with left, right:
        for end in (left, right):
            end.settimeout(0.1)
        theirs, ours = Packetizer(left), LeanPacketizer(right)
        for packets in (theirs, ours):
            packets._initial_kex_done = True  # type: ignore[attr-defined]
            out = {"aead": True, "iv_out": IV}
            packets.set_outbound_cipher(AESGCM(KEY), 16, None, 16, b"", **out)  # type: ignore[arg-type]
            packets.set_inbound_cipher(AESGCM(KEY), 16, None, 16, b"", aead=True, iv_in=IV)  # type: ignore[arg-type, call-arg]
        yield theirs, ours


def referring_message(data: bytes) -> ReferringMessage:
    cut = len(data) // 3
    return ReferringMessage(7, data[:cut], memoryview(data)[cut:])


def data_message(data: bytes) -> Message:
    message = Message()
    message.add_byte(b"\x5e")
    message.add_int(7)
    message.add_string(data)
    return message


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32_704, 100_000])
@pytest.mark.parametrize("way", ["from paramiko", "to paramiko"])
def test_both_ways_are_the_same_on_the_wire(
    pair: tuple[Packetizer, LeanPacketizer], size: int, way: str
) -> None:
    sender, receiver = pair if way == "from paramiko" else reversed(pair)
    for number in range(5):
        data = os.urandom(size)
        sender.send_message(data_message(data))
        kind, message = receiver.read_message()
        assert (kind, message.seqno) == (94, number)
        assert (message.get_int(), message.get_binary()) == (7, data)


@pytest.mark.parametrize("size", [0, 1, 32_704])
def test_a_message_that_refers_to_its_bytes_is_the_same_on_the_wire(
    pair: tuple[Packetizer, LeanPacketizer], size: int
) -> None:
    theirs, ours = pair
    data = os.urandom(size)
    assert referring_message(data).asbytes() == data_message(data).asbytes()
    for packets in (ours, theirs):  # paramiko's own takes it as well
        packets.send_message(referring_message(data))
    for packets in (theirs, ours):
        _, message = packets.read_message()
        assert (message.get_int(), message.get_binary()) == (7, data)


def test_other_messages_come_whole(pair: tuple[Packetizer, LeanPacketizer]) -> None:
    theirs, ours = pair
    message = Message()
    message.add_byte(b"\x5d")
    message.add_int(7)
    message.add_int(1 << 20)
    theirs.send_message(message)
    theirs.send_message(data_message(b"behind it"))
    kind, adjust = ours.read_message()
    assert (kind, adjust.get_int(), adjust.get_int()) == (93, 7, 1 << 20)
    assert ours.read_message()[1].get_binary() == b"behind it"


def test_an_altered_packet_is_refused(pair: tuple[Packetizer, LeanPacketizer]) -> None:
    _, ours = pair
    size = 32
    forged = struct.pack(">I", size) + AESGCM(KEY).encrypt(IV, bytes(size), struct.pack(">I", 33))
    pair[0].write_all(forged)
    with pytest.raises(InvalidTag):
        ours.read_message()


@pytest.mark.parametrize("limit", ["REKEY_BYTES", "REKEY_PACKETS"])
def test_a_renewal_is_due_when_paramiko_says_so(
    pair: tuple[Packetizer, LeanPacketizer], limit: str
) -> None:
    theirs, ours = pair
    setattr(ours, limit, 3 * MIB if limit == "REKEY_BYTES" else 40)
    count = 0
    while not ours.need_rekey():
        theirs.send_message(data_message(bytes(100_000)))
        ours.read_message()
        count += 1
        assert count <= 40
    assert count == (32 if limit == "REKEY_BYTES" else 40)


def test_several_messages_are_the_same_on_the_wire(
    pair: tuple[Packetizer, LeanPacketizer],
) -> None:
    theirs, ours = pair
    sent = [os.urandom(size) for size in (32_704, 1, 0, 32_704, 40_000)]
    for turn in range(3):
        several: Any = SeveralMessages([referring_message(data) for data in sent])
        ours.send_message(several)
        for number, data in enumerate(sent):
            _, message = theirs.read_message()
            assert message.seqno == turn * len(sent) + number
            assert (message.get_int(), message.get_binary()) == (7, data)


def test_messages_that_paramiko_is_to_send_come_one_by_one(
    pair: tuple[Packetizer, LeanPacketizer],
) -> None:
    theirs, ours = pair
    setattr(ours, "REKEY_PACKETS", 10)  # noqa: B010
    sent = [bytes([number]) * 9 for number in range(12)]
    several: Any = SeveralMessages([referring_message(data) for data in sent])
    ours.send_message(several)
    for data in sent:
        _, message = theirs.read_message()
        assert (message.get_int(), message.get_binary()) == (7, data)
    assert ours.need_rekey()


class Led:
    """As much of a channel as is looked at."""

    chanid = 7
    out_window_size = 0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.out_buffer_cv = threading.Condition(self.lock)
        self.in_buffer = FramesPipe()
        self.transport = SimpleNamespace(_expected_packet=())


def adjust_message(channel: int, by: int) -> Message:
    message = Message()
    message.add_byte(b"\x5d")
    message.add_int(channel)
    message.add_int(by)
    return message


def test_what_is_for_a_channel_that_is_led_to_goes_there_and_the_rest_does_not(
    pair: tuple[Packetizer, LeanPacketizer],
) -> None:
    theirs, ours = pair
    channel: Any = Led()
    ours.lead_to(channel)
    packet = struct.pack(">I", 5) + b"12345"
    theirs.send_message(data_message(packet[:6]))
    theirs.send_message(adjust_message(7, 1000))
    theirs.send_message(data_message(packet[6:]))
    theirs.send_message(adjust_message(8, 5))
    kind, message = ours.read_message()
    assert (kind, message.get_int(), message.get_int()) == (93, 8, 5)
    assert (bytes(channel.in_buffer.read(1, 0.1)), channel.out_window_size) == (packet, 1000)
    assert message.seqno == 3


def test_a_channel_that_nobody_has_any_more_is_forgotten(
    pair: tuple[Packetizer, LeanPacketizer],
) -> None:
    theirs, ours = pair
    channel: Any = Led()
    ours.lead_to(channel)
    del channel
    theirs.send_message(data_message(b"late"))
    assert ours.read_message()[0] == 94


def test_while_keys_are_exchanged_paramiko_sees_all_messages(
    pair: tuple[Packetizer, LeanPacketizer],
) -> None:
    theirs, ours = pair
    channel: Any = Led()
    ours.lead_to(channel)
    channel.transport._expected_packet = (31,)
    theirs.send_message(data_message(b"x"))
    _, message = ours.read_message()
    assert (message.get_int(), message.get_binary()) == (7, b"x")
    assert len(channel.in_buffer) == 0


def test_a_renewal_that_is_due_is_not_put_off_by_what_comes(
    pair: tuple[Packetizer, LeanPacketizer],
) -> None:
    theirs, ours = pair
    channel: Any = Led()
    channel.in_buffer.feed = lambda data: ours._trigger_rekey()  # type: ignore[attr-defined]
    ours.lead_to(channel)
    theirs.send_message(data_message(b"first"))
    theirs.send_message(data_message(b"second"))
    with pytest.raises(NeedRekeyException):  # paramiko's loop begins it, then
        ours.read_message()
    _, message = ours.read_message()
    assert (message.get_int(), message.get_binary()) == (7, b"second")


def packet(size: int) -> bytes:
    return struct.pack(">I", size) + os.urandom(size)


def test_a_pipe_hands_out_what_is_whole_and_waits_for_the_rest() -> None:
    pipe, data = FramesPipe(), packet(100)
    pipe.feed(data[:50])
    with pytest.raises(PipeTimeout):
        pipe.read(1000, 0.01)
    pipe.feed(data[50:] + data)
    assert (pipe.read_ready(), len(pipe)) == (True, 208)
    assert bytes(pipe.read(1, 0.1)) == data
    assert pipe.empty() == data
    pipe.close()
    assert pipe.read(1, 0.1) == b""


def test_a_pipe_that_something_comes_from_is_waited_for_until_it_is_whole() -> None:
    """A packet may take longer than an answer may: a slow line is no silence."""
    pipe, data = FramesPipe(), packet(30)
    began = threading.Event()

    def drip() -> None:
        for number in range(len(data)):
            pipe.feed(data[number : number + 1])
            began.set()
            threading.Event().wait(0.02)

    thread = threading.Thread(target=drip)
    thread.start()
    began.wait()
    assert bytes(pipe.read(1, 0.3)) == data
    thread.join()


@pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")
@pytest.mark.parametrize("lean", [True, False], ids=["lean", "paramiko's own"])
@pytest.mark.parametrize("renewed_by", ["nobody", "server", "us"])
def test_a_file_is_whole_either_way(
    tmp_path: Path, lean: bool, renewed_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not lean:
        monkeypatch.setattr(lean_packets, "_WRITTEN_FOR", "another")
    if renewed_by == "us":
        monkeypatch.setattr(Packetizer, "REKEY_BYTES", 2 * MIB)
    options = ["RekeyLimit 512k"] if renewed_by == "server" else []
    data = os.urandom(9 * MIB + 7)
    with OpenSSH(tmp_path / "sshd", options=options) as server:
        access = Access(
            tmp_path / "hosts",
            accept_new=True,
            keys=(server.key_path,),
            use_agent=False,
            use_default_keys=False,
        )
        made: list[paramiko.Transport] = []
        connect = partial(_noted, made, Connections(target(server.endpoint), access).open)
        with closing(SftpProvider(server.endpoint, connect)) as place:
            token = place.begin(str(tmp_path / "file"), len(data), key="0123abcd", part_size=MIB)
            receipt = place.put_part(
                token, 0, 0, [data[at : at + MIB] for at in range(0, len(data), MIB)]
            )
            place.finish(token, [receipt], replacing=None)
            with place.read(str(tmp_path / "file")) as reader:
                assert b"".join(reader.chunks()) == data
    assert (tmp_path / "file").read_bytes() == data
    assert {type(transport.packetizer) for transport in made} == {
        LeanPacketizer if lean else Packetizer
    }


def _noted(made, connect, wire: Wire) -> tuple[Session, paramiko.Transport | None]:  # type: ignore[no-untyped-def]
    session, transport = connect(wire)
    made.append(transport)
    return session, transport
