"""`diagnose` of web servers: each step that can fail says so, and why."""

from __future__ import annotations

import datetime
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from providers.access import Access
from providers.base import Place
from providers.errors import AuthRequired
from providers.http.doctor import diagnose as diagnose_http
from providers.registry import diagnose
from providers.web.patience import Patience
from tests.providers.diagnosing import Walk
from tests.servers.bucket import Bucket
from tests.servers.scripted_http import ScriptedHttp
from tests.servers.web_servers import Apache, Nginx, PythonHttp, find_apache, find_nginx

needs_nginx = pytest.mark.skipif(find_nginx() is None, reason="nginx is not installed")
needs_apache = pytest.mark.skipif(find_apache() is None, reason="apache2-bin is not installed")
TO_HTTP = ["address", "name", "TCP", "HTTP"]
OF_A_FILE = ["ranges", "version", "encoding", "digests", "clock"]
OLD = 1_600_000_000


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "known_hosts")


def walk(endpoint: str, path: str, access: Access) -> Walk:
    return Walk(diagnose(Place(endpoint, path), access))


def fill(root: Path) -> None:
    (root / "Folder").mkdir()
    (root / "File.bin").write_bytes(bytes(300_000))
    os.utime(root / "File.bin", (OLD, OLD))


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path / "nginx") as server:
        fill(server.root)
        yield server


# Real servers --------------------------------------------------------------------------------


@needs_nginx
def test_a_folder_that_is_fine_has_every_step_and_nothing_wrong(
    nginx: Nginx, access: Access
) -> None:
    found = walk(nginx.base, "", access)
    assert found.wrong == []
    assert found.steps == [*TO_HTTP, "answer", "listing", *OF_A_FILE]
    assert found.of("listing").what == "a list of 2 entries, as nginx writes it"
    assert "byte 0 of 300000" in found.of("ranges").what
    assert found.of("version").ok is True


@needs_nginx
def test_a_list_in_json_is_told_as_such(tmp_path: Path, access: Access) -> None:
    with Nginx(tmp_path / "nginx", listing="json") as server:
        fill(server.root)
        found = walk(server.base, "", access)
    assert found.of("listing").what == "a list of 2 entries, as JSON"


@needs_nginx
def test_a_file_is_tried_itself(nginx: Nginx, access: Access) -> None:
    found = walk(nginx.base, "/File.bin", access)
    assert found.steps == [*TO_HTTP, "answer", *OF_A_FILE]
    assert found.wrong == []


@needs_nginx
def test_nothing_is_changed_there(nginx: Nginx, access: Access) -> None:
    walk(nginx.base, "", access)
    walk(nginx.base.replace("http", "dav"), "", access)
    methods = {line.split()[0] for line in nginx.access_log.read_text().splitlines()}
    assert methods <= {"HEAD", "GET", "OPTIONS", "PROPFIND"}


@needs_nginx
def test_a_redirect_is_told(nginx: Nginx, access: Access) -> None:
    found = walk(nginx.base, "/Folder", access)
    assert f"redirects to {nginx.base}/Folder/" in found.of("HTTP").what
    assert found.last.what == "there is no file here to try downloads with"


@needs_nginx
def test_a_missing_file_is_told_with_what_is_called_nearly_so(nginx: Nginx, access: Access) -> None:
    told = walk(nginx.base, "/file.bin", access).ends_wrong("answer")
    assert "“File.bin”" in told.advice


@needs_nginx
def test_403_tells_of_listing_that_is_switched_off(tmp_path: Path, access: Access) -> None:
    with Nginx(tmp_path / "nginx", listing=None) as server:
        told = walk(server.base, "", access).ends_wrong("answer")
    assert "403" in told.what
    assert "switched off" in told.advice


@needs_nginx
def test_the_secret_part_of_an_address_is_used_and_never_told(nginx: Nginx, access: Access) -> None:
    found = walk(nginx.base, "/File.bin?signature=canary", access)
    assert "File.bin?signature=canary" in nginx.access_log.read_text()
    assert found.wrong == []
    assert not [each for each in found.all if "canary" in f"{each.what}{each.advice}"]


