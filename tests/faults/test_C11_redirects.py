"""C11: redirects: at most ten, no secret to anybody else, never out of https, never inside."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.errors import Denied, ProviderError
from providers.http.options import Options
from providers.web import redirects
from providers.web.redirects import Reach, follow, reach_of, url_of
from tests.servers.http_place import access, place, read, session
from tests.servers.scripted_http import HOST, Ask, Script, ScriptedHttp, Wire, answer

CANARY = "canary-3f9c"
SECRETS = Options(proxy="none", headers=(("X-Api-Key", CANARY),))


def to(where: str, status: int = 302, **more: str) -> bytes:
    return answer(status, b"moved", {"Location": where} | more)


@contextmanager
def servers(*scripts: Script) -> Iterator[list[ScriptedHttp]]:
    with ExitStack() as running:
        yield [running.enter_context(ScriptedHttp(script)) for script in scripts]


def plain(ask: Ask, wire: Wire) -> None:
    wire.say(answer(200, b"12345"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_C11_a_redirect_of_a_download_is_followed(status: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(to("/b/../there", status) if ask.target == "/file" else answer(200, b"12345"))

    with servers(script) as (server,), place(server.base) as web:
        assert read(web, "/file") == b"12345"
        assert [ask.target for ask in server.asks] == ["/file", "/there"]


def test_C11_a_loop_is_left_after_ten() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(to(ask.target + "x"))

    with servers(script) as (server,), place(server.base) as web:
        with pytest.raises(Denied, match="more than 10 times"):
            read(web, "/file")
        assert len(server.asks) == 11


def test_C11_secrets_go_to_nobody_else() -> None:
    def leads_away(ask: Ask, wire: Wire) -> None:
        wire.say(to(other.base + "/there", **{"Set-Cookie": f"id={CANARY}"}))

    with servers(leads_away, plain) as (server, other):
        base = server.base.replace("://", "://ann@")
        for secret in ({"token": CANARY}, {"password": CANARY}):
            options = Options(
                proxy="none",
                headers=SECRETS.headers,
                auth="basic" if "password" in secret else "auto",
            )
            with place(base, options=options, **secret) as web:
                assert read(web, "/file") == b"12345"
                assert read(web, "/file") == b"12345"  # by now there is a cookie
        said = [dict(ask.headers) for ask in server.asks]
        assert all(CANARY in str(headers) and "authorization" in headers for headers in said)
        assert CANARY in said[-1]["cookie"]
        elsewhere = [dict(ask.headers) for ask in other.asks]
        assert len(elsewhere) == 4
        assert CANARY not in str(elsewhere)
        names = {name for headers in elsewhere for name in headers}
        assert not names & {"authorization", "cookie", "referer", "x-api-key"}


def test_C11_secrets_come_back_with_the_way_home() -> None:
    def away(ask: Ask, wire: Wire) -> None:
        wire.say(to(other.base + "/there") if ask.target == "/file" else answer(200, b"12345"))

    def home(ask: Ask, wire: Wire) -> None:
        wire.say(to(server.base + "/end"))

    with servers(away, home) as (server, other), place(server.base, token=CANARY) as web:
        assert read(web, "/file") == b"12345"
        assert CANARY in server.asks[-1].headers["authorization"]


def test_C11_a_sign_in_that_another_server_wants_is_not_given() -> None:
    def away(ask: Ask, wire: Wire) -> None:
        wire.say(to(other.base + "/there"))

    def asks(ask: Ask, wire: Wire) -> None:
        wire.say(answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'}))

    with (
        servers(away, asks) as (server, other),
        place(server.base, options=SECRETS, token=CANARY) as web,
        pytest.raises(Denied, match="wants a sign-in"),
    ):
        read(web, "/file")


@pytest.mark.parametrize(
    "where",
    [
        "file:///etc/passwd",
        "ftp://h/x",
        "gopher://h",
        "javascript:1",
        "http://[::1",
        "http://h:99999/",
    ],
)
def test_C11_only_web_addresses_are_followed(where: str) -> None:
    with (
        servers(lambda ask, wire: wire.say(to(where))) as (server,),
        place(server.base) as web,
        pytest.raises(Denied, match="cannot be used"),
    ):
        read(web, "/file")


def test_C11_never_from_https_to_http() -> None:
    here = url_of("https://files.example/a/b?c=d")
    with pytest.raises(Denied, match="not encrypted"):
        follow(here, "http://files.example/a/b", "/a/b")
    assert follow(here, "//other.example/x", "/a/b").origin == "https://other.example"


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.9.9.9", Reach.LOOPBACK),
        ("0.0.0.0", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("169.254.169.254", Reach.LINK_LOCAL),
        ("::ffff:169.254.169.254", Reach.LINK_LOCAL),
        ("64:ff9b::169.254.169.254", Reach.LINK_LOCAL),
        ("fe80::1%eth0", Reach.LINK_LOCAL),
        ("10.0.0.1", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("172.16.0.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("2002:a00:1::1", Reach.PRIVATE),
        ("224.0.0.1", Reach.PRIVATE),
        ("93.184.216.34", Reach.PUBLIC),
        ("2606:2800:220:1::1", Reach.PUBLIC),
    ],
)
def test_C11_every_way_to_write_an_address_inside_is_known(address: str, reach: Reach) -> None:
    assert reach_of(address) is reach
    assert redirects.may_lead(Reach.PUBLIC, reach) is (reach is Reach.PUBLIC)


def test_C11_a_name_that_only_looks_like_an_address_is_a_name() -> None:
    """Whoever has example.com answers for it in the DNS."""
    assert redirects.reach_by_name("127.0.0.1%x.example.com") is Reach.PUBLIC


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make believe: 127.0.0.1 is a public address, and 127.0.0.2 is what it is."""
    names: dict[str, str] = {}

    def reach(address: str) -> Reach:
        return Reach.PUBLIC if address == HOST else reach_of(address)

    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        where = names.get(host, host)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (where, port))]

    monkeypatch.setattr(redirects, "reach_of", reach)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names.__setitem__


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "169.254.169.254", "10.0.0.1", "inside.example", "localhost"]
)
def test_C11_a_public_server_leads_nobody_inside(
    public: Callable[[str, str], None], host: str
) -> None:
    public("inside.example", "192.168.1.1")
    public("localhost", "127.0.0.2")
    with servers(lambda ask, wire: wire.say(to(f"http://{host}:{server.port}/"))) as (server,):
        with place(server.base) as web, pytest.raises(Denied, match="inside your own network"):
            read(web, "/file")
        assert len(server.asks) == 1


