"""What a start does not import: what few people come to is imported when they do.

A module more or less is not seen by a clock, and a hundred are: so they are told by their names.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.servers.openssh import OpenSSH, find_sshd

_LATE = {"pathspec", "transfers.mirror", "tui.screens.compare", "boto3", "msal", "paramiko"}
_OTHERS = {
    "asyncio",
    "dataclasses",  # and `inspect` with it: `providers.records` makes ours
    "dotenv",
    "email",
    "http",
    "importlib.metadata",
    "inspect",
    "keyring",
    "paramiko",
    "platformdirs",
    "pygments",
    "requests",
    "rich",
    "textual",
    "tomlkit",
    "urllib.request",
    "uuid",
    "providers.http.provider",
    "providers.onedrive.provider",
    "providers.s3.provider",
    "transfers.mirror",
    "tui.headless.mirror",
    "tui.headless.queue",
    "tui.headless.screen",
}
_OF_THE_QUEUE = {"multiprocessing", "sqlite3", "transfers.engine", "transfers.socket_address"}
_OF_SSH = {"dataclasses", "email", "importlib.metadata", "inspect", "paramiko"}
_MOST_OF_A_COPY = 330  # modules, Python's own included
_RUN = """
import sys
from tui.__main__ import main
status = main()
print(*sys.modules, file=sys.stderr)
sys.exit(status)
"""


def _imported(home: Path, *words: str, more: Mapping[str, str] | None = None) -> set[str]:
    """Every module that is there at the end of `wharfie` with these words, which goes well."""
    environ = {**os.environ, "WHARFIE_HOME": str(home), **(more or {})}
    command = [sys.executable, "-c", _RUN, *words]
    done = subprocess.run(command, env=environ, capture_output=True, check=True, text=True)
    return set(done.stderr.split())


def test_the_screen_starts_without_what_few_come_to() -> None:
    program = "import sys, tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not _LATE & set(done.stdout.decode().split())


def test_a_copy_on_this_computer_imports_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bytes")
    found = _imported(tmp_path / "home", "copy", str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == b"bytes"
    assert not _OTHERS & found
    assert len(found) <= _MOST_OF_A_COPY


def test_a_list_of_this_computer_imports_nothing_of_the_queue(tmp_path: Path) -> None:
    found = _imported(tmp_path / "home", "ls", str(tmp_path))
    assert not (_OTHERS | _OF_THE_QUEUE) & found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSSH]:
    if find_sshd() is None:
        pytest.skip("OpenSSH's server is not installed")
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


def test_a_list_over_sftp_imports_paramiko_and_nothing_else_of_the_kind(
    server: OpenSSH, tmp_path: Path
) -> None:
    place = f"{server.endpoint}{tmp_path}/"
    more = {"SFTP_KEY": str(server.key_path)}
    found = _imported(tmp_path / "home", "ls", place, "--accept-new", more=more)
    assert not ((_OTHERS - _OF_SSH) | (_OF_THE_QUEUE)) & found
    assert "paramiko" in found
