"""The chaos proxy itself, in front of a server that sends everything back."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.proxy import HOST, Fate, Link, Plan, Proxy, Tally, Toxics, every, first

DATA = bytes(range(256)) * 16
_DEADLINE = 20.0  # seconds: only reached when a test fails


class Echo:
    """A server that sends back what it gets; `ends` is how each of its connections ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.got = bytearray()
        self._changed = threading.Condition()
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._echo, args=(connection,)))
            self._threads[-1].start()

    def _echo(self, connection: socket.socket) -> None:
        end = "fin"
        with connection:
            try:
                while chunk := connection.recv(1 << 16):
                    self.got += chunk
                    connection.sendall(chunk)
            except OSError:
                end = "rst"
        with self._changed:
            self.ends.append(end)
            self._changed.notify_all()

    def ended(self, count: int = 1) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ends) >= count, _DEADLINE)
            return self.ends

    def close(self) -> None:
        with contextlib.suppress(OSError):  # macOS: it is not connected
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_DEADLINE)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


def _dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), _DEADLINE)


def _all(connection: socket.socket) -> tuple[bytes, str]:
    """Everything that still comes, and how it ends: "fin" or "rst"."""
    got = bytearray()
    try:
        while chunk := connection.recv(1 << 16):
            got += chunk
    except ConnectionResetError:
        return bytes(got), "rst"
    return bytes(got), "fin"


def _exchange(proxy: Proxy, data: bytes = DATA, *, end: bool = True) -> tuple[bytes, str]:
    """Send `data`, and its end unless told otherwise; what comes back, and how that ends."""
    try:
        dialled = _dial(proxy)
    except ConnectionResetError:  # so soon that it was noticed while connecting
        return b"", "rst"
    with dialled as connection:
        with contextlib.suppress(OSError):  # it may be gone already
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
        return _all(connection)