def test_C11_a_name_that_leads_inside_at_the_second_look_is_refused_then(
    public: Callable[[str, str], None],
) -> None:
    """DNS rebinding: what counts is the address that is connected to, each time."""
    public("turns.example", HOST)

    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/file":
            return wire.say(to(f"http://turns.example:{server.port}/there", Connection="close"))
        return wire.say(answer(200, b"12345", {"Connection": "close"}))

    with servers(script) as (server,), place(server.base) as web:
        assert read(web, "/file") == b"12345"
        public("turns.example", "127.0.0.2")
        with pytest.raises(Denied, match="inside your own network"):
            read(web, "/file")


def test_C11_the_way_inside_over_a_second_public_server_is_closed_too(
    public: Callable[[str, str], None],
) -> None:
    def away(ask: Ask, wire: Wire) -> None:
        wire.say(to(other.base + "/there"))

    def inside(ask: Ask, wire: Wire) -> None:
        wire.say(to("http://169.254.169.254/latest/meta-data"))

    with (
        servers(away, inside) as (server, other),
        place(server.base) as web,
        pytest.raises(Denied, match="inside your own network"),
    ):
        read(web, "/file")


def test_C11_a_server_inside_may_lead_to_another_inside() -> None:
    away = lambda ask, wire: wire.say(to(other.base))  # noqa: E731
    with servers(away, plain) as (server, other), place(server.base) as web:
        assert read(web, "/file") == b"12345"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "MKCOL", "MOVE"])
def test_C11_what_changes_something_is_never_sent_elsewhere(method: str) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(to(other.base + "/there", 307))

    with servers(script, plain) as (server, other), session(server.base) as asking:
        with asking.send(method, "/file", body=b"12345") as response:
            assert response.status == 307
        assert other.asks == []


def test_C11_a_folder_that_another_server_answers_for_is_not_shown() -> None:
    with (
        servers(lambda ask, wire: wire.say(to(other.base + "/dir/")), plain) as (server, other),
        place(server.base) as web,
        pytest.raises(ProviderError, match="redirects this folder"),
    ):
        list(web.list_dir("/dir"))


def test_C11_a_redirect_and_a_disposition_name_nothing(tmp_path: Path) -> None:
    from tests.faults.http_case import http_case

    evil = {"Content-Disposition": 'attachment; filename="../../evil"'}

    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/file":
            return wire.say(to("/..%2f..%2fevil"))
        found = ask.target == "/..%2f..%2fevil"
        length = {"Content-Length": "5"}
        body = b"12345" if ask.method == "GET" and found else b""
        return wire.say(answer(200 if found else 404, body, evil | (length if found else {})))

    with servers(script) as (server,), http_case(tmp_path, server.base) as case:
        case.copied()
        assert case.there() == b"12345"
        found = {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*evil*")}
        assert found == set()


def test_C11_the_secret_part_of_an_address_is_sent_and_never_shown() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        found = ask.target == f"/file?sig={CANARY}%2F1"
        wire.say(answer(200 if found else 403, b"12345" if ask.method == "GET" else b""))

    with servers(script) as (server,), place(server.base) as web:
        path = web.resolve(f"/file?sig={CANARY}%2F1")
        assert CANARY not in path
        assert read(web, path) == b"12345"
        assert web.resolve(path) == path
        assert web.name(path) == "file"
        with place(server.base) as other, pytest.raises(ProviderError, match="secret part"):
            read(other, path)
    assert CANARY not in repr(access())
