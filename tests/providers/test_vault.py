"""Where secrets are kept between runs, and the secrets that look there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from providers import private_file
from providers.access import Secrets
from providers.errors import AuthRequired
from providers.vault import SERVICE, BadVault, FileVault, KeyringVault, NoVault, Vault
from tests.servers import keyrings

HOST = "sftp://ann@host:22"
SECRET = "canary-5b1d"
posix = pytest.mark.skipif(os.name == "nt", reason="modes are a POSIX matter")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.json"


@pytest.fixture(params=["keyring", "file"])
def vault(request: pytest.FixtureRequest, file: Path) -> Vault:
    return FileVault(file) if request.param == "file" else KeyringVault(keyrings.Good())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


# Both vaults ---------------------------------------------------------------------------------


def test_what_is_kept_is_found_by_all_three_parts_of_its_name(vault: Vault) -> None:
    vault.put(HOST, "password", "", SECRET)
    vault.put(HOST, "passphrase", "/key", "other")
    assert vault.get(HOST, "password", "") == SECRET
    assert vault.get(HOST, "passphrase", "/key") == "other"
    assert vault.get(HOST, "passphrase", "/key2") is None
    assert vault.get(f"{HOST}#work", "password", "") is None
    assert vault.problem == ""


def test_what_is_deleted_is_gone_and_deleting_nothing_is_fine(vault: Vault) -> None:
    vault.put(HOST, "password", "", SECRET)
    vault.delete(HOST, "password", "")
    vault.delete(HOST, "password", "")
    assert vault.get(HOST, "password", "") is None
    assert vault.problem == ""


def test_odd_secrets_come_back_as_they_were(vault: Vault) -> None:
    for value in ("pä$$${HOME}`\"'\\", "日本語", " ", "a" * 4000):
        vault.put(HOST, "password", "", value)
        assert vault.get(HOST, "password", "") == value


def test_the_keyring_has_it_under_one_service() -> None:
    backend = keyrings.Good()
    KeyringVault(backend).put(HOST, "password", "", SECRET)
    assert backend.held() == {f"{SERVICE}\npassword||{HOST}": SECRET}


def test_a_keyring_that_kept_nothing_is_found_out() -> None:
    with pytest.raises(BadVault, match="does not have it"):
        KeyringVault(keyrings.Forgetful()).put(HOST, "password", "", SECRET)


def test_no_vault_keeps_nothing_and_says_how_to_have_one() -> None:
    vault = NoVault()
    assert vault.get(HOST, "password", "") is None
    with pytest.raises(BadVault, match=r"settings\.toml"):
        vault.put(HOST, "password", "", SECRET)


# The file ------------------------------------------------------------------------------------


@posix
def test_the_file_is_its_owners_alone(file: Path) -> None:
    FileVault(file).put(HOST, "password", "", SECRET)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert names == {file.name: 0o600, f"{file.name}.lock": 0o600}


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_refused_and_left_alone(file: Path, mode: int) -> None:
    FileVault(file).put(HOST, "password", "", SECRET)
    file.chmod(mode)
    before = file.read_bytes()
    vault = FileVault(file)
    assert vault.get(HOST, "password", "") is None
    assert f"chmod 600 {file}" in vault.problem
    with pytest.raises(BadVault) as caught:
        vault.put(HOST, "password", "", "other")
    assert SECRET not in str(caught.value)
    assert file.read_bytes() == before
    file.chmod(0o600)
    assert vault.get(HOST, "password", "") == SECRET
    assert vault.problem == ""


@posix
def test_a_link_in_its_place_is_refused(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text(json.dumps({f"password||{HOST}": SECRET}))
    target.chmod(0o600)
    file.symlink_to(target)
    vault = FileVault(file)
    assert vault.get(HOST, "password", "") is None
    assert "is a link" in vault.problem


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', "\xff", f'"{SECRET}'])
def test_a_damaged_file_is_said_not_quoted_and_never_written_over(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    file.chmod(0o600)
    vault = FileVault(file)
    assert vault.get(HOST, "password", "") is None
    assert "damaged" in vault.problem and SECRET not in vault.problem
    with pytest.raises(BadVault):
        vault.put(HOST, "password", "", "new")
    assert file.read_bytes() == text.encode("latin-1")


def test_what_several_processes_keep_at_once_is_all_kept(file: Path) -> None:
    """The screen, a shell and the process that works the queue share the file."""
    at_once = [subprocess.Popen([sys.executable, "-c", _KEEPS, str(file), who]) for who in "abcd"]
    assert [process.wait(60) for process in at_once] == [0] * len(at_once)
    assert len(json.loads(file.read_text())) == len(at_once) * 20


_KEEPS = """
import sys
from pathlib import Path
from providers.vault import FileVault
vault = FileVault(Path(sys.argv[1]))
for number in range(20):
    vault.put(f"{sys.argv[2]}{number}", "password", "", "x")
    vault.put("shared", "password", "", "x")
    vault.delete("shared", "password", "")
