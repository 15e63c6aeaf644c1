"""The trash of a test's own home: send2trash finds its place when it is first imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def trash_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the trash be below `home` for one test, and return where the things in it are."""
    if os.name == "nt" or os.uname().sysname == "Darwin":
        pytest.skip("the system's own trash is not to be filled by tests")
    import send2trash
    from send2trash import plat_other

    data = home / ".local" / "share"
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(plat_other, "XDG_DATA_HOME", os.fsencode(data))
    monkeypatch.setattr(plat_other, "HOMETRASH_B", os.fsencode(data / "Trash"))
    monkeypatch.setattr(send2trash, "send2trash", plat_other.send2trash)  # not a desktop's own
    return data / "Trash" / "files"
