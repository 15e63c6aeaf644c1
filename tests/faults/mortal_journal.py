"""A journal whose process dies as it writes: what the disk then holds is kept for another."""

from __future__ import annotations

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, NoReturn

from transfers.changes import Changes
from transfers.journal import Journal


class Dying(StrEnum):
    BEFORE = "before the write"
    WITHIN = "within the write"  # part of it is in the file already
    AFTER = "after the write"  # and before anybody hears of it


class MortalJournal(Journal):
    """`dies` at its next write. `left`: a folder with what its files were at that moment."""

    dies: ClassVar[Dying | None] = None
    left: ClassVar[Path]

    def write(self, changes: Changes) -> None:
        manner, MortalJournal.dies = MortalJournal.dies, None
        if manner is Dying.BEFORE:
            self._die()
        if manner is Dying.WITHIN:
            self._db.execute("PRAGMA cache_size = 1")  # pages go to the file at once
            self._writer._remove = lambda changes: self._die()  # type: ignore[method-assign]
        super().write(changes)
        if manner is Dying.AFTER:
            self._die()

    def _die(self) -> NoReturn:
        MortalJournal.left = Path(tempfile.mkdtemp())
        for path in self._path.parent.glob(f"{self._path.name}*"):
            shutil.copy(path, MortalJournal.left)
        raise SystemExit  # of the thread that owns the journal, without a word