@needs_apache
@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_sign_in_is_told_with_what_the_server_asks_for(
    tmp_path: Path, access: Access, auth: str
) -> None:
    with Apache(tmp_path / "apache", sign_in=("ann", "canary"), auth=auth) as server:  # type: ignore[arg-type]
        fill(server.root)
        endpoint = server.base.replace("//", "//ann@")
        without = walk(endpoint, "", access).ends_wrong("sign-in")
        access.secrets.put(endpoint, "password", "canary-wrong")
        wrong = walk(endpoint, "", access)
        access.secrets.put(endpoint, "password", "canary")
        right = walk(endpoint, "", access)
    assert f"the server asks for {auth}" in without.what
    assert isinstance(without.asks, AuthRequired)
    assert "the password was refused" in wrong.ends_wrong("sign-in").what
    assert right.wrong == []
    assert right.of("sign-in").what == f"signed in as ann; the server asks for {auth}"
    for each in (*wrong.all, *right.all):
        assert "canary" not in f"{each.what}{each.advice}"


def test_a_server_that_ignores_ranges_is_a_remark(tmp_path: Path, access: Access) -> None:
    with PythonHttp(tmp_path / "python") as server:
        fill(server.root)
        found = walk(server.base, "", access)
    assert found.of("ranges").ok is None
    assert "ignores ranges" in found.of("ranges").what
    assert found.of("version").what.startswith("only Last-Modified")
    assert found.wrong == []


@needs_apache
def test_webdav_has_its_own_steps(tmp_path: Path, access: Access) -> None:
    with Apache(tmp_path / "apache", dav=True) as server:
        fill(server.root)
        endpoint = server.base.replace("http", "dav")
        folder = walk(endpoint, "", access)
        file = walk(endpoint, "/File.bin", access)
        gone = walk(endpoint, "/gone", access).ends_wrong("list")
    assert folder.wrong == []
    assert folder.steps == [*TO_HTTP, "WebDAV", "list", "room", *OF_A_FILE]
    assert folder.of("WebDAV").ok is True
    assert folder.of("list").what == "a list of 2 entries"
    assert file.of("list").what == "it is a file"
    assert "remote.php" in gone.advice


@needs_nginx
def test_a_server_without_webdav_is_told(nginx: Nginx, access: Access) -> None:
    told = walk(nginx.base.replace("http", "dav"), "", access).ends_wrong("WebDAV")
    assert "405" in told.what


def test_a_closed_port_is_told(access: Access) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        told = walk(f"http://127.0.0.1:{held.getsockname()[1]}", "", access).ends_wrong("TCP")
    assert "a web server runs there" in told.advice


def test_a_name_nobody_has_is_told(access: Access) -> None:
    assert walk("https://no-such-host.invalid", "", access).ends_wrong("name").what


# TLS -----------------------------------------------------------------------------------------


@contextmanager
def secured(
    tmp_path: Path, name: str, until: datetime.datetime | None = None
) -> Iterator[tuple[Nginx, trustme.CA]]:
    ca = trustme.CA()
    since = None if until is None else until - datetime.timedelta(days=30)
    leaf = ca.issue_cert(name, not_before=since, not_after=until)
    files = (tmp_path / "chain.pem", tmp_path / "key.pem")
    files[0].write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(files[1]))
    with Nginx(tmp_path / "secured", tls=files) as server:
        fill(server.root)
        yield server, ca


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[trustme.CA], None]:
    """Have this computer trust an authority."""

    def trust(ca: trustme.CA) -> None:
        ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    return trust


@needs_nginx
def test_a_good_certificate_is_told_with_its_end(
    tmp_path: Path, access: Access, trusting: Callable[[trustme.CA], None]
) -> None:
    with secured(tmp_path, "127.0.0.1") as (server, ca):
        trusting(ca)
        found = walk(server.base, "", access)
    assert found.wrong == []
    assert found.of("TLS").what.startswith("TLSv1.")
    assert "for 127.0.0.1, by trustme" in found.of("TLS").what


