"""B9: names that do not resolve, ports that refuse, addresses that swallow: all of it passes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers.errors import ConnectionLost
from providers.sftp.connect import target
from providers.sftp.patience import USUAL
from providers.sftp.provider import SftpProvider
from providers.sftp.sharing import Connections
from tests.faults.black_hole import black_hole, has_ipv6
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import HOST
from tests.servers.openssh import find_sshd
from transfers.model import JobState

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

NAME = "files.example"
Found = list[tuple[Any, ...]]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Its places know the server by a name, and give an address a second."""
    with Rig(tmp_path, part=1 << 16, patience=replace(USUAL, connect=1.0, resolve=1.0)) as rig:
        rig.call_it(NAME)
        yield rig


def _stream(address: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    where = (address, port, 0, 0) if ":" in address else (address, port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)


Resolve = Callable[[Callable[[str, int], Found]], None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Have names resolved by a function of the test's."""

    def set_to(answer: Callable[[str, int], Found]) -> None:
        def ask(host: str, port: int, **_: object) -> Found:
            return answer(host, port)

        monkeypatch.setattr(socket, "getaddrinfo", ask)

    return set_to


def _copies_at_last(rig: Rig, folder: Path) -> list[str]:
    """Copy a file; returns what was said on the way."""
    (folder / "source").write_bytes(b"x" * 100)
    with rig.queue(folder / "queue") as queue:
        new = rig.new(Course.UPLOAD, folder / "source", folder / "copy")
        (job,) = queue.finish(queue.send(new))
        assert job.state is JobState.DONE, job
        assert (folder / "copy").read_bytes() == b"x" * 100
        return queue.reasons()


@pytest.mark.parametrize("why", ["EAI_NONAME", "EAI_AGAIN"])
def test_B9_a_name_that_is_not_found_is_asked_for_again(
    rig: Rig, tmp_path: Path, resolve: Resolve, why: str
) -> None:
    asked: list[str] = []

    def answer(host: str, port: int) -> Found:
        asked.append(host)
        if len(asked) < 3:
            raise socket.gaierror(getattr(socket, why), "not now")
        return [_stream(HOST, port)]

    resolve(answer)
    (said, *_) = _copies_at_last(rig, tmp_path)
    assert f"no computer is called “{NAME}”" in said
    assert "Check the name" in said
    assert set(asked) == {NAME}


def test_B9_a_name_that_leads_elsewhere_now_is_looked_up_anew(
    rig: Rig, tmp_path: Path, resolve: Resolve
) -> None:
    with socket.create_server((HOST, 0)) as taken:
        old: int = taken.getsockname()[1]
    known = iter([[_stream(HOST, old)]])
    resolve(lambda host, port: next(known, [_stream(HOST, port)]))
    (said, *_) = _copies_at_last(rig, tmp_path)
    assert "refused the connection" in said
    assert "Check the port" in said


def test_B9_a_server_that_is_started_later_is_reached(tmp_path: Path) -> None:
    with Rig(tmp_path, part=1 << 16) as rig:
        rig.sshd.stop()
        (tmp_path / "source").write_bytes(b"x")
        with rig.queue(tmp_path / "queue") as queue:
            new = rig.new(Course.UPLOAD, tmp_path / "source", tmp_path / "copy")
            (number,) = queue.send(new)
            assert queue.until(lambda: JobState.WAITING in queue.states(number))
            rig.sshd.start()
            (job,) = queue.finish([number])
            assert job.state is JobState.DONE, job


@pytest.mark.parametrize("hole", ["::1", HOST])
def test_B9_the_next_address_is_tried_when_one_is_a_black_hole(
    rig: Rig, tmp_path: Path, resolve: Resolve, hole: str
) -> None:
    if hole == "::1" and not has_ipv6():
        pytest.skip("no IPv6 on loopback here")
    with black_hole(hole) as dark:
        resolve(lambda host, port: [_stream(hole, dark), _stream(HOST, port)])
        assert _copies_at_last(rig, tmp_path) == []  # the first attempt got through


def test_B9_when_no_address_answers_it_says_so_with_the_name(rig: Rig, resolve: Resolve) -> None:
    with black_hole(HOST) as dark:
        resolve(lambda host, port: [_stream(HOST, dark)] * 2)
        connect = Connections(target(rig.endpoint), rig.access).open
        place = SftpProvider(rig.endpoint, connect, patience=replace(USUAL, connect=0.3))
        with closing(place), pytest.raises(ConnectionLost, match="did not answer within") as lost:
            place.stat("/")
        assert NAME in str(lost.value)
        assert "firewall" in str(lost.value)
