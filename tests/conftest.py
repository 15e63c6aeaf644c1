"""What every test gets: a home of its own and none of the machine's secrets; and the sandbox."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox
    from tests.servers.openssh import OpenSSH

_CLEARED = (
    "NO_COLOR",
    "TEXTUAL_THEME",
    "SSH_AUTH_SOCK",
    "SSH_CONNECTION",
    "SSH_TTY",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_CLEARED_PREFIXES = ("SFTP_", "FILE_", "AWS_", "AZURE_", "GRAPH_", "WHARFIE_")
_NO_KEYRING = "keyring.backends.fail.Keyring"  # never the one of the person who runs the tests

# pytest-timeout ends what hangs; 200 ms for an example is too little on a busy machine.
hypothesis.settings.register_profile("wharfie", deadline=None)
hypothesis.settings.load_profile("wharfie")


@pytest.fixture(autouse=True)
def isolated_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Nothing of the person who runs the tests is read or written."""
    home = tmp_path_factory.mktemp("home")
    for name in [*os.environ]:
        if name in _CLEARED or name.lower() in _PROXIES or name.startswith(_CLEARED_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", _NO_KEYRING)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("WHARFIE_HOME", str(home / "wharfie"))
    return home


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A test that starts the program gives the log a file: the next finds it as it was."""
    log, raises = logging.getLogger("wharfie"), logging.raiseExceptions
    handlers, propagate = log.handlers[:], log.propagate
    yield
    for handler in set(log.handlers) - set(handlers):
        handler.close()
    log.handlers[:], log.propagate, logging.raiseExceptions = handlers, propagate, raises


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    from providers.sandbox.start import Sandbox

    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSSH]:
    if os.name == "nt":
        pytest.skip("the OpenSSH fixture needs a POSIX system")
    from tests.servers.openssh import OpenSSH, find_sshd

    if find_sshd() is None:
        pytest.skip("no sshd here: install openssh-server")
    with OpenSSH(tmp_path_factory.mktemp("openssh")) as server:
        yield server
