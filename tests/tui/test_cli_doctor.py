"""`wharfie doctor`: what it prints, its exit status, and that no secret is in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.web_servers import PythonHttp
from tests.tui.cli_runner import wharfie
from tests.tui.hosts import client
from transfers.journal import Journal
from tui.headless.checkup_system import masked, satisfies

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox
    from tests.servers.openssh import OpenSSH

DIRECT = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "")
KEYRING = "PYTHON_KEYRING_BACKEND"


@pytest.fixture(autouse=True)
def a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that keeps nothing: nobody's own is opened."""
    monkeypatch.setenv(KEYRING, "keyring.backends.null.Keyring")


@pytest.fixture
def home(isolated_home: Path) -> Path:
    path = isolated_home / "wharfie"
    path.mkdir(mode=0o700)
    return path


def told(env: Mapping[str, str] | None = None) -> dict[str, dict[str, object]]:
    """What `wharfie doctor --json` says, by step."""
    done = wharfie("doctor", "--json", env=DIRECT | dict(env or {}))
    *findings, summary = done.lines
    wrong = sum(finding["ok"] is False for finding in findings)
    assert summary == {"summary": True, "ok": not wrong, "steps": len(findings), "wrong": wrong}
    assert done.code == (1 if wrong else 0)
    return {finding["step"]: finding for finding in findings}


# Without a location --------------------------------------------------------------------------


def test_a_fresh_home_has_nothing_wrong_and_is_not_made(isolated_home: Path) -> None:
    done = wharfie("doctor", env=DIRECT)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "nothing is wrong"
    assert not (isolated_home / "wharfie").exists()


def test_python_and_packages_are_compared_with_what_is_needed(home: Path) -> None:
    found = told()
    assert found["python"]["ok"] is True
    assert "paramiko" in str(found["packages"]["what"])


