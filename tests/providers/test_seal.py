"""Secrets that are journaled: sealed with a key that only its owner reads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.errors import Denied
from providers.seal import CannotOpen, Seal


def test_what_was_sealed_is_opened_in_another_process(tmp_path: Path) -> None:
    sealed = Seal(tmp_path / "key").sealed("https://secret")
    assert "secret" not in sealed
    assert Seal(tmp_path / "key").opened(sealed) == "https://secret"


def test_without_the_key_nothing_is_opened(tmp_path: Path) -> None:
    sealed = Seal(tmp_path / "key").sealed("https://secret")
    (tmp_path / "key").unlink()
    with pytest.raises(CannotOpen) as caught:
        Seal(tmp_path / "key").opened(sealed)
    assert "secret" not in repr(caught.value) and caught.value.__context__ is None


def test_without_a_file_the_key_ends_with_the_process() -> None:
    with pytest.raises(CannotOpen):
        Seal(None).opened(Seal(None).sealed("x"))


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    Seal(tmp_path / "home" / "key").sealed("x")
    assert (tmp_path / "home" / "key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "home" / "key").chmod(0o644)
    with pytest.raises(Denied, match="chmod 600"):
        Seal(tmp_path / "home" / "key").sealed("x")


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text("damaged")
    with pytest.raises(Denied):
        Seal(tmp_path / "key").sealed("x")


def test_many_at_once_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda _: Seal(tmp_path / "key").sealed("x"), range(8)))
    assert {Seal(tmp_path / "key").opened(each) for each in sealed} == {"x"}
