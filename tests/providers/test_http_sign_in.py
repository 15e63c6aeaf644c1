"""Signing in to a web site: what is sent, when, and what a refusal asks for."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
import traceback
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from providers.access import Access, Secrets
from providers.errors import AuthRequired, Denied, InvalidName
from providers.http.digest_auth import answer as digest_answer
from providers.http.digest_auth import can_answer, challenges
from providers.http.options import Options
from providers.http.session import Session
from providers.vault import FileVault
from tests.servers.http_place import place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import Apache, find_apache

DATA = b"12345"
NETRC = Options(proxy="none", netrc=True)
BASIC = "Basic " + base64.b64encode("ann:pässword".encode()).decode()


def options(
    auth: Literal["auto", "none", "basic", "digest", "bearer"] = "auto", **more: object
) -> Options:
    return Options(proxy="none", auth=auth, **more)  # type: ignore[arg-type]


def wants(*challenge: str, accepts: str = "") -> object:
    """A script that lets in who sends `accepts`."""

    def script(ask: Ask, wire: Wire) -> None:
        if ask.headers.get("authorization") == accepts:
            return wire.say(answer(200, DATA))
        lines = "".join(f"WWW-Authenticate: {each}\r\n" for each in challenge)
        return wire.say(answer(401, b"no").replace(b"\r\n", b"\r\n" + lines.encode(), 1))

    return script


def user(server: ScriptedHttp) -> str:
    return server.base.replace("://", "://ann@")


def test_password_is_sent_when_the_server_asks_and_then_at_once() -> None:
    with (
        ScriptedHttp(wants('Basic realm="x"', accepts=BASIC)) as server,  # type: ignore[arg-type]
        place(user(server), options=options(), password="pässword") as web,
    ):
        assert read(web, "/file") == read(web, "/file") == DATA
        assert [ask.headers.get("authorization") for ask in server.asks] == [None, BASIC, BASIC]


def test_basic_is_sent_at_once_where_the_site_says_so() -> None:
    with (
        ScriptedHttp(wants(accepts=BASIC)) as server,  # type: ignore[arg-type]
        place(user(server), options=options("basic"), password="pässword") as web,
    ):
        assert read(web, "/file") == DATA
        assert len(server.asks) == 1


@pytest.mark.parametrize("auth", ["auto", "bearer"])
def test_token_is_sent_at_once(auth: Literal["auto", "bearer"]) -> None:
    with (
        ScriptedHttp(wants(accepts="Bearer t0ken")) as server,  # type: ignore[arg-type]
        place(server.base, options=options(auth), token="t0ken") as web,
    ):
        assert read(web, "/file") == DATA
        assert len(server.asks) == 1


def test_token_goes_where_a_header_asks_for_it() -> None:
    own = options(headers=(("X-Api-Key", "key {token}"), ("X-Team", "blue")))
    with ScriptedHttp(lambda ask, wire: wire.say(answer(200, DATA))) as server:
        with place(server.base, options=own, token="t0ken") as web:
            assert read(web, "/file") == DATA
        (ask,) = server.asks
        assert (ask.headers["x-api-key"], ask.headers["x-team"]) == ("key t0ken", "blue")
        assert "authorization" not in ask.headers
        with place(server.base, options=own) as web, pytest.raises(AuthRequired) as needed:
            read(web, "/file")
        assert needed.value.needs == "token"


@pytest.mark.parametrize(
    ("challenge", "auth", "needs"),
    [
        (['Basic realm="x"'], "auto", "password"),
        (['Digest realm="x", nonce="n", qop="auth"'], "auto", "password"),
        (["Bearer"], "auto", "token"),
        (["Bearer", 'Basic realm="x"'], "auto", "password"),
        (['Bearer realm="a, b", error="c", Basic realm="d"'], "auto", "password"),
        (['Basic realm="x"'], "bearer", "token"),
    ],
)
def test_missing_secret_is_asked_for(challenge: list[str], auth: str, needs: str) -> None:
    with (
        ScriptedHttp(wants(*challenge, accepts="never")) as server,  # type: ignore[arg-type]
        place(user(server), options=options(auth)) as web,  # type: ignore[arg-type]
    ):
        with pytest.raises(AuthRequired) as asked:
            read(web, "/file")
        assert (asked.value.needs, asked.value.rejected) == (needs, False)
        assert asked.value.endpoint == user(server)
        assert len(server.asks) == 1


@pytest.mark.parametrize("secret", ["password", "token"])
def test_refused_secret_is_sent_once_and_forgotten(secret: str) -> None:
    with (
        ScriptedHttp(wants('Basic realm="x"', accepts="never")) as server,  # type: ignore[arg-type]
        place(user(server), options=options(), **{secret: "wrong"}) as web,
    ):
        with pytest.raises(AuthRequired) as refused:
            read(web, "/file")
        assert (refused.value.needs, refused.value.rejected) == (secret, True)
        with pytest.raises(AuthRequired) as again:
            read(web, "/file")
        assert not again.value.rejected
        sent = [
            ask.headers["authorization"] for ask in server.asks if "authorization" in ask.headers
        ]
        assert len(sent) == 1
        assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Digest realm="x", nonce="n"'])
def test_stored_password_that_is_refused_once_is_there_for_the_next_run(
    tmp_path: Path, challenge: str
) -> None:
    """A server that turns away everybody while it restarts takes nothing from a keyring."""
    refusing = [True]

    def script(ask: Ask, wire: Wire) -> None:
        signed = "authorization" in ask.headers and not refusing[0]
        wire.say(answer(200, DATA) if signed else answer(401, b"", {"WWW-Authenticate": challenge}))

    vault = FileVault(tmp_path / "secrets.json")
    with ScriptedHttp(script) as server:
        vault.put(user(server), "password", "", "stored")

        def run() -> Session:
            return Session(user(server), options(), Access(tmp_path, Secrets(vault)))

        with closing(run()) as asking:
            for rejected in (True, False, False):
                with pytest.raises(AuthRequired) as told, asking.send("GET", "/file"):
                    pass
                assert told.value.rejected is rejected
        assert sum("authorization" in ask.headers for ask in server.asks) == 1
        refusing[0] = False
        with closing(run()) as asking, asking.send("GET", "/file") as response:
            assert response.status == 200


def test_wrong_password_is_sent_once_also_by_many_threads() -> None:
    with (
        ScriptedHttp(wants('Basic realm="x"', accepts="never")) as server,  # type: ignore[arg-type]
        place(user(server), options=options(), password="wrong") as web,
    ):

        def attempt() -> None:
            with pytest.raises(AuthRequired):
                read(web, "/file")

        threads = [threading.Thread(target=attempt) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum("authorization" in ask.headers for ask in server.asks) == 1


def test_user_name_that_is_missing_is_asked_for_in_words() -> None:
    with (
        ScriptedHttp(wants('Basic realm="x"', accepts="never")) as server,  # type: ignore[arg-type]
        place(server.base, options=options(), password="secret") as web,
        pytest.raises(Denied, match="user name"),
    ):
        read(web, "/file")


@pytest.mark.parametrize(
    ("challenge", "auth"),
    [
        ("Negotiate", "auto"),
        ('Basic realm="x"', "none"),
        ("", "auto"),
        ('Digest nonce="n"', "basic"),
    ],
)
def test_sign_in_that_is_not_known_is_said(challenge: str, auth: str) -> None:
    with (
        ScriptedHttp(wants(challenge, accepts="never")) as server,  # type: ignore[arg-type]
        place(user(server), options=options(auth), password="secret") as web,  # type: ignore[arg-type]
        pytest.raises((Denied, AuthRequired)),
    ):
        read(web, "/file")
    assert "secret" not in str([dict(ask.headers) for ask in server.asks])


def test_password_in_netrc_is_used_where_the_site_says_so(isolated_home: Path) -> None:
    netrc = isolated_home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login ann password pässword\n", encoding="utf-8")
    netrc.chmod(0o600)
    with ScriptedHttp(wants('Basic realm="x"', accepts=BASIC)) as server:  # type: ignore[arg-type]
        with place(server.base, options=options(netrc=True)) as web:
            assert read(web, "/file") == DATA
        with place(server.base, options=options()) as web, pytest.raises(AuthRequired):
            read(web, "/file")
        bob = server.base.replace("://", "://bob@")
        with place(bob, options=options(netrc=True)) as web, pytest.raises(AuthRequired):
            read(web, "/file")


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"machine\n", 0o600, "line"),
        (b"machine h login ann password correct horse-canary\n", 0o600, "line"),
        (b"# mine\nmachine h\ncanary\n", 0o600, "line"),
        (b"machine h login ann password \xffcanary\xff x\n", 0o600, "line|UTF-8"),
        pytest.param(
            b"machine h login ann password canary\n",
            0o644,
            "chmod 600",
            marks=pytest.mark.skipif(os.name == "nt", reason="no such modes on Windows"),
        ),
    ],
)
def test_netrc_that_cannot_be_used_is_named_and_not_quoted(
    isolated_home: Path, content: bytes, mode: int, why: str
) -> None:
    netrc = isolated_home / ".netrc"
    netrc.write_bytes(content)
    netrc.chmod(mode)
    with pytest.raises(InvalidName, match=why) as told, place("http://h", options=NETRC):
        pass
    assert told.value.path == "~/.netrc"
    assert "canary" not in "".join(traceback.format_exception(told.value))


@pytest.mark.parametrize("token", ["two\r\nlines: x", "€"])
def test_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with ScriptedHttp(lambda ask, wire: wire.say(answer(200))) as server:
        with (
            place(server.base, options=options(), token=token) as web,
            pytest.raises(InvalidName) as refused,
        ):
            read(web, "/file")
        assert token not in str(refused.value)
        assert server.asks == []


# Digest ----------------------------------------------------------------------------------------

MUFASA = ("Mufasa", "Circle of Life")
OWN = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_is_that_of_RFC_7616(algorithm: str, response: str) -> None:
    """Section 3.9.1."""
    header = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f"algorithm={algorithm}, "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    (challenge,) = challenges((header,))
    assert can_answer(challenge)
    sent = digest_answer(challenge, *MUFASA, "GET", "/dir/index.html", 1, OWN)
    assert f'response="{response}"' in sent
    assert "nc=00000001" in sent and "qop=auth," in sent


class DigestServer:
    """Lets in who knows the password; each nonce is good for `uses` requests.

    `realm` as the bytes of a header are read: Latin-1.
    """

    def __init__(self, algorithm: str = "SHA-256", uses: int = 99, realm: str = "r") -> None:
        self._algorithm, self._uses, self._realm = algorithm, uses, realm
        self._nonce, self._counts = 0, set[int]()

    def __call__(self, ask: Ask, wire: Wire) -> None:
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', ask.headers.get("authorization", "")))
        known = said.get("nonce") == f"n{self._nonce}"
        if known and self._right(ask, said) and len(self._counts) < self._uses:
            assert int(said["nc"], 16) not in self._counts, "a nonce's count was used twice"
            self._counts.add(int(said["nc"], 16))
            return wire.say(answer(200, DATA))
        stale = "true" if known and self._right(ask, said) else "false"
        self._nonce, self._counts = self._nonce + 1, set()
        challenge = (
            f'Digest realm="{self._realm}", nonce="n{self._nonce}", qop="auth", '
            f"algorithm={self._algorithm}, stale={stale}"
        )
        return wire.say(answer(401, b"", {"WWW-Authenticate": challenge}))

    def _right(self, ask: Ask, said: dict[str, str]) -> bool:
        def digest(data: bytes | str) -> str:
            name = self._algorithm.removesuffix("-sess").replace("-", "").lower()
            return hashlib.new(name, data.encode() if isinstance(data, str) else data).hexdigest()

        secret = digest(b":".join((b"ann", self._realm.encode("latin-1"), "pässword".encode())))
        if self._algorithm.endswith("-sess"):
            secret = digest(f"{secret}:{said['nonce']}:{said['cnonce']}")
        between = f"{said['nonce']}:{said['nc']}:{said['cnonce']}:auth"
        expected = digest(f"{secret}:{between}:{digest(f'{ask.method}:{ask.target}')}")
        about = (said["uri"], said["realm"])
        return said["response"] == expected and about == (ask.target, self._realm)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess"])
def test_digest_signs_each_request_and_never_sends_the_password(algorithm: str) -> None:
    with (
        ScriptedHttp(DigestServer(algorithm)) as server,
        place(user(server), options=options(), password="pässword") as web,
    ):
        for _ in range(3):
            assert read(web, "/file%20a") == DATA
        assert len(server.asks) == 4


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_realm_counts_as_the_bytes_that_the_server_sent(encoding: str) -> None:
    realm = "Zürich".encode(encoding).decode("latin-1")
    with (
        ScriptedHttp(DigestServer(realm=realm)) as server,
        place(user(server), options=options(), password="pässword") as web,
    ):
        assert read(web, "/file") == DATA


@pytest.mark.skipif(find_apache() is None, reason="Apache is not installed")
@pytest.mark.parametrize("who", ["jürgen", "łukasz"])
def test_names_beyond_ascii_sign_in_to_a_real_server(
    tmp_path: Path, isolated_home: Path, who: str
) -> None:
    (isolated_home / ".netrc").write_text(
        f"machine 127.0.0.1 login {who} password pässword\n", encoding="utf-8"
    )
    (isolated_home / ".netrc").chmod(0o600)
    people = {"sign_in": (who, "pässword"), "auth": "digest", "realm": "Zürich"}
    with Apache(tmp_path / "apache", **people) as server:  # type: ignore[arg-type]
        (server.root / "file").write_bytes(DATA)
        with place(server.base, options=NETRC) as web:
            assert read(web, "/file") == DATA


def test_nonce_that_is_too_old_is_no_refusal() -> None:
    with (
        ScriptedHttp(DigestServer(uses=2)) as server,
        place(user(server), options=options(), password="pässword") as web,
    ):
        for _ in range(5):
            assert read(web, "/file") == DATA


def test_digest_is_preferred_to_basic() -> None:
    digest = DigestServer()

    def script(ask: Ask, wire: Wire) -> None:
        assert not ask.headers.get("authorization", "").startswith("Basic")
        digest(ask, wire)

    with (
        ScriptedHttp(script) as server,
        place(user(server), options=options(), password="pässword") as web,
    ):
        assert read(web, "/file") == DATA
