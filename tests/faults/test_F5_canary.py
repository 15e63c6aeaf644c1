"""F5: a secret stands nowhere but where it is kept: not in argv, environ, logs at DEBUG, the
journal, a crash's text, temporary files, nor in anything that is printed."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from providers.access import Access
from tests.faults.canaries import World, login, loud_world, said, shown
from tests.servers.password_ssh import PASSWORD, PasswordSSH
from tests.tui.cli_runner import wharfie
from tests.tui.hosts import host_running, kill_host, until_host
from tests.tui.test_host_process import host_pid, moving, state, until
from transfers.model import JobState, SetLimits
from tui.headless.attach import attach


@pytest.fixture
def world(
    isolated_home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with loud_world(isolated_home, tmp_path_factory.mktemp("loud"), monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PasswordSSH]:
    with PasswordSSH(tmp_path_factory.mktemp("server")) as running:
        yield running


def test_F5_a_password_of_the_keyring_stays_there_through_a_crash_of_the_queue(
    world: World, server: PasswordSSH, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(8 << 20))
    printed = [*said(login(server.endpoint, PASSWORD))]
    printed += said(wharfie("ls", "--accept-new", f"{server.endpoint}{source}"))
    with closing(attach(world.home, Access(world.home.known_hosts))) as queue:
        queue.send(SetLimits(rate=2 << 20))
        copying = subprocess.Popen(
            [sys.executable, "-m", "tui", "copy", f"{server.endpoint}{source}", str(target)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            until(lambda: moving(queue))
            before = host_pid(world.home)
            assert world.leaks(shown(before), shown(copying.pid)) == []
            kill_host()
            until_host(running=True)
            assert host_pid(world.home) != before
            until(lambda: queue.connected)
            queue.send(SetLimits(rate=0))
            until(lambda: state(queue) is JobState.DONE)
            assert world.leaks(shown(host_pid(world.home))) == []
            out, err = copying.communicate(timeout=60)
        finally:
            copying.kill()
            copying.communicate()
    assert target.read_bytes() == source.read_bytes()
    assert world.leaks(*printed, out, err) == []
    assert b"loud" in world.log.read_bytes()


def test_F5_a_host_that_nobody_granted_anything_looks_into_the_vault(
    world: World, server: PasswordSSH, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"content" * 1000)
    login(server.endpoint, PASSWORD)
    said(wharfie("ls", "--accept-new", f"{server.endpoint}{source}"))
    with closing(attach(world.home, Access(world.home.known_hosts))) as queue:
        queue.send(SetLimits(rate=1000))
        words = [sys.executable, "-m", "tui", "copy", f"{server.endpoint}{source}", str(target)]
        copying = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: moving(queue))
        finally:
            copying.kill()
            copying.communicate()
    kill_host()
    assert not host_running()
    done = wharfie("queue", "run")  # with nothing in its memory
    assert done.code == 0, done.err
    assert target.read_bytes() == source.read_bytes()
    assert world.leaks(*said(done)) == []


class _Guarded(http.server.BaseHTTPRequestHandler):
    """Gives its file to whoever shows the token, or signed the address."""

    content = b"content" * 100

    def do_GET(self) -> None:
        token = self.headers.get("Authorization") == "Bearer canary-token"
        if not (token or "sig=canary-query" in self.path):
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(self.content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Guarded) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("hosted", [False, True])
def test_F5_a_token_and_the_secret_part_of_an_address(
    world: World, web: str, tmp_path: Path, hosted: bool
) -> None:
    words = ("--kind", "http", "--set", f"url={web}/", "--set", "auth=bearer")
    printed = [*said(wharfie("sites", "add", "api", *words))]
    printed += said(login("api", "canary-token", "--secret", "token"))
    host = attach(world.home, Access(world.home.known_hosts)) if hosted else None
    with closing(host) if host is not None else nullcontext():
        for text in ("api:/f", f"{web}/f?sig=canary-query"):
            target = tmp_path / f"target{len(printed)}"
            printed += said(wharfie("copy", text, target, "--json"))
            assert target.read_bytes() == _Guarded.content
        printed += said(wharfie("queue", "list"))
        printed += said(wharfie("sites", "list", "--json"))
    assert "f?~" in "".join(printed)  # that an address had a secret part is said
    assert world.leaks(*printed) == []
    kept: Mapping[str, str] = json.loads((world.root / "keyring.json").read_text())
    assert set(kept.values()) == {"canary-token"}


def test_F5_the_text_of_a_crash_has_no_secret(world: World, server: PasswordSSH) -> None:
    login(server.endpoint, PASSWORD)
    said(wharfie("ls", "--accept-new", f"{server.endpoint}/"))
    env = {"WHARFIE_TEST_CRASH": "1", "PYTHONFAULTHANDLER": "1"}
    done = wharfie("ls", f"{server.endpoint}/", env=env)
    assert done.code != 0
    assert "crashed on purpose" in done.err
    assert world.leaks(done.out, done.err) == []
