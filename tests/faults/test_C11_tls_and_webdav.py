"""C11 where it is encrypted, and for WebDAV's question: our certificate is a secret as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from providers.errors import Denied
from providers.http.options import Options
from providers.http.session import Session
from providers.web import redirects
from providers.web.redirects import Reach, reach_of
from tests.servers.http_place import session
from tests.servers.scripted_http import HOST, Ask, ScriptedHttp, Wire, answer
from tests.servers.web_tls import context, person, trusting

CANARY = "canary-7d21"
PROPERTIES = b'<?xml version="1.0"?><propfind xmlns="DAV:"><allprop/></propfind>'
Asking = Callable[[Session], bytes]


def get(asking: Session) -> bytes:
    with asking.send("GET", "/file") as response:
        return response.text(1 << 20)


def propfind(asking: Session) -> bytes:
    headers = {"Depth": "1", "Content-Type": "application/xml"}
    with asking.send("PROPFIND", "/file", headers=headers, body=PROPERTIES) as response:
        return response.text(1 << 20)


both = pytest.mark.parametrize("ask", [get, propfind])


def plain(ask: Ask, wire: Wire) -> None:
    wire.say(answer(200, b"12345"))


def to(where: str, status: int = 302) -> bytes:
    return answer(status, b"moved", {"Location": where, "Set-Cookie": f"id={CANARY}"})


@dataclass(frozen=True)
class World:
    """A private authority, a certificate of ours by it, and a site's options with both."""

    authority: trustme.CA
    bundle: Path
    options: Options

    @contextmanager
    def server(
        self, then: Callable[[Ask, Wire], None], seen: list[object], *, needs: bool = False
    ) -> Iterator[ScriptedHttp]:
        """`seen`: the certificates of those who ask."""

        def script(ask: Ask, wire: Wire) -> None:
            seen.append(wire.socket.getpeercert())  # type: ignore[attr-defined]
            then(ask, wire)

        tls = context(self.authority.issue_cert(HOST), asks=self.authority, needs=needs)
        with ScriptedHttp(script, tls=tls) as running:
            yield running


@pytest.fixture
def world(tmp_path: Path) -> World:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    ours = person(authority, tmp_path / "ours.pem")
    return World(authority, bundle, trusting(bundle, client_cert=ours))


@both
def test_C11_our_certificate_is_shown_to_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, ask: Asking
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(world.bundle))  # what this computer trusts
    home: list[object] = []
    elsewhere: list[object] = []
    with (
        world.server(plain, elsewhere) as other,
        world.server(lambda ask, wire: wire.say(to(other.base + "/there")), home) as server,
        session(server.base, options=world.options, token=CANARY) as asking,
    ):
        assert ask(asking) == ask(asking) == b"12345"
        assert CANARY not in str([dict(each.headers) for each in other.asks])
    assert all("ann@example.org" in str(shown) for shown in home)
    assert elsewhere == [None, None]


@both
def test_C11_another_server_that_wants_our_certificate_does_not_get_it(
    world: World, monkeypatch: pytest.MonkeyPatch, ask: Asking
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(world.bundle))
    with (
        world.server(plain, [], needs=True) as other,
        world.server(lambda ask, wire: wire.say(to(other.base + "/there")), []) as server,
        session(server.base, options=world.options) as asking,
    ):
        with pytest.raises(Denied, match="certificate of yours") as told:
            ask(asking)
        assert "connect to that address itself" in str(told.value)
        assert other.asks == []


@both
def test_C11_the_site_s_authority_vouches_for_the_site_alone(world: World, ask: Asking) -> None:
    with (
        world.server(plain, []) as other,
        world.server(lambda ask, wire: wire.say(to(other.base + "/there")), []) as server,
        session(server.base, options=world.options) as asking,
    ):
        with pytest.raises(Denied, match="not trusted here") as told:
            ask(asking)
        assert other.base in str(told.value)
        assert "connect to that address itself" in str(told.value)
        assert other.asks == []


@both
def test_C11_what_was_encrypted_never_goes_on_in_the_clear(world: World, ask: Asking) -> None:
    with (
        ScriptedHttp(plain) as other,
        world.server(lambda ask, wire: wire.say(to(other.base + "/there")), []) as server,
        session(server.base, options=world.options, token=CANARY) as asking,
    ):
        with pytest.raises(Denied, match="not encrypted"):
            ask(asking)
        assert other.connections == 0


# PROPFIND --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_C11_the_question_of_WebDAV_goes_along_whole(status: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(to("/there", status) if ask.target == "/file" else answer(207, b"12345"))

    with ScriptedHttp(script) as server, session(server.base) as asking:
        assert propfind(asking) == b"12345"
        asked = [(ask.method, ask.target, ask.headers["depth"], ask.body) for ask in server.asks]
        assert asked == [("PROPFIND", path, "1", PROPERTIES) for path in ("/file", "/there")]


def test_C11_a_loop_of_WebDAV_is_left_after_ten() -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(to(ask.target + "x"))) as server,
        session(server.base) as asking,
    ):
        with pytest.raises(Denied, match="more than 10 times"):
            propfind(asking)
        assert len(server.asks) == 11


@pytest.mark.parametrize("secret", ["token", "password"])
def test_C11_secrets_go_to_no_other_server_of_WebDAV(secret: str) -> None:
    own = (("X-Api-Key", CANARY),)
    options = Options(proxy="none", headers=own, auth="bearer" if secret == "token" else "basic")
    with (
        ScriptedHttp(plain) as other,
        ScriptedHttp(lambda ask, wire: wire.say(to(other.base + "/there"))) as server,
        session(
            server.base.replace("://", "://ann@"), options=options, **{secret: CANARY}
        ) as asking,
    ):
        assert propfind(asking) == propfind(asking) == b"12345"
        assert all({"authorization", "x-api-key"} <= set(ask.headers) for ask in server.asks)
        assert CANARY in server.asks[-1].headers["cookie"]
        shown = {name: value for ask in other.asks for name, value in ask.headers.items()}
        assert not set(shown) & {"authorization", "cookie", "referer", "x-api-key"}
        assert CANARY not in str(shown)
        assert shown["depth"] == "1"


@pytest.mark.parametrize("where", ["http://127.0.0.2", "http://169.254.169.254", "http://10.0.0.1"])
def test_C11_WebDAV_leads_nobody_inside(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def reach(address: str) -> Reach:
        return Reach.PUBLIC if address == HOST else reach_of(address)

    monkeypatch.setattr(redirects, "reach_of", reach)
    with (
        ScriptedHttp(lambda ask, wire: wire.say(to(where + "/"))) as server,
        session(server.base) as asking,
        pytest.raises(Denied, match="inside your own network"),
    ):
        propfind(asking)
