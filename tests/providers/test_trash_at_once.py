"""Many things thrown away at once, as by a mirror: none replaces another in the trash."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.local.trash import throw_away
from tests.servers.trash import trash_of

COUNT = 400


def test_files_of_one_name_that_are_thrown_away_at_once_are_all_in_the_trash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    trash = trash_of(tmp_path, monkeypatch)
    usual = sys.getswitchinterval()
    request.addfinalizer(lambda: sys.setswitchinterval(usual))
    sys.setswitchinterval(1e-6)  # threads take turns in the middle of everything
    files = [tmp_path / "tree" / str(number) / "index.html" for number in range(COUNT)]
    for number, file in enumerate(files):
        file.parent.mkdir(parents=True)
        file.write_text(str(number))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(throw_away, map(str, files)))
    assert {path.read_text() for path in trash.iterdir()} == {*map(str, range(COUNT))}
    assert not any(file.exists() for file in files)
