"""B10: certificates that prove nothing are refused at once, in words; a cut stream is no end."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from providers.errors import AuthRequired, ConnectionLost, Denied, InvalidName, Unsupported
from providers.http.options import Options
from tests.faults.http_case import http_case
from tests.servers.http_place import place, read, session
from tests.servers.scripted_http import HOST, Ask, ScriptedHttp, Wire, answer, chunked
from tests.servers.web_tls import context, person, trusting
from transfers.model import JobState

DATA = b"12345" * 1000


def plain(ask: Ask, wire: Wire) -> None:
    wire.say(answer(200, DATA if ask.method == "GET" else b"", {"ETag": '"one"'}))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def _ago(days: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)


@contextmanager
def refused(server: ScriptedHttp, options: Options, tmp_path: Path, why: str) -> Iterator[None]:
    """The server is refused with a sentence, and not tried again by a queue."""
    with place(server.base, options=options) as web, pytest.raises(Denied, match=why) as told:
        read(web, "/file")
    assert len(str(told.value)) < 300 and told.value.advice
    before = server.connections
    with http_case(tmp_path, server.base, options=options) as case:
        job = case.copied()
        assert (job.state, job.attempt) == (JobState.FAILED, 1), job.reason
        assert case.there() is None
    assert server.connections == before + 1
    assert server.asks == []
    yield


def test_B10_a_certificate_of_a_trusted_authority_is_taken(
    authority: trustme.CA, bundle: Path
) -> None:
    with (
        ScriptedHttp(plain, tls=context(authority.issue_cert(HOST))) as server,
        place(server.base, options=trusting(bundle)) as web,
    ):
        assert read(web, "/file") == DATA
        assert read(web, "/file") == DATA
        assert server.connections == 1


def test_B10_expired(authority: trustme.CA, bundle: Path, tmp_path: Path) -> None:
    cert = authority.issue_cert(HOST, not_before=_ago(9), not_after=_ago(2))
    with (
        ScriptedHttp(plain, tls=context(cert)) as server,
        refused(server, trusting(bundle), tmp_path, "has expired"),
    ):
        pass


def test_B10_not_valid_yet(authority: trustme.CA, bundle: Path, tmp_path: Path) -> None:
    cert = authority.issue_cert(HOST, not_before=_ago(-9), not_after=_ago(-20))
    with (
        ScriptedHttp(plain, tls=context(cert)) as server,
        refused(server, trusting(bundle), tmp_path, "not valid yet"),
    ):
        pass


@pytest.mark.parametrize("name", ["other.example", "127.0.0.9"])
def test_B10_for_another_host(
    authority: trustme.CA, bundle: Path, tmp_path: Path, name: str
) -> None:
    with (
        ScriptedHttp(plain, tls=context(authority.issue_cert(name))) as server,
        refused(server, trusting(bundle), tmp_path, "for another host"),
    ):
        pass


def test_B10_by_an_unknown_authority(authority: trustme.CA, tmp_path: Path) -> None:
    with (
        ScriptedHttp(plain, tls=context(authority.issue_cert(HOST))) as server,
        refused(server, Options(proxy="none"), tmp_path, "not trusted here"),
    ):
        pass


def test_B10_self_signed(bundle: Path, tmp_path: Path) -> None:
    alone = trustme.CA()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with alone.private_key_pem.tempfile() as key, alone.cert_pem.tempfile() as cert:
        made.load_cert_chain(cert, key)
    with (
        ScriptedHttp(plain, tls=made) as server,
        refused(server, trusting(bundle), tmp_path, "self-signed|another host"),
    ):
        pass


def test_B10_what_is_no_TLS_is_said_so() -> None:
    with (
        ScriptedHttp(plain) as server,
        place(server.base.replace("http://", "https://")) as web,
        pytest.raises((Unsupported, ConnectionLost)) as told,
    ):
        server.script = lambda ask, wire: wire.hang_up()
        _answer_in_plain(server)
        read(web, "/file")
    assert "TLS" in str(told.value)


def _answer_in_plain(server: ScriptedHttp) -> None:
    """A web server says "400" in plain text to a TLS greeting."""

    def converse(wire: Wire) -> None:
        wire.socket.recv(65536)
        wire.say(answer(400, b"plain HTTP here"))

    server._converse = converse  # type: ignore[method-assign]


@pytest.mark.parametrize("framing", ["counted", "chunked"])
def test_B10_a_stream_that_is_cut_without_a_goodbye_is_no_end(
    authority: trustme.CA, bundle: Path, framing: str
) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if framing == "chunked":
            said = {"Transfer-Encoding": "chunked", "Content-Length": ""}
            wire.say(answer(200, b"", said) + chunked(DATA, end=b""))
        else:
            wire.say(answer(200, DATA)[:-1])
        socket.socket.shutdown(wire.socket, socket.SHUT_RDWR)
        wire.hang_up()

    with (
        ScriptedHttp(script, tls=context(authority.issue_cert(HOST))) as server,
        place(server.base, options=trusting(bundle)) as web,
        pytest.raises(ConnectionLost),
    ):
        read(web, "/file")


def test_B10_a_body_without_a_length_ends_only_with_a_goodbye(
    authority: trustme.CA, bundle: Path
) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, DATA, {"Content-Length": "", "Connection": "close"}))
        if ask.target == "/cut":
            socket.socket.shutdown(wire.socket, socket.SHUT_RDWR)
        else:
            assert isinstance(wire.socket, ssl.SSLSocket)
            wire.socket.unwrap()
        wire.hang_up()

    with (
        ScriptedHttp(script, tls=context(authority.issue_cert(HOST))) as server,
        session(server.base, options=trusting(bundle)) as asking,
    ):
        with asking.send("GET", "/whole") as response:
            assert response.text(1 << 20) == DATA
        with asking.send("GET", "/cut") as response, pytest.raises(ConnectionLost):
            response.text(1 << 20)


def test_B10_a_server_that_wants_our_certificate_gets_it(
    authority: trustme.CA, bundle: Path, tmp_path: Path
) -> None:
    wants = context(authority.issue_cert(HOST), asks=authority, needs=True)
    ours = person(authority, tmp_path / "ours.pem")
    with ScriptedHttp(plain, tls=wants) as server:
        with place(server.base, options=trusting(bundle, client_cert=ours)) as web:
            assert read(web, "/file") == DATA
        with (
            place(server.base, options=trusting(bundle)) as web,
            pytest.raises(Denied, match="certificate of yours"),
        ):
            read(web, "/file")


def test_B10_a_client_certificate_with_a_passphrase_asks_for_it(
    authority: trustme.CA, bundle: Path, tmp_path: Path
) -> None:
    ours = person(authority, tmp_path / "ours.pem", "open")
    with (
        ScriptedHttp(plain, tls=context(authority.issue_cert(HOST))) as server,
        place(server.base, options=trusting(bundle, client_cert=ours)) as web,
    ):
        with pytest.raises(AuthRequired) as asked:
            read(web, "/file")
        assert (asked.value.needs, asked.value.subject) == ("passphrase", str(ours))
        web._access.secrets.put(server.base, "passphrase", "wrong", str(ours))
        with pytest.raises(AuthRequired) as again:
            read(web, "/file")
        assert again.value.rejected
        web._access.secrets.put(server.base, "passphrase", "open", str(ours))
        assert read(web, "/file") == DATA


@pytest.mark.parametrize("field", ["ca_bundle", "client_cert"])
def test_B10_a_certificate_file_that_is_none_is_named(tmp_path: Path, field: str) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for name in ("none.pem", "missing.pem"):
        options = Options(proxy="none", **{field: tmp_path / name})  # type: ignore[arg-type]
        with (
            place("https://127.0.0.1:9", options=options) as web,
            pytest.raises(InvalidName, match=field),
        ):
            read(web, "/file")
