"""F5 in drives: what signs in there, given, kept and refused, by the queue and by the shell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.sandbox.graph.emulator import GraphServer
from tests.faults.canaries import World, loud_world, shown
from tests.tui.cli_runner import Finished, wharfie
from tests.tui.hosts import stop_host
from tests.tui.test_host_process import host_pid
from tui.headless.attach import attach


@pytest.fixture
def world(
    isolated_home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with loud_world(isolated_home, tmp_path_factory.mktemp("loud"), monkeypatch) as made:
        yield made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphServer]:
    with GraphServer("business") as made:
        made.put("/file", b"content" * 1000)
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


def signed_in(server: GraphServer) -> Finished:
    """`wharfie login work`, by a person who allows it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "login", "work"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = ""
    while not re.search(r"^  \S+$", told, re.MULTILINE):
        line = process.stderr.readline()
        assert line, told
        told += line
    server.approve()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return Finished(0, out, err)


def every_secret(server: GraphServer) -> list[bytes]:
    """Each token that the service has given so far, and the codes of devices."""
    login = server.login
    given = [*server.world.tokens._issued, *login._refresh, *login.user_codes.values()]
    return [each.encode() for each in given]


def places_of(world: World, secrets: list[bytes], *texts: str | bytes) -> list[str]:
    """Where one of `secrets` stands: in a file of the home, the sealed ones too, or a text."""
    raw = [text.encode() if isinstance(text, str) else text for text in texts]
    found = [f"text {i}" for i, each in enumerate(raw) if any(one in each for one in secrets)]
    files = [path for path in world.root.rglob("*") if path.is_file()]
    found += [str(path) for path in files if any(one in path.read_bytes() for one in secrets)]
    return found


def test_F5_a_sign_in_stands_nowhere_that_can_be_read(
    world: World, server: GraphServer, tmp_path: Path
) -> None:
    words = ("--kind", "onedrive", "--set", f"client_id={server.client_id}")
    assert wharfie("sites", "add", "work", *words).code == 0
    done = signed_in(server)
    target = tmp_path / "target"
    with closing(attach(world.home, Access(world.home.known_hosts))):
        copied = wharfie("copy", "work:/file", target, "--json")
        there = shown(host_pid(world.home))
    assert copied.code == 0, copied.err
    assert target.read_bytes() == b"content" * 1000
    stop_host()
    server.revoke_refresh_tokens()
    server.expire_tokens()
    refused = wharfie("copy", "work:/file", tmp_path / "again")
    assert refused.code == 1 and "sign in again" in refused.err
    texts = (done.out, done.err, copied.out, copied.err, refused.out, refused.err, there)
    assert places_of(world, every_secret(server), *texts) == []
    assert [*(world.home.config / "sign-ins").glob("*.sealed")]
    kept = json.loads((world.root / "keyring.json").read_text())
    assert [name for name in kept if "sign-in" in name], "the key is in the keyring, nothing else"
    assert all(len(value) < 100 for value in kept.values()), "Windows keeps 1,280 letters"
    assert world.leaks(*texts) == []
    assert b"loud" in world.log.read_bytes()


def test_F5_a_token_and_an_apps_secret_are_used_and_stand_nowhere_else(
    world: World, server: GraphServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = wharfie("ls", "onedrive:/")  # GRAPH_TOKEN is canary-graph in the .env
    assert refused.code == 1 and "the access token was refused" in refused.err
    words = [f"client_id={server.client_id}", f"tenant={server.tenant}", "sign_in=secret"]
    words += [f"drive={server.drive_id}"]
    told = [word for each in words for word in ("--set", each)]
    assert wharfie("sites", "add", "app", "--kind", "onedrive", *told).code == 0
    env_file = world.home.config / ".env"
    with env_file.open("a") as file:
        file.write(f"AZURE_CLIENT_ID={server.client_id}\nAZURE_CLIENT_SECRET=canary-token\n")
    wrong = wharfie("ls", "app:/")
    assert wrong.code == 1 and "the app's secret was refused" in wrong.err
    server.login._secret = "canary-token"
    with closing(attach(world.home, Access(world.home.known_hosts))):
        copied = wharfie("copy", "app:/file", tmp_path / "target", "--json")
        there = shown(host_pid(world.home))
    assert copied.code == 0, copied.err
    stop_host()
    texts = [each for done in (refused, wrong, copied) for each in (done.out, done.err)]
    assert world.leaks(*texts, there) == []
    assert places_of(world, every_secret(server), *texts, there) == []


def test_F5_a_crash_tells_no_token(
    world: World, server: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARFIE_TEST_CRASH", "1")
    crashed = wharfie("ls", "onedrive:/")
    assert crashed.code != 0 and "crashed on purpose" in crashed.out + crashed.err
    assert world.leaks(crashed.out, crashed.err) == []
