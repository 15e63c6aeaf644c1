"""F5 on the web: each way to sign in, let in and refused, by the queue and by the shell."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme

from providers.access import Access
from tests.faults.canaries import World, login, loud_world, said, shown
from tests.servers.scripted_http import HOST, Ask, Script, ScriptedHttp, Wire, answer
from tests.servers.web_servers import Apache, find_apache
from tests.servers.web_tls import context, person
from tests.tui.cli_runner import wharfie
from tests.tui.hosts import stop_host
from tests.tui.test_host_process import host_pid
from tui.headless.attach import attach

CONTENT = b"content" * 1000
WRONG = "canary-wrong"


@pytest.fixture
def world(
    isolated_home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with loud_world(isolated_home, tmp_path_factory.mktemp("loud"), monkeypatch) as made:
        yield made


# Servers, each with its way to be signed in to: what the site says of it is what they give --------

Served = AbstractContextManager[dict[str, str]]


def apache(auth: str) -> Callable[[Path], Served]:
    @contextmanager
    def serve(folder: Path) -> Iterator[dict[str, str]]:
        if find_apache() is None:
            pytest.skip("Apache is not installed")
        people = {"sign_in": ("ann", f"canary-{auth}"), "auth": auth}
        with Apache(folder / "apache", **people) as server:  # type: ignore[arg-type]
            (server.root / "file").write_bytes(CONTENT)
            yield {"url": f"{server.base}/", "user": "ann"}

    return serve


def guarded(lets_in: Callable[[Ask], bool], refusal: bytes) -> Script:
    def script(ask: Ask, wire: Wire) -> None:
        if not lets_in(ask):
            return wire.say(refusal)
        length = {"Content-Length": str(len(CONTENT))}
        return wire.say(answer(200, b"" if ask.method == "HEAD" else CONTENT, length))

    return script


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()


@contextmanager
def keyed(folder: Path) -> Iterator[dict[str, str]]:
    refusal = answer(401, b"", {"WWW-Authenticate": 'Key realm="x"'})
    script = guarded(lambda ask: ask.headers.get("x-api-key") == "key canary-header", refusal)
    with ScriptedHttp(script) as server:
        yield {"url": f"{server.base}/", "headers": "X-Api-Key: key {token}"}


@contextmanager
def netrc(folder: Path) -> Iterator[dict[str, str]]:
    refusal = answer(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
    right = basic("canary-netrc")
    script = guarded(lambda ask: ask.headers.get("authorization") == right, refusal)
    with ScriptedHttp(script) as server:
        yield {"url": f"{server.base}/", "netrc": "yes"}


@contextmanager
def proxy(folder: Path) -> Iterator[dict[str, str]]:
    refusal = answer(407, b"", {"Proxy-Authenticate": 'Basic realm="x"'})
    right = basic("canary-proxy")
    script = guarded(lambda ask: ask.headers.get("proxy-authorization") == right, refusal)
    with ScriptedHttp(script) as running:
        yield {"url": "http://files.example/", "where": running.base}


@contextmanager
def certificate(folder: Path) -> Iterator[dict[str, str]]:
    authority, bundle = trustme.CA(), folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    ours = person(authority, folder / "ours.pem", "canary-passphrase")
    tls = context(authority.issue_cert(HOST), asks=authority, needs=True)
    with ScriptedHttp(guarded(lambda ask: True, b""), tls=tls) as server:
        yield {"url": f"{server.base}/", "client_cert": str(ours), "ca_bundle": str(bundle)}


# How a person gives a secret ---------------------------------------------------------------------

Giving = Callable[[World, dict[str, str], str], None]


def typed(needs: str) -> Giving:
    def give(world: World, site: dict[str, str], secret: str) -> None:
        done = login("web", secret, "--secret", needs)
        assert world.leaks(*said(done)) == []

    return give


def in_netrc(world: World, site: dict[str, str], secret: str) -> None:
    path = world.root / ".netrc"
    path.write_text(f"machine {HOST} login ann password {secret}\n")
    path.chmod(0o600)


def in_environment(world: World, site: dict[str, str], secret: str) -> None:
    os.environ["http_proxy"] = site["where"].replace("://", f"://ann:{secret}@")


def in_keyring(world: World, site: dict[str, str], secret: str) -> None:
    told = next(line for line in wharfie("sites", "--json").lines if line.get("name") == "web")
    name = f"wharfie\npassphrase|{site['client_cert']}|{told['endpoint']}"
    (world.root / "keyring.json").write_text(json.dumps({name: secret}))


@dataclass(frozen=True)
class Way:
    serve: Callable[[Path], Served]
    give: Giving
    refusal: str  # of a wrong secret, in words


WAYS = {
    "basic": Way(apache("basic"), typed("password"), "the password was refused"),
    "digest": Way(apache("digest"), typed("password"), "the password was refused"),
    "header": Way(keyed, typed("token"), "the token was refused"),
    "netrc": Way(netrc, in_netrc, "the password was refused"),
    "proxy": Way(proxy, in_environment, "wants a sign-in (407)"),
    "passphrase": Way(certificate, in_keyring, "key is encrypted"),
}


@pytest.mark.parametrize("kind", WAYS)
def test_F5_what_signs_in_to_a_web_site_stands_nowhere_else(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    way, target = WAYS[kind], tmp_path / "target"
    monkeypatch.setenv("http_proxy", "")  # as it was, afterwards
    world = replace(world, kept=world.kept | {world.root / ".netrc"})
    with way.serve(tmp_path) as site:
        values = [f"{name}={value}" for name, value in site.items() if name != "where"]
        words = [word for value in values for word in ("--set", value)]
        printed = [*said(wharfie("sites", "add", "web", "--kind", "http", *words))]
        way.give(world, site, f"canary-{kind}")
        with closing(attach(world.home, Access(world.home.known_hosts))):
            printed += said(wharfie("copy", "web:/file", target, "--json"))
            if kind != "proxy":  # there a person put it into the environment
                assert world.leaks(shown(host_pid(world.home))) == []
        assert target.read_bytes() == CONTENT
        stop_host()
        way.give(world, site, WRONG)
        for command in (("copy", "web:/file", str(target)), ("doctor", "web:/file")):
            refused = wharfie(*command)
            assert refused.code == 1 and way.refusal in refused.out + refused.err
            printed += [refused.out, refused.err]
    assert world.leaks(*printed) == []
    assert b"loud" in world.log.read_bytes()


def test_F5_what_a_form_says_beside_the_file_is_sent_and_stands_in_the_site_alone(
    world: World, tmp_path: Path
) -> None:
    posted: list[bytes] = []

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "POST":
            posted.append(ask.body)
            return wire.say(answer(403 if len(posted) > 1 else 201))
        if ask.target.rstrip("/") == "/inbox":
            return wire.say(answer(200, b"", {"Content-Type": "text/html"}))
        return wire.say(answer(404))

    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    sites = world.home.config / "sites.toml"
    world = replace(world, kept=world.kept | {sites})
    with ScriptedHttp(script) as server:
        sites.write_text(
            f'[web]\nkind = "http"\nurl = "{server.base}/"\nupload = "post"\n'
            'form_extra = "key=canary-form"\n'
        )
        with closing(attach(world.home, Access(world.home.known_hosts))):
            taken = wharfie("copy", source, "web:/inbox/", "--json")
            assert world.leaks(shown(host_pid(world.home))) == []
        refused = wharfie("copy", source, "web:/inbox/again")
        assert (taken.code, refused.code) == (0, 1), taken.err + refused.err
    assert b"canary-form" in posted[0] and CONTENT in posted[0]
    assert world.leaks(taken.out, taken.err, refused.out, refused.err) == []