@needs_nginx
@pytest.mark.parametrize("step", ["TCP", "TLS", "HTTP", "answer"])
def test_a_walk_that_is_left_at_any_step_leaves_no_socket(
    tmp_path: Path, access: Access, trusting: Callable[[trustme.CA], None], step: str
) -> None:
    with secured(tmp_path, "127.0.0.1") as (server, ca):
        trusting(ca)
        findings = diagnose(Place(server.base, ""), access)
        assert step in (finding.step for finding in findings)
        findings.close()  # type: ignore[attr-defined]  # a socket left open would warn


@needs_nginx
def test_a_certificate_that_ends_soon_is_a_remark(
    tmp_path: Path, access: Access, trusting: Callable[[trustme.CA], None]
) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=5)
    with secured(tmp_path, "127.0.0.1", soon) as (server, ca):
        trusting(ca)
        found = walk(server.base, "", access)
    assert found.of("TLS").ok is None
    assert f"{soon:%Y-%m-%d}" in found.of("TLS").what
    assert found.wrong == []


@needs_nginx
def test_an_expired_certificate_ends_the_walk_and_is_shown(
    tmp_path: Path, access: Access, trusting: Callable[[trustme.CA], None]
) -> None:
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=5)
    with secured(tmp_path, "127.0.0.1", past) as (server, ca):
        trusting(ca)
        told = walk(server.base, "", access).ends_wrong("TLS")
    assert "has expired" in told.what
    assert f"{past:%Y-%m-%d}" in told.what
    assert "renew" in told.advice


@needs_nginx
def test_an_authority_nobody_trusts_is_told_with_what_to_do(tmp_path: Path, access: Access) -> None:
    with secured(tmp_path, "127.0.0.1") as (server, _):
        told = walk(server.base, "", access).ends_wrong("TLS")
    assert "not trusted" in told.what
    assert "ca_bundle" in told.advice


@needs_nginx
def test_a_certificate_for_another_host_is_told(
    tmp_path: Path, access: Access, trusting: Callable[[trustme.CA], None]
) -> None:
    with secured(tmp_path, "other.example") as (server, ca):
        trusting(ca)
        told = walk(server.base, "", access).ends_wrong("TLS")
    assert "for another host" in told.what
    assert "other.example" in told.what


@needs_nginx
def test_https_where_http_is_spoken_and_the_other_way(
    nginx: Nginx, tmp_path: Path, access: Access
) -> None:
    told = walk(nginx.base.replace("http", "https"), "", access).ends_wrong("TLS")
    assert "does not speak TLS" in told.what
    with secured(tmp_path, "127.0.0.1") as (server, _):
        told = walk(server.base.replace("https", "http"), "", access).ends_wrong("answer")
    assert "try https" in told.advice


