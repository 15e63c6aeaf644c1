"""Kept sign-ins: sealed, shared by processes, and no way to the wrong drive when damaged."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from providers.access import Access, Secrets
from providers.errors import AuthRequired, Denied, Secret
from providers.onedrive.cache import Cache, Kept
from providers.vault import FileVault, KeyringVault, NoVault, Vault
from tests.servers import keyrings

ENDPOINT = "onedrive:#work"
ANN = Kept("ann@example.com", "ann-id", 1000.5, "canary-refresh-token" * 300)
BOB = Kept("bob@example.com", "bob-id", 2000.0, "{}")


@pytest.fixture(params=["keyring", "file"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "file":
        return FileVault(tmp_path / "secrets.json")
    return KeyringVault(keyrings.Good())


def process(vault: Vault, folder: Path) -> Access:
    """One with a memory of its own."""
    return Access(folder / "hosts", secrets=Secrets(vault), sign_ins=folder / "sign-ins")


def sealed(folder: Path) -> Path:
    (found,) = (folder / "sign-ins").glob("*.sealed")
    return found


def test_a_sign_in_is_there_in_the_next_run_and_cannot_be_read_by_others(
    vault: Vault, tmp_path: Path
) -> None:
    assert Cache(ENDPOINT, process(vault, tmp_path)).read() is None
    assert Cache(ENDPOINT, process(vault, tmp_path)).begin(ANN) == ""
    assert Cache(ENDPOINT, process(vault, tmp_path)).read() == ANN
    path = sealed(tmp_path)
    assert b"canary" not in path.read_bytes() and b"ann" not in path.read_bytes()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_each_site_has_its_own_and_an_emulator_others(vault: Vault, tmp_path: Path) -> None:
    access = process(vault, tmp_path)
    Cache(ENDPOINT, access).begin(ANN)
    Cache("onedrive:#home", access).begin(BOB)
    assert Cache(ENDPOINT, access).read() == ANN
    assert Cache("onedrive:#home", access).read() == BOB
    assert Cache(ENDPOINT, access, apart="http://127.0.0.1:1").read() is None


def test_a_file_put_in_anothers_place_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    access = process(vault, tmp_path)
    Cache("onedrive:#home", access).begin(BOB)
    other = sealed(tmp_path)
    raw = other.read_bytes()
    other.unlink()
    Cache(ENDPOINT, access).begin(ANN)
    sealed(tmp_path).write_bytes(raw)
    assert Cache(ENDPOINT, access).read() is None


@pytest.mark.parametrize("damage", [b"", b"garbage", "cut", "flip"])
def test_a_damaged_one_is_set_aside_with_a_sentence(
    vault: Vault, damage: bytes | str, tmp_path: Path
) -> None:
    access = process(vault, tmp_path)
    Cache(ENDPOINT, access).begin(ANN)
    path = sealed(tmp_path)
    raw = path.read_bytes()
    damaged = {"cut": raw[:-1], "flip": raw[:-1] + bytes([raw[-1] ^ 1])}
    path.write_bytes(damage if isinstance(damage, bytes) else damaged[damage])
    with pytest.raises(AuthRequired, match="damaged") as caught:
        Cache(ENDPOINT, process(vault, tmp_path)).read()
    assert caught.value.needs == "sign-in"
    assert not path.exists() and path.with_suffix(".damaged").exists()
    assert Cache(ENDPOINT, access).read() is None
    assert Cache(ENDPOINT, access).begin(BOB) == ""
    assert Cache(ENDPOINT, process(vault, tmp_path)).read() == BOB


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("wrong", ["mode", "link"])
def test_a_file_that_others_could_have_made_is_not_trusted(
    vault: Vault, wrong: str, tmp_path: Path
) -> None:
    access = process(vault, tmp_path)
    Cache(ENDPOINT, access).begin(ANN)
    path = sealed(tmp_path)
    if wrong == "mode":
        path.chmod(0o644)
    else:
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Denied, match="sign-in"):
        Cache(ENDPOINT, access).read()
    assert path.exists()


def test_a_renewed_one_replaces_the_old_for_every_process(vault: Vault, tmp_path: Path) -> None:
    mine, theirs = process(vault, tmp_path), process(vault, tmp_path)
    cache = Cache(ENDPOINT, mine)
    cache.begin(ANN)
    before = Cache(ENDPOINT, theirs).stamp()
    cache.renew(ANN, renewed := replace(ANN, cache="newer"))
    assert Cache(ENDPOINT, theirs).read() == renewed
    assert Cache(ENDPOINT, theirs).stamp() != before


def test_a_late_renewal_does_not_undo_another_sign_in(vault: Vault, tmp_path: Path) -> None:
    cache = Cache(ENDPOINT, process(vault, tmp_path))
    cache.begin(ANN)
    Cache(ENDPOINT, process(vault, tmp_path)).begin(BOB)
    cache.renew(ANN, replace(ANN, cache="newer"))
    assert cache.read() == BOB


def test_two_that_sign_in_at_once_agree_on_the_key(tmp_path: Path) -> None:
    """Each finds that there is none; what both say is kept has to open in the next run."""
    met, other_is_done = threading.Barrier(2), threading.Event()
    first = threading.Lock()

    class Slow(FileVault):
        def get(self, endpoint: str, needs: Secret, subject: str) -> str | None:
            found = super().get(endpoint, needs, subject)
            with suppress(threading.BrokenBarrierError):
                met.wait(0.5)
            return found

        def put(self, endpoint: str, needs: Secret, subject: str, value: str) -> None:
            super().put(endpoint, needs, subject, value)
            if first.acquire(blocking=False):
                other_is_done.wait(0.5)

    def begin(cache: Cache) -> str:
        remark = cache.begin(ANN)
        other_is_done.set()
        return remark

    kept = tmp_path / "kept"
    caches = [Cache(ENDPOINT, process(Slow(kept), tmp_path)) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        assert [*pool.map(begin, caches)] == ["", ""]
    assert Cache(ENDPOINT, process(FileVault(kept), tmp_path)).read() == ANN


def test_where_a_person_wants_nothing_kept_it_is_in_memory(tmp_path: Path) -> None:
    access = process(NoVault(), tmp_path)
    cache = Cache(ENDPOINT, access)
    assert cache.begin(ANN) == ""
    assert cache.read() == ANN
    cache.renew(ANN, renewed := replace(ANN, cache="newer"))
    assert cache.read() == renewed
    assert Cache(ENDPOINT, process(NoVault(), tmp_path)).read() is None
    assert not (tmp_path / "sign-ins").exists()


@pytest.mark.parametrize("backend", [keyrings.Locked, keyrings.Absent])
def test_a_keyring_that_is_of_no_use_keeps_it_in_memory(
    backend: type[keyrings.Good], tmp_path: Path
) -> None:
    access = process(KeyringVault(backend()), tmp_path)
    said = Cache(ENDPOINT, access).begin(ANN)
    assert "until Wharfie ends" in said and "keyring" in said
    assert Cache(ENDPOINT, access).read() == ANN


def test_a_folder_that_cannot_be_written_keeps_it_in_memory(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "sign-ins").write_text("in the way")
    access = process(vault, tmp_path)
    assert "cannot be written" in Cache(ENDPOINT, access).begin(ANN)
    assert Cache(ENDPOINT, access).read() == ANN


def test_of_two_the_later_sign_in_holds(vault: Vault, tmp_path: Path) -> None:
    """The queue was granted one in memory, and a later one is in the file."""
    here = process(NoVault(), tmp_path)
    Cache(ENDPOINT, here).begin(ANN)
    Cache(ENDPOINT, there := process(vault, tmp_path)).begin(BOB)
    for needs, subject, value in here.secrets.of(ENDPOINT):
        there.secrets.put(ENDPOINT, needs, value, subject)
    assert Cache(ENDPOINT, there).read() == BOB
    Cache(ENDPOINT, here).begin(replace(ANN, at=3000.0))
    for needs, subject, value in here.secrets.of(ENDPOINT):
        there.secrets.put(ENDPOINT, needs, value, subject)
    assert Cache(ENDPOINT, there).read() == replace(ANN, at=3000.0)


def test_a_key_of_before_does_not_set_a_good_file_aside(vault: Vault, tmp_path: Path) -> None:
    """The site was removed and added again; the queue's process has the old key."""
    queue = process(vault, tmp_path)
    Cache(ENDPOINT, queue).begin(ANN)
    screen = process(vault, tmp_path)
    Cache(ENDPOINT, screen).forget()
    Cache(ENDPOINT, screen).begin(BOB)
    assert Cache(ENDPOINT, queue).read() == BOB


def test_what_is_forgotten_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    access = process(vault, tmp_path)
    cache = Cache(ENDPOINT, access)
    cache.begin(ANN)
    cache.forget()
    assert cache.read() is None and not [*(tmp_path / "sign-ins").iterdir()]
    assert vault.get(ENDPOINT, "sign-in", "") is None
    cache.forget()
