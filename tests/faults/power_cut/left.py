"""What a power cut leaves of a disk, written into a folder: a queue can be started on it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.faults.power_cut.disk import Change, Directory, File, Naming, Node

_SECTOR = 512  # bytes: a disk writes these whole or not at all
_TORN = 0.2  # of the writes that lasted by chance did so in part

Identity = tuple[int, int]


class Manner(StrEnum):
    """What became of all that was not synced."""

    NOTHING = "nothing of it lasted"
    NAMES = "names lasted, bytes did not"
    CHANCE = "some lasted"
    ALL = "all of it lasted"


@dataclass(slots=True)
class Left:
    """`names` says whether a naming lasted, `bytes_of` which changes of a file did.

    `identities`: device and inode of each file written here, and those it had when recorded.
    """

    names: Callable[[Naming], bool]
    bytes_of: Callable[[File], list[Change]]
    identities: dict[Identity, Identity] = field(default_factory=dict)
    written: dict[File, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Directory, manner: Manner, chance: random.Random) -> Left:
        if manner is Manner.NOTHING:
            return cls(lambda naming: naming.lasts, lambda file: file.lasting)
        if manner is Manner.NAMES:
            return cls(lambda naming: True, lambda file: file.lasting)
        if manner is Manner.ALL:
            return cls(lambda naming: True, lambda file: file.lasting + file.pending)
        kept = _kept_by_chance(root, chance)
        return cls(
            lambda naming: naming.lasts or id(naming) in kept,
            lambda file: file.lasting + _some(file.pending, chance),
        )

    def write(self, directory: Directory, folder: Path) -> None:
        """Make `folder` and what is left in it."""
        folder.mkdir(mode=0o700)
        self._note(directory, folder)
        for name, node in self._names(directory).items():
            if isinstance(node, Directory):
                self.write(node, folder / name)
            else:
                self._write_file(node, folder / name)

    def _names(self, directory: Directory) -> dict[str, Node]:
        names = dict(directory.first)
        for naming in directory.namings:
            if not self.names(naming):
                continue
            for where, name, node in naming.changes:
                if where is not directory:
                    continue
                if node is None:
                    names.pop(name, None)
                else:
                    names[name] = node
        return names

    def _write_file(self, file: File, path: Path) -> None:
        """A second name of a file is that file."""
        if file in self.written:
            path.hardlink_to(self.written[file])
            return
        data, modified = content(self.bytes_of(file))
        path.write_bytes(data)
        path.chmod(0o600)
        if modified:
            os.utime(path, ns=(modified, modified))
        self.written[file] = path
        self._note(file, path)

    def _note(self, node: Node, path: Path) -> None:
        if node.identity is not None:
            info = path.stat()
            self.identities[info.st_dev, info.st_ino] = node.identity


def content(changes: list[Change]) -> tuple[bytes, int]:
    """A file's bytes, and the time it was given last (0: none)."""
    data, modified = bytearray(), 0
    for change in changes:
        if change.at is None:
            modified = change.modified
        elif change.data is None:
            del data[change.at :]
            data.extend(bytes(change.at - len(data)))
        else:
            data.extend(bytes(max(0, change.at - len(data))))
            data[change.at : change.at + len(change.data)] = change.data
            modified = 0
    return bytes(data), modified


def _kept_by_chance(root: Directory, chance: random.Random) -> set[int]:
    """Of each directory the namings up to some moment: disks keep their order, each its own."""
    kept: dict[int, bool] = {}
    for directory in _directories(root):
        count = chance.randint(0, len(directory.namings))
        for number, naming in enumerate(directory.namings):
            kept[id(naming)] = kept.get(id(naming), True) and number < count
    return {naming for naming, there in kept.items() if there}


def _directories(root: Directory) -> list[Directory]:
    """All that were ever below `root`, in an order that does not change."""
    found, at = [root], 0
    while at < len(found):
        nodes = [*found[at].first.values()]
        nodes += [node for naming in found[at].namings for _, _, node in naming.changes if node]
        for node in nodes:
            if isinstance(node, Directory) and not any(node is other for other in found):
                found.append(node)
        at += 1
    return found


def _some(changes: list[Change], chance: random.Random) -> list[Change]:
    """Some of what was not synced: each write whole, torn or not at all."""
    kept = []
    for change in changes:
        if chance.random() < 0.5:
            continue
        if change.data and change.at is not None and chance.random() < _TORN:
            whole = chance.randint(0, len(change.data) // _SECTOR) * _SECTOR
            change = Change(change.ended, change.at, change.data[:whole])
        kept.append(change)
    return kept
