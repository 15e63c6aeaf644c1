"""F3: the keyring is absent, locked, denied, or hangs: at most 5 s once, and a clear choice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.access import Secrets
from providers.vault import DEADLINE, BadVault, KeyringVault
from tests.servers import keyrings
from tests.servers.password_ssh import PASSWORD, PasswordSSH
from tests.tui.cli_runner import wharfie

HOST = "sftp://ann@host:22"
SECRET = "canary-c0de"
SHORT = 0.3  # seconds: what a call has in these tests


@pytest.fixture
def hanging() -> Iterator[keyrings.Hanging]:
    backend = keyrings.Hanging()
    yield backend
    backend.over.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(30)


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (keyrings.Absent, "this computer offers no keyring"),
        (keyrings.Locked, "the keyring is locked"),
        (keyrings.Denied, "the keyring refused"),
        (keyrings.Broken, "the keyring refused"),
    ],
)
def test_F3_a_keyring_that_is_of_no_use_is_one_sentence_with_a_choice(
    backend: type[keyrings._Backend], says: str
) -> None:
    keyring = backend()
    vault = KeyringVault(keyring)
    assert vault.get(HOST, "password", "") is None
    assert says in vault.problem
    assert 'secrets = "file"' in vault.problem and 'secrets = "ask"' in vault.problem
    with pytest.raises(BadVault) as caught:
        vault.put(HOST, "password", "", SECRET)
    vault.delete(HOST, "password", "")
    assert keyring.calls == 1  # asked once, then left alone for this run
    for text in (vault.problem, str(caught.value)):
        assert SECRET not in text and "canary" not in text


def test_F3_a_secret_that_could_not_be_kept_still_opens_the_door() -> None:
    secrets = Secrets(KeyringVault(keyrings.Locked()))
    with pytest.raises(BadVault, match="locked"):
        secrets.put(HOST, "password", SECRET, keep=True)
    assert secrets.get(HOST, "password") == SECRET


def test_F3_one_that_hangs_is_given_up_after_its_deadline_and_not_waited_for_again(
    hanging: keyrings.Hanging,
) -> None:
    vault = KeyringVault(hanging, deadline=SHORT)
    began = time.monotonic()
    assert vault.get(HOST, "password", "") is None
    assert time.monotonic() - began >= SHORT
    assert "did not answer within 0.3 seconds" in vault.problem
    began = time.monotonic()
    for _ in range(50):
        assert vault.get(HOST, "token", "") is None
    with pytest.raises(BadVault):
        vault.put(HOST, "password", "", SECRET)
    assert hanging.calls == 1
    assert time.monotonic() - began < 50 * SHORT / 2


def test_F3_many_that_wait_for_one_that_hangs_wait_no_longer(hanging: keyrings.Hanging) -> None:
    vault = KeyringVault(hanging, deadline=SHORT)
    took: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        vault.get(HOST, "password", "")
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(took) == 8
    assert max(took) < 8 * SHORT  # one after the other would be more
    assert hanging.calls == 1


def test_F3_the_deadline_is_five_seconds() -> None:
    assert DEADLINE == 5.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PasswordSSH]:
    with PasswordSSH(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        ("Absent", "this computer offers no keyring"),
        ("Locked", "the keyring is locked"),
        ("Denied", "the keyring refused"),
        ("Hanging", "did not answer within 5 seconds"),
    ],
)
def test_F3_a_command_that_wants_a_password_says_what_to_choose(
    server: PasswordSSH, backend: str, says: str
) -> None:
    env = {"PYTHON_KEYRING_BACKEND": f"tests.servers.keyrings.{backend}"}
    done = wharfie("ls", "--accept-new", server.endpoint, env=env)
    assert done.code == 1
    assert says in done.err and 'secrets = "file"' in done.err
    assert "needs a password" in done.err
    assert "Traceback" not in done.err and "canary" not in done.err


def test_F3_a_hanging_keyring_is_no_matter_where_secrets_are_asked_for(
    server: PasswordSSH, isolated_home: Path
) -> None:
    home = isolated_home / "wharfie"
    home.mkdir(mode=0o700)
    (home / "settings.toml").write_text('secrets = "ask"\n')
    env = {"PYTHON_KEYRING_BACKEND": "tests.servers.keyrings.Hanging"}
    done = wharfie("ls", "--accept-new", server.endpoint, env=env)
    assert done.code == 1
    assert "needs a password" in done.err and "keyring" not in done.err
    done = wharfie("ls", "--accept-new", server.endpoint, env={**env, "SFTP_PASSWORD": PASSWORD})
    assert done.code == 0, done.err
