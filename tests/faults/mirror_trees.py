"""Trees that are hard to mirror: names of every kind, twins, empty files and folders."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from providers.names import folded
from tests.faults.mirror_grounds import Ground, Path_, Tree, folders_of

THEN = 1_700_000_000.0
_ODD = (
    "plain",
    "caf\u00e9",  # composed
    "cafe\u0301",  # the same word, its accent apart
    "Read.me",
    "read.ME",
    "-rf",
    "--delete",
    "two\nlines",
    "\x1b]0;owned\x07",
    " led by a space",
    "followed by one ",
    "ends in a dot.",
    "...",
    "~$office.tmp",
    'a"b*c:d<e>f?g|h',
    "back\\slash",
    "per%41cent%2Fslash",
    "#anchor",
    "query?a=1&b=2",
    "semi;colon,comma",
    "&amp;<b>",
    "名前.txt",
    "\u202egnp.exe",
    "\U0001f9ed",
    "n" * 200,
    "\u0434" * 100,  # 200 bytes
    "CON",
    "aux.txt",
    ".lock",
    "desktop.ini",
    "x_vti_y",
    ".hidden",
    "tab\there",
    "\udcff\udcfe",  # bytes that are no UTF-8
    "[1] {2} (3)",
    "!important",
    "$HOME",
    "`id`",
    "'quoted'",
    ".plain.0123abcd.par",
)


def grow(top: Path, files: int, seed: int = 1) -> None:
    """Make a tree of that many files. The same seed makes the same one."""
    chance = random.Random(seed)
    folders = _folders(top)
    while files > 0:
        folder = next(folders)
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ODD[:files]:
            _write(folder / name, chance)
        files -= len(_ODD)
    for name in ("empty folder", "empty/deep/down", "caf\u00e9 empty", "-empty"):
        (top / name).mkdir(parents=True, exist_ok=True)


def _folders(top: Path) -> Iterator[Path]:
    """Some beside, some in others; names of twins among them."""
    yield top
    for number in count():
        odd = _ODD[number % len(_ODD)]
        above = top / f"part {number // len(_ODD)}"
        deep = above / "in" / "here" if number % 3 == 0 else above
        yield deep / odd[:120]


def _write(path: Path, chance: random.Random) -> None:
    size = chance.choice((0, 1, 17, 300, 1000, 3000, 3000, 20_000))
    path.write_bytes(chance.randbytes(size))
    when = THEN + chance.randrange(10_000_000) + chance.choice((0.0, 0.25))
    os.utime(path, (when, when))


def expected(left: Tree, right: Ground) -> tuple[Tree, list[Path_]]:
    """What a mirror of `left` makes on an empty `right`, and what it has to tell of instead."""
    told = sorted(_refused(left, right))
    held = {path: content for path, content in left.items() if not _is_in(path, told)}
    if not right.folders:
        files = {path: content for path, content in held.items() if content is not None}
        held = {**dict.fromkeys(folders_of(files)), **files}
    return held, told


def _refused(left: Tree, right: Ground) -> Iterator[Path_]:
    """The uppermost ones only."""
    by_folder: defaultdict[Path_, list[str]] = defaultdict(list)
    for path in left:
        by_folder[path[:-1]].append(path[-1])
    seek: list[Path_] = [()]
    while seek:
        folder = seek.pop()
        names = by_folder.get(folder, [])
        for name in names:
            if not right.keeps(name) or (right.folds and _has_twin(name, names)):
                yield (*folder, name)
            else:
                seek.append((*folder, name))


def _has_twin(name: str, names: Sequence[str]) -> bool:
    return sum(folded(name) == folded(other) for other in names) > 1


def _is_in(path: Path_, tops: Sequence[Path_]) -> bool:
    return any(path[: len(top)] == top for top in tops)


def shown(path: Path_) -> str:
    """In a message of a test."""
    return ascii("/".join(path))