"""


def test_a_process_that_was_stopped_in_a_change_is_not_waited_for_long(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_file, "PATIENCE", 0.05)
    vault = FileVault(file)
    vault.put(HOST, "password", "", SECRET)
    with private_file.exclusive(file):
        with pytest.raises(BadVault, match="another Wharfie is changing it"):
            vault.put(HOST, "password", "", "new")
        assert vault.get(HOST, "password", "") == SECRET
    vault.put(HOST, "password", "", "new")
    assert vault.get(HOST, "password", "") == "new"


def test_deleting_nothing_needs_no_right_to_write(file: Path) -> None:
    vault = FileVault(file.parent / "missing" / file.name)
    vault.delete(HOST, "password", "")
    assert vault.problem == ""


# Secrets over a vault ------------------------------------------------------------------------


def test_a_secret_is_kept_only_when_that_is_asked_for(vault: Vault) -> None:
    Secrets(vault).put(HOST, "password", "this run")
    assert Secrets(vault).get(HOST, "password") is None
    Secrets(vault).put(HOST, "password", SECRET, keep=True)
    assert Secrets(vault).get(HOST, "password") == SECRET


def test_what_was_looked_up_is_handed_on_to_the_queue(vault: Vault) -> None:
    vault.put(HOST, "password", "", SECRET)
    secrets = Secrets(vault)
    assert secrets.of(HOST) == ()
    secrets.get(HOST, "password")
    assert secrets.of(HOST) == (("password", "", SECRET),)


def test_a_refused_secret_is_set_aside_for_this_run_and_stays_kept(vault: Vault) -> None:
    vault.put(HOST, "password", "", SECRET)
    secrets = Secrets(vault)
    assert secrets.get(HOST, "password") == SECRET
    secrets.forget(HOST, "password")
    assert secrets.get(HOST, "password") is None
    assert secrets.of(HOST) == ()
    assert vault.get(HOST, "password", "") == SECRET
    assert Secrets(vault).get(HOST, "password") == SECRET  # the next run


def test_a_refused_secret_comes_back_by_a_person_only(vault: Vault) -> None:
    clock = Clock()
    vault.put(HOST, "password", "", SECRET)
    secrets = Secrets(vault, clock=clock)
    secrets.get(HOST, "password")
    secrets.forget(HOST, "password")
    secrets.put(HOST, "password", "a typing error")
    secrets.forget(HOST, "password")
    for _ in range(3):  # not the first one once more
        assert secrets.get(HOST, "password") is None
        clock.now += 60
    secrets.put(HOST, "password", SECRET)
    assert secrets.get(HOST, "password") == SECRET


def test_a_secret_that_is_set_aside_is_replaced_by_one_that_is_kept(vault: Vault) -> None:
    vault.put(HOST, "password", "", "old")
    secrets = Secrets(vault)
    secrets.get(HOST, "password")
    secrets.forget(HOST, "password")
    secrets.put(HOST, "password", SECRET, keep=True)
    assert secrets.get(HOST, "password") == SECRET
    assert Secrets(vault).get(HOST, "password") == SECRET


def test_one_that_was_replaced_meanwhile_is_not_taken_away(vault: Vault) -> None:
    vault.put(HOST, "password", "", "old")
    secrets = Secrets(vault)
    secrets.get(HOST, "password")
    vault.put(HOST, "password", "", "new")  # another process: wharfie login
    secrets.forget(HOST, "password")
    assert secrets.get(HOST, "password") == "new"


def test_refusing_one_of_this_run_leaves_the_kept_one(vault: Vault) -> None:
    vault.put(HOST, "password", "", SECRET)
    secrets = Secrets(vault)
    secrets.put(HOST, "password", "typed")
    secrets.forget(HOST, "password")
    assert vault.get(HOST, "password", "") == SECRET


def test_a_secret_that_is_not_there_is_not_looked_for_at_every_request() -> None:
    backend, clock = keyrings.Good(), Clock()
    vault = KeyringVault(backend)
    secrets = Secrets(vault, clock=clock)
    for _ in range(100):
        assert secrets.get(HOST, "token") is None
    assert backend.calls == 1
    vault.put(HOST, "token", "", SECRET)  # another process: wharfie login
    clock.now += 60
    assert secrets.get(HOST, "token") == SECRET


def test_the_path_of_a_key_is_no_matter_for_the_vault() -> None:
    backend = keyrings.Good()
    assert Secrets(KeyringVault(backend)).get(HOST, "key") is None
    assert backend.calls == 0


def test_one_that_cannot_be_kept_is_used_in_this_run() -> None:
    secrets = Secrets(NoVault())
    with pytest.raises(BadVault):
        secrets.put(HOST, "password", SECRET, keep=True)
    assert secrets.get(HOST, "password") == SECRET


def test_of_an_address_that_is_given_again_only_the_secret_part_counts() -> None:
    secrets = Secrets()
    asked = AuthRequired("https://h", needs="query", subject="/f?~1a2b3c4d")
    secrets.answer(asked, "https://h/f?sig=1&x=2")
    assert secrets.get("https://h", "query", "/f?~1a2b3c4d") == "sig=1&x=2"


def test_nothing_that_is_printed_holds_a_secret(vault: Vault) -> None:
    secrets = Secrets(vault)
    secrets.put(HOST, "password", SECRET, keep=True)
    assert SECRET not in repr(secrets) + repr(vault) + repr(vars(vault).get("_problem", ""))
