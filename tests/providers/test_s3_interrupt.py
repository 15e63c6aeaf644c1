"""Calls to a service have an end: their own, or one from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.errors import ConnectionLost, Unreachable
from providers.s3.provider import S3Provider, open_endpoint
from providers.web.patience import Patience
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import ScriptedHttp

Does = Callable[[S3Provider], object]
IMPATIENT = Patience(silence=0.3, answer=0.3)


def _listed(place: S3Provider) -> object:
    return [*place.list_dir("/b/")]


def _read(place: S3Provider) -> object:
    with place.read("/b/k") as reader:
        return [*reader.chunks()]


def _began(place: S3Provider) -> object:
    return place.begin("/b/k", None, key="0badcafe", part_size=1 << 24)


CALLS: dict[str, Does] = {
    "look": lambda place: place.stat("/b/k"),
    "list": _listed,
    "read": _read,
    "begin": _began,
    "delete": lambda place: place.delete("/b/k"),
}


@pytest.fixture
def frozen() -> Iterator[ScriptedHttp]:
    with ScriptedHttp(lambda ask, wire: wire.freeze()) as server:
        yield server


@pytest.mark.parametrize("call", CALLS)
def test_a_service_that_says_nothing_is_not_waited_for(
    frozen: ScriptedHttp, tmp_path: Path, call: str
) -> None:
    endpoint, access = access_to(frozen, tmp_path)
    with closing(open_endpoint(endpoint, access, IMPATIENT)) as place:
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match="stopped answering"):
            CALLS[call](place)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_ended_from_outside(frozen: ScriptedHttp, tmp_path: Path, call: str) -> None:
    endpoint, access = access_to(frozen, tmp_path)
    with closing(open_endpoint(endpoint, access)) as place:
        ended: list[Exception] = []

        def work() -> None:
            try:
                CALLS[call](place)
            except ConnectionLost as error:
                ended.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        frozen.wait_for(lambda asked: len(asked) > 0)
        assert thread.ident is not None
        place.interrupt(thread.ident)
        thread.join(timeout=10)
        assert not thread.is_alive() and len(ended) == 1


def test_a_service_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    endpoint, access = access_to("http://127.0.0.1:1", tmp_path)
    with closing(open_endpoint(endpoint, access)) as place, pytest.raises(Unreachable) as caught:
        place.stat("/b/k")
    assert caught.value.endpoint == endpoint