def _exactly(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += connection.recv(size - len(got))
    return got


def test_without_toxics_everything_passes_both_ways_and_is_counted(echo: Echo) -> None:
    data = DATA * 200
    with Proxy(echo.port) as proxy:
        sender = threading.Thread(target=lambda: got.append(_exchange(proxy)))
        got: list[tuple[bytes, str]] = []
        sender.start()
        with _dial(proxy) as connection:
            feeder = threading.Thread(target=connection.sendall, args=(data,))
            feeder.start()
            assert _exactly(connection, len(data)) == data
            feeder.join()
        sender.join()
        assert got == [(DATA, "fin")]
        assert echo.ended(2) == ["fin", "fin"]
        assert proxy.accepted == 2
        assert set(proxy.passed.values()) == {len(DATA) + len(data)}


@pytest.mark.parametrize("offset", [0, 1, 1000, len(DATA) - 1])
@pytest.mark.parametrize("way", ["up", "down"])
def test_reset_after_n_bytes_is_a_RST_to_both_ends(echo: Echo, way: str, offset: int) -> None:
    cut = Toxics(after=offset)
    plan = first(up=cut) if way == "up" else first(down=cut)
    with Proxy(echo.port, plan=plan) as proxy:
        got, end = _exchange(proxy, end=False)
        assert (end, echo.ended()) == ("rst", ["rst"])
        if way == "down":
            assert got == DATA[:offset]
        else:
            assert proxy.passed[next(iter(proxy.passed))] == offset
        assert proxy.struck.is_set()
        assert _exchange(proxy) == (DATA, "fin")


def test_a_tally_counts_over_connections_and_strikes_once(echo: Echo) -> None:
    cut = Toxics(after=len(DATA) + 5, tally=Tally())
    with Proxy(echo.port, plan=every(down=cut)) as proxy:
        assert _exchange(proxy) == (DATA, "fin")
        assert _exchange(proxy) == (DATA[:5], "rst")
        assert _exchange(proxy) == (DATA, "fin")


def test_close_is_a_short_FIN_to_both_ends(echo: Echo) -> None:
    with Proxy(echo.port, plan=first(down=Toxics(after=10, then=Fate.CLOSE))) as proxy:
        with _dial(proxy) as connection:
            connection.sendall(DATA)
            assert _all(connection) == (DATA[:10], "fin")
        assert echo.ended() == ["fin"]


def test_a_half_close_ends_one_direction_and_leaves_the_other(echo: Echo) -> None:
    with Proxy(echo.port, plan=first(up=Toxics(after=10, then=Fate.HALF_CLOSE))) as proxy:
        with _dial(proxy) as connection:
            connection.sendall(DATA)
            assert _all(connection) == (DATA[:10], "fin")
            connection.sendall(DATA)  # still open, though nobody listens any more
        assert echo.ended() == ["fin"]
        assert bytes(echo.got) == DATA[:10]


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_frozen_connection_is_silent_both_ways_until_thawed(echo: Echo, way: str) -> None:
    ice = Toxics(after=10, then=Fate.FREEZE)
    plan = first(up=ice) if way == "up" else first(down=ice)
    with Proxy(echo.port, plan=plan) as proxy, _dial(proxy) as connection:
        connection.sendall(DATA)
        assert proxy.frozen.wait(_DEADLINE)
        before = _exactly(connection, 10 if way == "down" else 0)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert _exchange(proxy) == (DATA, "fin")  # others are not concerned
        proxy.thaw()
        connection.settimeout(_DEADLINE)
        assert before + _exactly(connection, len(DATA) - len(before)) == DATA


def test_freeze_and_reset_concern_what_is_open_now(echo: Echo) -> None:
    with Proxy(echo.port) as proxy, _dial(proxy) as connection:
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"
        proxy.freeze()
        connection.sendall(b"b")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(_DEADLINE)
        assert (proxy.open, proxy.reset(), proxy.open) == (1, 1, 0)
        assert _all(connection) == (b"", "rst")
        assert _exchange(proxy) == (DATA, "fin")


def test_latency_and_jitter_delay_and_keep_the_order(echo: Echo) -> None:
    slow = Toxics(latency=0.1, jitter=0.05)
    with Proxy(echo.port, plan=every(up=slow, down=slow)) as proxy, _dial(proxy) as connection:
        began = time.monotonic()
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"
        assert time.monotonic() - began >= 0.1  # twice 0.05 at the least
        for number in range(50):
            connection.sendall(bytes([number]))
        assert _exactly(connection, 50) == bytes(range(50))


def test_bandwidth_is_kept_and_the_sender_has_to_wait(echo: Echo) -> None:
    with Proxy(echo.port, plan=every(up=Toxics(rate=20_000, slice=500))) as proxy:
        began = time.monotonic()
        assert _exchange(proxy, DATA * 2) == (DATA * 2, "fin")
        assert time.monotonic() - began >= len(DATA) * 2 / 20_000 * 0.9


def test_a_drip_lets_one_byte_a_second_through(echo: Echo) -> None:
    drip = first(down=Toxics(after=10, then=Fate.DRIP))
    with Proxy(echo.port, plan=drip) as proxy, _dial(proxy) as connection:
        connection.sendall(DATA)
        assert _exactly(connection, 10) == DATA[:10]
        began = time.monotonic()
        assert _exactly(connection, 2) == DATA[10:12]
        assert time.monotonic() - began > 1.5


def test_slices_arrive_one_by_one(echo: Echo) -> None:
    sliced = every(down=Toxics(slice=3, rate=100))
    with Proxy(echo.port, plan=sliced) as proxy, _dial(proxy) as connection:
        connection.sendall(b"0123456789")
        assert [connection.recv(100) for _ in range(4)] == [b"012", b"345", b"678", b"9"]


@pytest.mark.parametrize(
    ("toxics", "arrives"),
    [
        (Toxics(flip_at=2), b"abbdef"),
        (Toxics(flip_at=6), b"abcdef"),
        (Toxics(flip_every=3), b"abbdeg"),
        (Toxics(flip_every=3, slice=1), b"abbdeg"),
        (Toxics(duplicate=(1, 2)), b"abcbcdef"),
        (Toxics(duplicate=(4, 9)), b"abcdefef"),
    ],
)
def test_bits_are_flipped_and_bytes_doubled_where_asked(
    echo: Echo, toxics: Toxics, arrives: bytes
) -> None:
    with Proxy(echo.port, plan=every(up=toxics)) as proxy:
        assert _exchange(proxy, b"abcdef") == (arrives, "fin")


def test_offsets_count_over_several_reads(echo: Echo) -> None:
    with Proxy(echo.port, plan=every(up=Toxics(flip_at=3, after=4))) as proxy:
        with _dial(proxy) as connection:
            for byte in (b"a", b"b", b"c"):
                connection.sendall(byte)
                assert connection.recv(1) == byte
            connection.sendall(b"de")
            assert echo.ended() == ["rst"]
        assert bytes(echo.got) == b"abce"


def test_a_plan_may_single_out_any_connection(echo: Echo) -> None:
    def third(number: int) -> Link:
        return Link(down=Toxics(after=1)) if number == 2 else Link()

    plan: Plan = third
    with Proxy(echo.port, plan=plan) as proxy:
        assert [_exchange(proxy)[1] for _ in range(4)] == ["fin", "fin", "rst", "fin"]


def test_a_server_that_is_not_there_is_a_RST() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port: int = taken.getsockname()[1]
    with Proxy(port) as proxy:
        assert _exchange(proxy) == (b"", "rst")


def test_nothing_is_left_behind(echo: Echo) -> None:
    before = threading.active_count()
    descriptors = _descriptors()
    slow = Toxics(latency=30.0)
    frozen = Toxics(after=0, then=Fate.FREEZE)
    for plan in (every(), every(up=slow), every(down=frozen)):
        with Proxy(echo.port, plan=plan) as proxy:
            connections = [_dial(proxy) for _ in range(10)]
            for connection in connections:
                connection.sendall(DATA)
        assert {_all(connection)[1] for connection in connections} <= {"rst", "fin"}
        for connection in connections:
            connection.close()
    echo.close()
    assert threading.active_count() <= before
    assert _descriptors() <= descriptors


def _descriptors() -> int:
    here = Path("/proc/self/fd")
    return len(list(here.iterdir())) if here.exists() else 0


def test_the_relays_own_mistakes_are_not_swallowed(echo: Echo) -> None:
    def broken(number: int) -> Link:
        raise struct.error("a plan of a test is wrong")

    with pytest.raises(struct.error), Proxy(echo.port, plan=broken) as proxy:
        _exchange(proxy)
