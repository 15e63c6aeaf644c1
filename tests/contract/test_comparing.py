"""Contract: what a place lists is enough to tell a tree that was copied from one that changed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place, Provider
from providers.registry import open_provider
from tests.contract.case import Case
from transfers.mirror.model import Mark, Pair, Side, Wish
from transfers.mirror.walking import compare

NAMES = ("file", "größe", "a b")
THEN = 1_600_000_001.75


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Side]:
    """An empty folder of this computer."""
    folder = tmp_path / "copy"
    folder.mkdir()
    provider = open_provider("file:", Access(tmp_path / "no_hosts"))
    yield Side(Place("file:", str(folder)), provider)
    provider.close()


def _compared(left: Side, right: Side) -> dict[str, Pair]:
    found = compare(left, right, Wish(), on_progress=lambda _: None, cancelled=lambda: False)
    return {pair.relative[-1]: pair for page in found for pair in page}


def _marks(left: Side, right: Side) -> Counter[Mark]:
    return Counter(pair.mark for pair in _compared(left, right).values())


def _written(side: Side, name: str, data: bytes, modified: float) -> Path:
    path = Path(side.place.path, name)
    path.write_bytes(data)
    os.utime(path, (modified, modified))
    return path


def _never_asked(monkeypatch: pytest.MonkeyPatch, provider: Provider) -> None:
    def stat(path: str, *, follow: bool = False) -> None:
        raise AssertionError(f"{path} was asked about")

    monkeypatch.setattr(provider, "stat", stat)


def test_what_was_copied_there_is_the_same_by_its_list_alone(
    case: Case, copy: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not case.writes:
        pytest.skip("this place is only read")
    for name in NAMES:
        path = _written(copy, name, name.encode(), THEN)
        case.put(case.at(name), path.read_bytes(), modified=THEN)
    if any(entry.size is None for entry in case.entries(case.root)):
        pytest.skip("lists here tell no sizes")
    _never_asked(monkeypatch, case.provider)
    here = Side(Place("there:", case.root), case.provider)
    assert _marks(copy, here) == {Mark.SAME: 3}
    later = 4_000_000_000.0 - 2  # than anything is stored; SFTP counts until 2106
    _written(copy, "file", b"FILE", later)
    _written(copy, "a b", b"longer", later)
    assert _marks(copy, here) == {Mark.SAME: 1, Mark.NEWER: 2}


def test_what_was_copied_from_there_is_the_same_and_what_changed_since_is_not(
    case: Case, copy: Side
) -> None:
    for name in NAMES:
        case.put(case.at(name), name.encode(), modified=THEN)
        entry = case.provider.stat(case.at(name))
        _written(copy, name, name.encode(), entry.modified or THEN)
    there = Side(Place("there:", case.root), case.provider)
    assert _marks(there, copy) == {Mark.SAME: 3}
    if case.provider.stat(case.at("file")).modified is None:
        pytest.skip("no times are told here: what has the same size is the same")
    _written(copy, "file", b"FILE", 1_000_000_000.0)
    assert _compared(there, copy)["file"].mark is Mark.NEWER
