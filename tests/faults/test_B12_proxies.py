"""B12: proxies are used only as configured; 407 is said; an idle connection may be gone."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from providers.errors import ConnectionLost, Denied, Unreachable, Unsupported
from providers.http.options import Options
from tests.servers.http_place import HURRIED, place, read, session
from tests.servers.scripted_http import HOST, Ask, ScriptedHttp, Served, Wire, answer
from tests.servers.web_tls import context, trusting

DATA = b"12345" * 1000
ENVIRONMENT = Options()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def through(proxy: ScriptedHttp | str) -> Options:
    return Options(proxy=proxy if isinstance(proxy, str) else proxy.base)


class Tunnels:
    """A proxy: passes CONNECT through to `port` on loopback, answers what else comes itself."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if ask.method != "CONNECT":
            return Served(DATA)(ask, wire)
        wire.say(b"HTTP/1.1 200 Go\r\n\r\n")
        with socket.create_connection((HOST, self._port)) as there:
            back = threading.Thread(target=_pump, args=(there, wire.socket))
            back.start()
            _pump(wire.socket, there)
            back.join()
        return wire.hang_up()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def test_B12_a_configured_proxy_gets_whole_addresses() -> None:
    with ScriptedHttp(Served(DATA)) as proxy:
        with place("http://files.example", options=through(proxy)) as web:
            assert read(web, "/file") == DATA
        (ask,) = proxy.asks
        assert ask.target == "http://files.example/file"
        assert ask.headers["host"] == "files.example"


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_B12_the_environment_counts_only_where_the_site_lets_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with ScriptedHttp(Served(DATA)) as proxy, ScriptedHttp(Served(b"straight")) as server:
        monkeypatch.setenv(name, proxy.base)
        with place(server.base, options=ENVIRONMENT) as web:
            assert read(web, "/file") == DATA
        with place(server.base) as web:
            assert read(web, "/file") == b"straight"
        monkeypatch.setenv("no_proxy", HOST)
        with place(server.base, options=ENVIRONMENT) as web:
            assert read(web, "/file") == b"straight"


def test_B12_https_goes_through_a_tunnel_and_the_proxy_sees_nothing(tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with ScriptedHttp(Served(DATA), tls=context(authority.issue_cert("files.example"))) as server:
        with ScriptedHttp(Tunnels(server.port)) as proxy:
            options = Options(proxy=proxy.base, ca_bundle=trusting(bundle).ca_bundle)
            with place("https://files.example", options=options, token="canary") as web:
                assert read(web, "/file") == DATA
            (ask,) = proxy.asks
            assert (ask.method, ask.target) == ("CONNECT", "files.example:443")
            assert "canary" not in str(ask)
        assert server.asks[0].headers["authorization"] == "Bearer canary"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_B12_407_is_said_and_not_repeated(scheme: str) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(407, b"", {"Proxy-Authenticate": 'Basic realm="x"'}))

    with ScriptedHttp(script) as proxy:
        with (
            place(f"{scheme}://files.example", options=through(proxy), token="canary") as web,
            pytest.raises(Denied, match="wants a sign-in"),
        ):
            read(web, "/file")
        assert len(proxy.asks) == 1


def test_B12_the_proxy_gets_its_own_password_and_the_server_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with (
        ScriptedHttp(Served(DATA), tls=context(authority.issue_cert("files.example"))) as server,
        ScriptedHttp(Tunnels(server.port)) as proxy,
    ):
        monkeypatch.setenv("https_proxy", proxy.base.replace("://", "://ann:can%40ry@"))
        with place("https://files.example", options=Options(ca_bundle=bundle)) as web:
            assert read(web, "/file") == DATA
        assert proxy.asks[0].headers["proxy-authorization"] == "Basic YW5uOmNhbkByeQ=="
        assert "proxy-authorization" not in server.asks[0].headers


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://"])
def test_B12_a_proxy_of_another_kind_is_said(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("http_proxy", address)
    with (
        place("http://files.example", options=ENVIRONMENT) as web,
        pytest.raises(Unsupported, match="only proxies with an http"),
    ):
        read(web, "/file")


@pytest.mark.parametrize("left_out", [True, False])
def test_B12_the_system_says_which_hosts_go_past_its_proxy(
    monkeypatch: pytest.MonkeyPatch, left_out: bool
) -> None:
    """As on macOS and Windows, which look at more than the environment."""
    asked: list[str] = []

    def bypass(host: str) -> bool:
        asked.append(host)
        return left_out

    with ScriptedHttp(Served(DATA)) as proxy, ScriptedHttp(Served(b"straight")) as server:
        monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": proxy.base})
        monkeypatch.setattr(urllib.request, "proxy_bypass", bypass)
        with place(server.base, options=ENVIRONMENT) as web:
            assert read(web, "/file") == (b"straight" if left_out else DATA)
        assert set(asked) == {f"{HOST}:{server.port}"}


def test_B12_a_system_that_does_not_say_in_time_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may look the host's name up, and nothing can end that."""
    over = threading.Event()
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": f"http://{HOST}:1"})
    monkeypatch.setattr(urllib.request, "proxy_bypass", lambda host: over.wait(20))
    with (
        place(
            "http://files.example", options=ENVIRONMENT, patience=replace(HURRIED, resolve=0.2)
        ) as web,
        pytest.raises(ConnectionLost, match="whether this goes through its proxy"),
    ):
        read(web, "/file")
    over.set()


def test_B12_a_proxy_that_is_not_there_is_said_to_be_the_proxy() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    with (
        place("http://files.example", options=through(f"http://{HOST}:{port}")) as web,
        pytest.raises(Unreachable, match="the proxy in between"),
    ):
        read(web, "/file")


def test_B12_a_proxy_that_cannot_reach_the_server_is_believed() -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(502))) as proxy,
        place("https://files.example", options=through(proxy)) as web,
        pytest.raises(Unreachable, match="answered 502"),
    ):
        read(web, "/file")


# Idle connections ------------------------------------------------------------------------------


@contextmanager
def closing_after(answers: int) -> Iterator[ScriptedHttp]:
    """A server that closes each connection after so many answers, and does not say so."""
    served: dict[int, int] = {}

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, DATA if ask.method == "GET" else b""))
        served[ask.connection] = served.get(ask.connection, 0) + 1
        if served[ask.connection] == answers:
            wire.hang_up()

    with ScriptedHttp(script) as server:
        yield server


def test_B12_a_connection_is_kept_and_one_that_was_closed_is_replaced() -> None:
    with closing_after(2) as server, place(server.base) as web:
        for _ in range(6):
            assert read(web, "/file") == DATA
        assert server.connections == 3


def test_B12_a_connection_closed_at_the_very_moment_costs_nothing() -> None:
    """The server reads the second request, and closes without a word: it was closing already."""

    def script(ask: Ask, wire: Wire) -> None:
        if ask.connection == 0 and len(server.asks) == 2:
            wire.reset()
        wire.say(answer(200, DATA))

    with ScriptedHttp(script) as server, place(server.base) as web:
        assert read(web, "/file") == DATA
        assert read(web, "/file") == DATA
        assert server.connections == 2


def test_B12_what_changes_something_is_not_asked_for_twice() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "POST":
            wire.reset()
        wire.say(answer(200, DATA))

    with ScriptedHttp(script) as server, session(server.base) as asking:
        with asking.send("GET", "/") as response:
            response.text(1 << 20)
        with pytest.raises(ConnectionLost), asking.send("POST", "/", body=b"once"):
            pass
        assert len(server.asked("POST")) == 1
