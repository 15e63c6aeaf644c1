"""Several streams help over a distance: how far a server is, is seen by how soon it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy, Toxics, every
from tests.servers.http_place import place
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer


def _file(ask: Ask, wire: Wire) -> None:
    wire.say(answer(200, b"", {"Content-Length": "100", "ETag": '"one"'}))


@pytest.fixture
def server() -> Iterator[ScriptedHttp]:
    with ScriptedHttp(_file) as running:
        yield running


def _streams(port: int) -> int:
    with place(f"http://127.0.0.1:{port}") as web:
        assert web.caps.streams == 1, "nobody knows yet"
        web.stat("/file")
        return web.caps.streams


def test_a_server_far_away_is_read_by_several_streams(server: ScriptedHttp) -> None:
    """The connection itself is made at once, as with a proxy in the next room."""
    away = Toxics(latency=0.02)
    with Proxy(server.port, plan=every(up=away, down=away)) as proxy:
        assert _streams(proxy.port) > 1


def test_a_server_next_door_is_read_by_one(
    server: ScriptedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.http.provider._FAR", 30.0)  # a busy machine may be slow
    assert _streams(server.port) == 1
