"""What is being done when the crash comes: each kind of job, between each pair of places."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from providers.base import Place, Provider
from tests.faults.crash.places import LOCAL, SFTP
from tests.faults.oracle import Watched
from transfers.model import NewJob, Policy, Verify
from transfers.scan import plan_tree

PART = 1 << 16  # bytes
_MODIFIED = 1_600_000_000.0  # Unix seconds
_TREE = {"tree/big": 3 * PART + 5, "tree/deep/small": 11, "tree/deep/er/x": 4000, "tree/none": 0}
_MANY = {f"tree/n{number % 5}/{number}": number * 7 for number in range(20)}
_LARGE = {"large": 9 * PART + 5}
_TWO = {"tree/one": 3 * PART, "tree/two": 5}
_NO_POSIX_RENAME = ("-P", "posix-rename")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`files` are names and sizes in bytes; each top name is enqueued by itself. `directories`
    are empty."""

    name: str
    source: str = LOCAL
    target: str = LOCAL
    files: Mapping[str, int] = field(default_factory=lambda: {**_TREE, "late": 1000})
    directories: tuple[str, ...] = ("tree/hollow",)
    move: bool = False
    over: bool = False  # every destination exists
    verify: Verify = Verify.AUTO
    part: int | None = None  # bytes
    streams: int = 1  # parts of one file at once
    renames: bool = False  # this computer moves by renaming
    names_by_linking: bool = False  # its disk knows no call to rename only to a free name
    sftp_options: tuple[str, ...] = ()
    midway: str = ""  # "cancel" or "pause": sent at some step

    @property
    def policy(self) -> Policy:
        return Policy.OVERWRITE if self.over else Policy.ASK

    @property
    def endpoints(self) -> set[str]:
        return {self.source, self.target}

    def set_up(self, directory: Path) -> list[Watched]:
        """Make the files; what a run leaves of them is compared with what is returned."""
        for name in ("to", *(f"from/{name}" for name in self.directories)):
            (directory / name).mkdir(parents=True)
        files = [self._watched(directory, name, size) for name, size in self.files.items()]
        for file in files:
            _write(file.source, file.new)
            if file.old is not None:
                _write(file.target, file.old)
        return files

    def _watched(self, directory: Path, name: str, size: int) -> Watched:
        return Watched(
            source=directory / "from" / name,
            target=directory / "to" / name,
            new=_content(name, size),
            old=_content(f"old {name}", size // 2 + 20) if self.over else None,
            move=self.move,
            swapped=bool(self.sftp_options),
            renamed=self.renames,
            sized=self.target == SFTP and self.verify is Verify.AUTO,
            modified=_MODIFIED,
        )

    def plan(self, places: Mapping[str, Provider], directory: Path) -> list[tuple[NewJob, ...]]:
        """The jobs, as they are enqueued one lot after the other."""
        source, target = places[self.source], places[self.target]
        into = Place(self.target, str(directory / "to"))
        tops = dict.fromkeys(name.partition("/")[0] for name in self.files)
        entries = [source.stat(str(directory / "from" / top)) for top in tops]
        return [
            plan_tree(source, [entry], self.source, target, into, move=self.move)
            for entry in entries
        ]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (_MODIFIED, _MODIFIED))


@cache
def _content(name: str, size: int) -> bytes:
    return random.Random(name).randbytes(size)


def _in_parts(name: str, **fields: Any) -> Scenario:
    return Scenario(name, files=_LARGE, directories=(), part=PART, **fields)


# What an SFTP server that has no shell stored is proven by its size, as people have it who ask for
# nothing, and read back, as they have it who ask for more.
_TO_SFTP = (
    Scenario("copy to sftp", target=SFTP),
    Scenario("copy within sftp", source=SFTP, target=SFTP),
    Scenario("move to sftp", target=SFTP, move=True),
    Scenario("overwrite on sftp", target=SFTP, over=True),
    Scenario("overwrite by swapping", target=SFTP, over=True, sftp_options=_NO_POSIX_RENAME),
    Scenario("move over a file on sftp", target=SFTP, over=True, move=True),
    Scenario("many small files to sftp", target=SFTP, files=_MANY),
    Scenario("many small files over old ones on sftp", target=SFTP, files=_MANY, over=True),
    Scenario("cancel many on sftp", target=SFTP, files=_MANY, midway="cancel"),
    Scenario("cancel many over old ones", target=SFTP, files=_MANY, over=True, midway="cancel"),
    Scenario("pause many on sftp", target=SFTP, files=_MANY, midway="pause"),
    _in_parts("large in parts to sftp", target=SFTP),
    _in_parts("large side by side to sftp", target=SFTP, streams=3),
    Scenario("cancel on sftp", target=SFTP, files=_TWO, part=PART, midway="cancel"),
    Scenario("pause on sftp", target=SFTP, files=_TWO, part=PART, midway="pause"),
)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("copy"),
        Scenario("copy where names are given by links", names_by_linking=True),
        Scenario("copy from sftp", source=SFTP),
        Scenario("move by renaming", move=True, renames=True),
        Scenario("move by linking", move=True, renames=True, names_by_linking=True),
        Scenario("move across disks", move=True),
        Scenario("move from sftp", source=SFTP, move=True),
        Scenario("overwrite", over=True),
        Scenario("move over a file", over=True, move=True),
        Scenario("move over a file that could be renamed", over=True, move=True, renames=True),
        Scenario("many small files", files=_MANY),
        Scenario("many small files from sftp", source=SFTP, files=_MANY),
        Scenario("many from sftp over old ones", source=SFTP, files=_MANY, over=True),
        Scenario("cancel many from sftp", source=SFTP, files=_MANY, midway="cancel"),
        Scenario("pause many from sftp", source=SFTP, files=_MANY, midway="pause"),
        _in_parts("large in parts"),
        _in_parts("large in parts from sftp", source=SFTP),
        _in_parts("large side by side from sftp", source=SFTP, streams=3),
        Scenario("cancel", files=_TWO, part=PART, midway="cancel"),
        Scenario("cancel a move", files=_TWO, part=PART, move=True, midway="cancel"),
        Scenario("pause", files=_TWO, part=PART, midway="pause"),
        *_TO_SFTP,
        *(
            replace(scenario, name=f"{scenario.name}, read back", verify=Verify.STRONG)
            for scenario in _TO_SFTP
        ),
    )
}
