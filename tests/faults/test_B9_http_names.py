"""B9 on HTTP: names that do not resolve, ports that refuse, addresses that swallow: all passes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers.errors import Unreachable
from tests.faults.black_hole import black_hole, has_ipv6
from tests.faults.http_case import http_case
from tests.servers.http_place import HURRIED, place
from tests.servers.scripted_http import HOST, ScriptedHttp, Served
from transfers.model import JobState

DATA = b"12345" * 100
Found = list[tuple[Any, ...]]
QUICK = replace(HURRIED, connect=0.5, resolve=1.0)


def _stream(address: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    where = (address, port, 0, 0) if ":" in address else (address, port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, int], Found]], None]:
    def set_to(answer: Callable[[str, int], Found]) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: answer(host, port))

    return set_to


@pytest.mark.parametrize("why", ["EAI_NONAME", "EAI_AGAIN"])
def test_B9_a_name_that_is_not_found_is_asked_for_again(
    tmp_path: Path, resolve: Callable[[Callable[[str, int], Found]], None], why: str
) -> None:
    asked: list[str] = []

    def answer(host: str, port: int) -> Found:
        asked.append(host)
        if len(asked) < 3:
            raise socket.gaierror(getattr(socket, why), "not now")
        return [_stream(HOST, port)]

    resolve(answer)
    with ScriptedHttp(Served(DATA)) as server:
        base = f"http://files.example:{server.port}"
        with http_case(tmp_path, base) as case:
            assert case.copied().state is JobState.DONE
            assert case.there() == DATA
            said = " ".join(change.job.reason for change in case.watch.heard)
    assert "no computer is called “files.example”" in said
    assert set(asked) == {"files.example"}


def test_B9_a_port_that_refuses_is_said_with_its_number() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port: int = taken.getsockname()[1]
    with place(f"http://{HOST}:{port}") as web, pytest.raises(Unreachable) as told:
        web.stat("/file")
    assert f"{HOST} port {port} refused the connection" in str(told.value)
    assert told.value.endpoint == f"http://{HOST}:{port}"


@pytest.mark.parametrize("hole", ["::1", HOST])
def test_B9_the_next_address_is_tried_when_one_is_a_black_hole(
    tmp_path: Path, resolve: Callable[[Callable[[str, int], Found]], None], hole: str
) -> None:
    if hole == "::1" and not has_ipv6():
        pytest.skip("no IPv6 on loopback here")
    asked: list[str] = []

    def answer(host: str, port: int) -> Found:
        asked.append(host)
        return [_stream(hole, dark), _stream(HOST, port)]

    with black_hole(hole) as dark, ScriptedHttp(Served(DATA)) as server:
        resolve(answer)
        base = f"http://files.example:{server.port}"
        with http_case(tmp_path, base, patience=QUICK) as case:
            began = time.monotonic()
            job = case.copied()
            assert time.monotonic() - began >= QUICK.connect, "the hole refused instead"
            assert (job.state, job.attempt) == (JobState.DONE, 1), job
            assert case.there() == DATA
    assert set(asked) == {"files.example"}


def test_B9_when_no_address_answers_it_says_so(
    resolve: Callable[[Callable[[str, int], Found]], None],
) -> None:
    with black_hole(HOST) as dark, place("http://files.example", patience=QUICK) as web:
        resolve(lambda host, port: [_stream(HOST, dark)] * 2)
        with pytest.raises(Unreachable, match="did not answer within"):
            web.stat("/file")


def test_B9_a_name_that_leads_elsewhere_now_is_looked_up_anew(
    resolve: Callable[[Callable[[str, int], Found]], None],
) -> None:
    with socket.create_server((HOST, 0)) as taken:
        old: int = taken.getsockname()[1]
    with ScriptedHttp(Served(DATA)) as server:
        resolve(lambda host, port: [_stream(HOST, old)])
        with place(server.base) as web:
            with pytest.raises(Unreachable):
                web.stat("/file")
            resolve(lambda host, port: [_stream(HOST, port)])
            assert web.stat("/file").size == len(DATA)


def test_B9_a_host_that_is_no_name_is_unreachable() -> None:
    with place("http://" + "a" * 70) as web, pytest.raises(Unreachable, match="no computer"):
        web.stat("/file")
