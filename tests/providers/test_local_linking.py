"""Hard links on this computer: one more name of a file, never of what a link leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import AlreadyExists, NotFound, WrongKind
from providers.local import LocalProvider, open_endpoint


@pytest.fixture
def local(tmp_path: Path) -> LocalProvider:
    return open_endpoint("file:", Access(tmp_path / "known_hosts"))


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_a_file_gets_another_name_and_nothing_loses_its_own(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_descriptor: bool
) -> None:
    if not by_descriptor:
        monkeypatch.setattr("providers.local.folder.BY_DESCRIPTOR", False)
        monkeypatch.setattr(os, "supports_follow_symlinks", set())
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"data")
    local.make_hard_link(str(second), str(first))
    assert second.samefile(first) and local.caps.hard_links
    second.unlink()
    second.write_bytes(b"other")
    with pytest.raises(AlreadyExists):
        local.make_hard_link(str(second), str(first))
    assert second.read_bytes() == b"other"


def test_only_a_file_gets_another_name(local: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    (tmp_path / "link").symlink_to("file")
    third = tmp_path / "third"
    for existing in (tmp_path, tmp_path / "link"):
        with pytest.raises(WrongKind):
            local.make_hard_link(str(third), str(existing))
    with pytest.raises(NotFound):
        local.make_hard_link(str(third), str(tmp_path / "none"))
    assert not third.exists()
