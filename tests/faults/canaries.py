"""F5's world: a home whose processes log everything, and the secrets not to be found there."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.password_ssh import PASSWORD
from tests.tui.cli_runner import Finished
from tests.tui.hosts import stop_host
from tui.settings import Home, find_home

_NAMES = ("env", "graph", "aws", "url", "query", "token", "typed")
_WEB_NAMES = ("basic", "digest", "header", "netrc", "proxy", "passphrase", "form", "wrong")
_PLAIN = (PASSWORD, *(f"canary-{name}" for name in (*_NAMES, *_WEB_NAMES)))
CANARIES = (*_PLAIN, *(base64.b64encode(f"ann:{each}".encode()).decode() for each in _PLAIN))
"""As they are, and as basic sign-ins of ann, whom everybody is here."""

_LOUD = """
import logging, os, sys
handler = logging.FileHandler(os.environ["WHARFIE_TEST_LOG"], encoding="utf-8")
for name in ("", "wharfie", "paramiko", "urllib3", "requests", "keyring", "dotenv", "botocore"):
    logging.getLogger(name).addHandler(handler)
    logging.getLogger(name).setLevel(logging.DEBUG)
logging.captureWarnings(True)
logging.getLogger("wharfie.tests").debug("loud")
if os.environ.get("WHARFIE_TEST_CRASH"):
    from providers.access import Secrets
    get = Secrets.get
    def crash(self, *which):
        secret = get(self, *which)
        if secret:
            raise RuntimeError("crashed on purpose")
        return secret
    Secrets.get = crash
"""


@dataclass(frozen=True)
class World:
    """A home whose processes log everything, and what may hold a secret there."""

    home: Home
    root: Path
    log: Path
    kept: frozenset[Path]  # where secrets belong

    def leaks(self, *texts: str | bytes) -> list[str]:
        """Every canary that stands where it must not: in a file, or in one of `texts`."""
        raw = {str(number): _bytes(text) for number, text in enumerate(texts)}
        for path in self.root.rglob("*"):
            if path.is_file() and path not in self.kept:
                raw[str(path)] = path.read_bytes()
        return [
            f"{where}: {canary}"
            for where, content in raw.items()
            for canary in CANARIES
            if canary.encode() in content
        ]


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@contextmanager
def loud_world(root: Path, loud: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world whose home is `root`; `loud` is an empty folder outside of it."""
    config, temporary = root / "wharfie", root / "tmp"
    for directory in (config, temporary):
        directory.mkdir(mode=0o700)
    (loud / "sitecustomize.py").write_text(_LOUD)
    env_file, keyring, log = config / ".env", root / "keyring.json", root / "debug.log"
    env_file.write_text(
        "SFTP_HOST=elsewhere\nSFTP_PASSWORD=canary-env\nGRAPH_TOKEN=canary-graph\n"
        "AWS_SECRET_ACCESS_KEY=canary-aws\n"
        "FILE_URL=https://ann:canary-url@127.0.0.1:1/x?sig=canary-query\n"
    )
    env_file.chmod(0o600)
    project = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(loud), str(project))))
    monkeypatch.setenv("WHARFIE_TEST_LOG", str(log))
    monkeypatch.setenv("WHARFIE_TEST_KEYRING", str(keyring))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.servers.keyrings.Good")
    monkeypatch.setenv("TMPDIR", str(temporary))
    try:
        yield World(find_home(os.environ), root, log, frozenset({env_file, keyring}))
    finally:
        stop_host()


def login(name: str, secret: str, *more: str) -> Finished:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "login", name, *more],
        input=f"{secret}\n",
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return Finished(done.returncode, done.stdout, done.stderr)


def shown(pid: int) -> bytes:
    """The arguments and the environment of a process, as others of the same user may see them."""
    folder = Path(f"/proc/{pid}")
    if folder.exists():
        return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
    listed = subprocess.run(["ps", "eww", "-o", "command=", "-p", str(pid)], capture_output=True)
    return listed.stdout


def said(done: Finished) -> tuple[str, str]:
    """What a command printed that went well."""
    assert done.code == 0, done.err
    return done.out, done.err