@pytest.mark.parametrize(
    ("version", "wanted", "fine"),
    [
        ("5.1.0", "<6,>=5.1", True),
        ("5.0.9", "<6,>=5.1", False),
        ("6.0", "<6,>=5.1", False),
        ("10.2", ">=9.10", True),
        ("3.12.1rc2", ">=3.11", True),
        ("1", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, wanted: str, fine: bool) -> None:
    assert satisfies(version, wanted) is fine


def test_a_queue_that_nobody_works_is_counted(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert wharfie("copy", tmp_path / "a", tmp_path / "b").code == 0
    found = told()["queue"]
    assert found["ok"] is True
    assert "1 jobs, 0 unfinished; nobody works it" in str(found["what"])


def test_a_queue_that_a_process_works_is_asked(home: Path) -> None:
    from providers.access import Access
    from tui.headless.attach import attach
    from tui.settings import find_home

    at = find_home(os.environ)
    face = attach(at, Access(at.known_hosts))
    try:
        assert "a background process works it" in str(told()["queue"]["what"])
        assert client() is not None
    finally:
        face.close()


def test_a_queue_of_a_newer_wharfie_is_wrong(home: Path) -> None:
    import sqlite3
    from contextlib import closing

    Journal(home / "queue.db").close()
    with closing(sqlite3.connect(home / "queue.db")) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("UPDATE seal SET schema = 99")
        db.commit()
    found = told()["queue"]
    assert found["ok"] is False
    assert "newer Wharfie" in str(found["advice"])


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_a_home_that_others_may_look_into_is_wrong(home: Path) -> None:
    home.chmod(0o755)
    found = told()["home"]
    assert found["ok"] is False
    assert found["advice"] == f"Run: chmod 700 {home}"


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_settings_that_others_may_read_are_wrong_and_the_rest_is_still_told(home: Path) -> None:
    (home / ".env").write_text("SFTP_PASSWORD=canary\n")
    (home / ".env").chmod(0o644)
    found = told()
    assert found["settings"]["ok"] is False
    assert "chmod 600" in str(found["settings"]["advice"])
    assert "known hosts" in found


def test_settings_are_told_by_their_names_only(home: Path) -> None:
    (home / ".env").touch(mode=0o600)
    (home / ".env").write_text("SFTP_PASSWORD=canary-1\nSFTP_PASWORD=canary-2\n")
    done = wharfie("doctor", env={"SFTP_USER": "canary-3"})
    assert "SFTP_PASSWORD" in done.out
    assert "not used: SFTP_PASWORD" in done.out
    assert "SFTP_USER" in done.out
    assert "canary" not in done.out + done.err


def test_sites_with_mistakes_are_wrong_with_their_line(home: Path) -> None:
    (home / "sites.toml").write_text("[work]\nkind = = 1\n")
    found = told()["sites"]
    assert found["ok"] is False
    assert "line 2" in str(found["advice"])


def test_sites_are_counted(home: Path) -> None:
    found = told({"SFTP_HOST": "files.example"})["sites"]
    assert "0 saved" in str(found["what"])
    assert "1 made by the settings" in str(found["what"])


def test_a_keyring_that_answers_is_named(home: Path) -> None:
    assert told()["secrets"]["what"] == "they can be kept in the keyring (null Keyring)"


def test_a_computer_without_a_keyring_is_a_remark(home: Path) -> None:
    found = told({KEYRING: "keyring.backends.fail.Keyring"})["secrets"]
    assert found["ok"] is None
    assert "no keyring" in str(found["advice"])


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_secrets_that_others_may_read_are_wrong(home: Path) -> None:
    (home / "settings.toml").write_text('secrets = "file"\n')
    (home / "secrets.json").write_text("{}")
    (home / "secrets.json").chmod(0o644)
    found = told()["secrets"]
    assert found["ok"] is False
    assert "chmod 600" in str(found["advice"])


def test_settings_that_are_no_toml_are_wrong(home: Path) -> None:
    (home / "settings.toml").write_text("= 1")
    found = told()["sites"]
    assert found["ok"] is False
    assert "settings.toml" in str(found["what"])


def test_a_proxy_is_told_without_what_signs_in_to_it(home: Path) -> None:
    done = wharfie("doctor", env={"https_proxy": "http://ann:canary@proxy.example:3128"})
    assert "http://***@proxy.example:3128" in done.out
    assert "canary" not in done.out


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://a:b@host:1", "http://***@host:1"),
        ("a:b@host:1", "***@host:1"),
        ("http://a:p@ss@host:1", "http://***@host:1"),
        ("http://host:1", "http://host:1"),
        ("http://a:p//x@host", "http://***@host"),
        ("a:x://y@host", "***@host"),
    ],
)
def test_no_spelling_of_a_proxy_lets_its_password_out(proxy: str, shown: str) -> None:
    assert masked(proxy) == shown


def test_known_hosts_that_cannot_be_read_are_wrong(home: Path) -> None:
    (home / "known_hosts").mkdir()
    assert told()["known hosts"]["ok"] is False


# With a location -----------------------------------------------------------------------------


def test_a_folder_here_that_is_fine(tmp_path: Path) -> None:
    done = wharfie("doctor", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("✓ path")
    assert done.out.splitlines()[-1] == "nothing is wrong"


def test_a_folder_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    done = wharfie("doctor", tmp_path / "gone")
    assert done.code == 1
    first, second, last = done.out.splitlines()
    assert first.startswith("✗ path")
    assert second.strip().startswith("→ ")
    assert last == "1 of 1 steps found something wrong"


def test_a_terminal_without_unicode_gets_other_marks(tmp_path: Path) -> None:
    plain = {"PYTHONIOENCODING": "ascii"}
    assert wharfie("doctor", tmp_path, env=plain).out.startswith("+ path")
    gone = wharfie("doctor", tmp_path / "gone", env=plain).out
    assert gone.startswith('x path         there is no "gone" in ')
    assert gone.isascii()
    assert "\\u" not in gone


def test_json_is_one_object_a_line_with_a_summary_last(tmp_path: Path) -> None:
    *findings, summary = wharfie("doctor", tmp_path, "--json").lines
    assert set(findings[0]) == {"step", "ok", "what", "advice", "seconds"}
    assert summary == {"summary": True, "ok": True, "steps": len(findings), "wrong": 0}


def test_a_server_that_is_fine(openssh: OpenSSH, isolated_home: Path) -> None:
    know(isolated_home, openssh.known_hosts_line)
    done = wharfie("doctor", openssh.endpoint, env={"SFTP_KEY": str(openssh.key_path)})
    assert (done.code, done.err) == (0, "")
    for step in ("name", "TCP", "greeting", "host key", "sign-in", "SFTP", "list"):
        assert f"✓ {step}" in done.out


def test_a_wrong_password_is_told_and_never_printed(sandbox: Sandbox, isolated_home: Path) -> None:
    know(isolated_home, sandbox.known_hosts_line)
    done = wharfie("doctor", sandbox.endpoint, env={"SFTP_PASSWORD": "canary-wrong"})
    assert done.code == 1
    assert "✗ sign-in" in done.out
    assert "canary" not in done.out + done.err


def test_a_web_server_that_is_fine_and_the_secret_part_of_its_address(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    with PythonHttp(tmp_path / "python", tmp_path / "files") as server:
        (server.root / "file").write_text("x")
        done = wharfie("doctor", f"{server.base}/file?signature=canary", env=DIRECT)
    assert (done.code, done.err) == (0, "")
    assert "✓ answer" in done.out
    assert "canary" not in done.out


def test_a_closed_port_is_told() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        done = wharfie("doctor", f"sftp://127.0.0.1:{held.getsockname()[1]}")
    assert (done.code, done.err) == (1, "")
    assert "nothing listens there" in done.out


def test_an_address_that_is_none_is_wrong_use() -> None:
    assert wharfie("doctor", "sftp://-oProxyCommand=x/").code == 2


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_on_a_terminal_the_password_is_asked_for_and_the_walk_goes_on(
    sandbox: Sandbox, isolated_home: Path
) -> None:
    know(isolated_home, sandbox.known_hosts_line)
    (isolated_home / "wharfie" / "settings.toml").write_text('secrets = "ask"\n')
    shown = _on_a_terminal(["doctor", sandbox.endpoint], answer=sandbox.password)
    assert "✗ sign-in" in shown
    assert "✓ sign-in" in shown
    assert "nothing is wrong" in shown
    assert sandbox.password not in shown


def _on_a_terminal(words: list[str], *, answer: str) -> str:
    """Run in a terminal; `answer` is typed once a password is asked for."""
    mine, theirs = os.openpty()
    command = [sys.executable, "-m", "tui", *words]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    asked = False
    try:
        while True:
            try:
                chunk = os.read(mine, 4096)
            except OSError:  # Linux's word for the end
                chunk = b""
            if not chunk:
                break
            shown += chunk
            if b"password for" in shown and not asked:
                asked = True
                os.write(mine, answer.encode() + b"\n")
    finally:
        os.close(mine)
        process.kill()
        process.wait()
    return shown.decode()


def know(home: Path, line: str) -> None:
    (home / "wharfie").mkdir(mode=0o700, exist_ok=True)
    (home / "wharfie" / "known_hosts").write_text(line + "\n")
