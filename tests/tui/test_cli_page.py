"""Signing in on a page from a shell: the address and the code on stderr, and then the place."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.sandbox.graph.emulator import GraphServer
from tests.tui.cli_runner import wharfie
from tests.tui.hosts import stop_host
from tests.tui.terminal import Terminal, tmux_found

FILE = "hello.txt"  # in the emulated drive
GOOD = "tests.servers.keyrings.Good"


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer("business") as made:
        made.put(f"/{FILE}", b"content")
        yield made


@pytest.fixture
def home(isolated_home: Path) -> Path:
    home = isolated_home / "wharfie"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def env(server: GraphServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Of a command that has a keyring, and the emulator instead of the service."""
    held = str(tmp_path / "keyring.json")
    named = {"PYTHON_KEYRING_BACKEND": GOOD, "WHARFIE_TEST_KEYRING": held, **server.environment()}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return named


def add(server: GraphServer, *more: str) -> None:
    said = (f"client_id={server.client_id}", *more)
    words = [word for each in said for word in ("--set", each)]
    done = wharfie("sites", "add", "work", "--kind", "onedrive", *words)
    assert done.code == 0, done.err


@contextmanager
def login(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`wharfie login`, and the code that it has shown."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "login", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        told = ""
        while (found := re.search(r"^  (\S+)$", told, re.MULTILINE)) is None:
            line = process.stderr.readline()
            assert line, told
            told += line
        assert "/devicelogin" in told
        yield process, found[1]
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_a_login_shows_a_code_and_lets_later_commands_in(
    home: Path, server: GraphServer, env: Mapping[str, str]
) -> None:
    add(server)
    refused = wharfie("ls", "work:")
    assert refused.code == 1 and "wharfie login work" in refused.err
    with login("work") as (process, code):
        server.login.decide(code, "yes")
        assert process.stdout is not None
        assert process.stdout.read() == f"{server.user} is signed in.\n"
        assert process.wait(30) == 0
    done = wharfie("ls", "work:/", "--json")
    assert done.code == 0, done.err
    assert done.lines[-1]["summary"]
    assert wharfie("sites", "remove", "work").code == 0
    assert json.loads(Path(env["WHARFIE_TEST_KEYRING"]).read_text()) == {}
    assert not [*(home / "sign-ins").iterdir()]


def test_who_declines_is_a_sentence_and_a_failure(
    home: Path, server: GraphServer, env: Mapping[str, str]
) -> None:
    add(server)
    with login("work") as (process, code):
        server.login.decide(code, "no")
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert "the sign-in was declined" in process.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_ctrl_c_ends_the_waiting(home: Path, server: GraphServer, env: Mapping[str, str]) -> None:
    add(server)
    with login("work") as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_where_nothing_is_kept_nobody_is_sent_to_a_page_in_vain(
    home: Path, server: GraphServer, env: Mapping[str, str]
) -> None:
    (home / "settings.toml").write_text('secrets = "ask"\n')
    add(server)
    done = wharfie("login", "work")
    assert done.code == 1 and "sign-ins are not kept here" in done.err
    assert not server.asked


@pytest.mark.parametrize("keyring", ["Locked", "Absent"])
def test_nor_where_the_keyring_is_of_no_use(
    home: Path, server: GraphServer, env: Mapping[str, str], keyring: str
) -> None:
    """A sign-in that ends with this command lets nobody in."""
    add(server)
    given = {**env, "PYTHON_KEYRING_BACKEND": f"tests.servers.keyrings.{keyring}"}
    done = wharfie("login", "work", env=given)
    assert done.code == 1 and "keyring" in done.err and 'secrets = "file"' in done.err
    assert not server.asked


def test_an_app_is_asked_for_its_secret_and_no_person_for_a_code(
    home: Path, server: GraphServer, env: Mapping[str, str]
) -> None:
    add(server, "sign_in=secret", f"drive={server.drive_id}", f"tenant={server.tenant}")
    done = subprocess.run(
        [sys.executable, "-m", "tui", "login", "work"],
        input=f"{server.client_secret}\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    done_ls = wharfie("ls", "work:/")
    assert done_ls.code == 0, done_ls.err


def test_a_token_in_the_environment_is_all_that_a_script_needs(
    home: Path, server: GraphServer, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", server.issue_token())
    done = wharfie("ls", "onedrive:/")
    assert done.code == 0, done.err
    monkeypatch.setenv("GRAPH_TOKEN", "ended")
    done = wharfie("ls", "onedrive:/")
    assert done.code == 1 and "the access token was refused or has ended" in done.err


@pytest.mark.parametrize("name", ["WHARFIE_GRAPH_BASE", "WHARFIE_LOGIN_BASE"])
def test_an_emulator_on_another_computer_is_refused(
    home: Path,
    server: GraphServer,
    env: Mapping[str, str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRAPH_TOKEN", "canary-graph")
    monkeypatch.setenv(name, "http://198.51.100.7:8080")
    done = wharfie("ls", "onedrive:/")
    assert done.code == 2 and name in done.err and "canary" not in done.err


needs_tmux = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")


def code_on(screen: Terminal, *texts: str) -> str:
    """The code that is shown."""
    shown = screen.until("devicelogin", *texts)
    return re.search(r"\b([0-9A-F]{9})\b", shown)[1]  # type: ignore[index]


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """Socket paths must stay short."""
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        yield Path(name)
        stop_host()


@needs_tmux
def test_a_command_at_a_terminal_shows_the_code_and_goes_on(
    home: Path, server: GraphServer, env: Mapping[str, str], short_directory: Path
) -> None:
    (home / "settings.toml").write_text('secrets = "ask"\n')
    add(server)
    to = short_directory / "to"
    with Terminal(short_directory, "copy", f"work:/{FILE}", str(to), env=env) as screen:
        server.login.decide(code_on(screen), "yes")
        shown = screen.until_ended()
    assert f"{server.user} is signed in." in shown
    assert to.stat().st_size > 0
    assert not (home / "sign-ins").exists()


@needs_tmux
@pytest.mark.parametrize("secrets", ["keyring", "ask"])
def test_the_screen_shows_the_code_and_the_queue_is_let_in_as_well(
    home: Path, server: GraphServer, env: Mapping[str, str], short_directory: Path, secrets: str
) -> None:
    (home / "settings.toml").write_text(f'secrets = "{secrets}"\n')
    add(server)
    to = short_directory / "to"
    to.mkdir()
    (to / "here.txt").write_text("x")
    with Terminal(short_directory, "work:/", str(to), env=env, width=120, height=36) as screen:
        server.login.decide(code_on(screen, "here.txt", "left"), "yes")
        screen.until(FILE, "here.txt", gone="devicelogin")
        screen.press("/")
        screen.type(FILE[:6])
        screen.press("Enter")
        screen.press("F5")
        screen.approve()
        screen.until("1 done")
        assert (to / FILE).read_bytes() == b"content"
        screen.press("C-q")
        screen.until("ended")


@needs_tmux
def test_escape_leaves_the_pane_with_a_sentence(
    home: Path, server: GraphServer, env: Mapping[str, str], short_directory: Path
) -> None:
    add(server)
    with Terminal(short_directory, "work:/", str(short_directory), env=env) as screen:
        screen.until("devicelogin")
        screen.press("Escape")
        screen.until("nobody is signed in", gone="devicelogin")