# Servers that lie ----------------------------------------------------------------------------


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], Answer]) -> Iterator[str]:
    """A server that answers each request so; its base address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = answer(self)
            self.send_response_only(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_part_that_was_not_asked_for_is_wrong(access: Access) -> None:
    def lie(request: BaseHTTPRequestHandler) -> Answer:
        if request.headers.get("Range"):
            return 206, {"Content-Range": "bytes 5-5/9"}, b"x"
        return 200, {}, b"123456789"

    with answering(lie) as base:
        found = walk(base, "/file", access)
    assert found.of("ranges").ok is False


def test_416_is_explained(access: Access) -> None:
    with answering(
        lambda request: (416 if request.headers.get("Range") else 200, {}, b"123")
    ) as base:
        told = walk(base, "/file", access).of("ranges")
    assert told.ok is None
    assert "416" in told.what
    assert "cache or proxy" in told.advice


def test_an_answer_that_is_compressed_unasked_is_a_remark(access: Access) -> None:
    with answering(lambda _: (200, {"Content-Encoding": "gzip"}, b"123")) as base:
        told = walk(base, "/file", access).of("encoding")
    assert told.ok is None
    assert "gzip" in told.what


def test_a_clock_that_is_wrong_is_a_remark(access: Access) -> None:
    with answering(lambda _: (200, {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}, b"1")) as base:
        told = walk(base, "/file", access).of("clock")
    assert told.ok is None
    assert "behind" in told.what


def test_digests_that_the_server_states_are_told(access: Access) -> None:
    digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    with answering(lambda _: (200, {"Repr-Digest": digest}, b"1")) as base:
        told = walk(base, "/file", access).of("digests")
    assert told.what == "the server states sha256 of the file"


def test_a_server_that_asks_to_slow_down_is_told(access: Access) -> None:
    with answering(lambda _: (429, {"Retry-After": "3600"}, b"")) as base:
        told = walk(base, "/file", access).ends_wrong("answer")
    assert "slow down" in told.what
    assert "fewer connections" in told.advice


def test_what_a_server_calls_itself_cannot_steer_the_terminal(access: Access) -> None:
    with answering(
        lambda _: (200, {"Server": "\x1b[2J\x9b", "Content-Type": "a\x9bb"}, b"")
    ) as base:
        walk(base, "/file", access)  # Walk checks what each finding says


def test_where_a_redirect_leads_is_told_without_its_secret_part(access: Access) -> None:
    def moved(request: BaseHTTPRequestHandler) -> Answer:
        if request.path == "/here":
            return 302, {"Location": "/there?signature=canary"}, b""
        return 200, {}, b"123"

    with answering(moved) as base:
        found = walk(base, "/here", access)
    assert f"redirects to {base}/there" in found.of("HTTP").what
    assert not [each for each in found.all if "canary" in f"{each.what}{each.advice}"]


def test_what_speaks_no_http_is_told(access: Access) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")
                connection.recv(1000)

        thread = threading.Thread(target=greet)
        thread.start()
        told = walk(f"http://127.0.0.1:{server.getsockname()[1]}", "", access).ends_wrong("HTTP")
        thread.join()
    assert "no answer of a web server" in told.what


def test_a_server_that_says_nothing_is_not_waited_for(access: Access) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        found = Walk(diagnose_http(endpoint, "", access, Patience(silence=0.2, headers=0.2)))
    assert "nothing came in time" in found.ends_wrong("HTTP").what


# Proxies -------------------------------------------------------------------------------------


@contextmanager
def tunnelling(status: bytes, to: int) -> Iterator[int]:
    """A proxy that answers each CONNECT with `status`, and joins it to the port `to` after 200."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            while True:
                client, _ = server.accept()
                if over.is_set():
                    client.close()
                    return
                threading.Thread(target=_join, args=(client, status, to), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


def _join(client: socket.socket, status: bytes, to: int) -> None:
    with client, suppress(OSError):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += client.recv(4096)
        client.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if not status.startswith(b"200"):
            return
        with socket.create_connection(("127.0.0.1", to)) as server:
            back = threading.Thread(target=_pour, args=(server, client))
            back.start()
            _pour(client, server)
            back.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@needs_nginx
def test_a_proxy_is_told_and_its_tunnel_walked_through(
    tmp_path: Path,
    access: Access,
    trusting: Callable[[trustme.CA], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        secured(tmp_path, "files.example") as (server, ca),
        tunnelling(b"200 OK", server.port) as port,
    ):
        trusting(ca)
        monkeypatch.setenv("https_proxy", f"http://ann:canary@127.0.0.1:{port}")
        found = walk("https://files.example", "", access)
    assert found.wrong == []
    assert found.steps[:5] == ["address", "proxy", "name", "TCP", "tunnel"]
    assert f"http://127.0.0.1:{port}" in found.of("proxy").what
    assert not [each for each in found.all if "canary" in f"{each.what}{each.advice}"]


def test_a_proxy_that_makes_no_way_is_told(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnelling(b"407 No", 0) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        told = walk("https://files.example", "", access).ends_wrong("tunnel")
    assert "407" in told.what


def test_a_proxy_that_is_not_there_is_told_as_the_proxy(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{held.getsockname()[1]}")
        told = walk("http://files.example", "", access).ends_wrong("TCP")
    assert "the proxy runs there" in told.advice


def test_a_bucket_with_more_keys_than_one_answer_has_is_a_list(access: Access) -> None:
    objects = {f"{number}": b"x" for number in range(30)}
    with ScriptedHttp(Bucket(objects, most=20)) as server:
        found = walk(server.base, "/", access)
    assert found.of("listing").what == "a list of 20 entries, the first of a bucket"
