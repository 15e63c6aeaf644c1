"""Trees as dictionaries, compared as a mirror does it, and jobs carried out on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from hypothesis import strategies as st

from providers.base import Capabilities, Entry, Kind, Place
from providers.memory import MemoryProvider, Store
from transfers.mirror.model import Mark, Pair, Side, Wish
from transfers.model import NewJob, Op, Policy

LEFT, RIGHT = Place("memory://left", "/left"), Place("memory://right", "/right")

Tree: TypeAlias = Mapping[str, str | None]
"""By path below the top: what a file holds, None for a directory. Those above are in it."""


class Memory(MemoryProvider):
    """A tree in memory that can do something else than it can; it notes what it is asked."""

    def __init__(self, store: Store, **caps: object) -> None:
        super().__init__(store)
        self._caps = replace(super().caps, **caps)  # type: ignore[arg-type]
        self.asked: list[str] = []
        store.fail = lambda operation, path: self.asked.append(f"{operation} {path}")

    @property
    def caps(self) -> Capabilities:
        return self._caps


def side(place: Place, **caps: object) -> Side:
    return Side(place, Memory(Store(), **caps))


def tree(*paths: str, **files: str) -> dict[str, str | None]:
    """Directories end with "/"; what a file holds is its name, or what `files` says."""
    made: dict[str, str | None] = {}
    for path in (*paths, *files):
        names = path.rstrip("/").split("/")
        for count in range(1, len(names)):
            made["/".join(names[:count])] = None
        made[path.rstrip("/")] = None if path.endswith("/") else files.get(path, names[-1])
    return made


def entry(top: Place, path: str, held: str | None, **fields: object) -> Entry:
    """As a listing tells it: the version is what the file holds."""
    given: dict[str, object] = {
        "path": f"{top.path}/{path}",
        "name": path.rpartition("/")[2],
        "kind": Kind.DIR if held is None else Kind.FILE,
        "size": None if held is None else len(held),
        "modified": 1000.0,
        "version": None if held is None else f"v:{held}",
    }
    return Entry(**(given | fields))  # type: ignore[arg-type]


def pair(path: str, mark: Mark, left: str | None = "", right: str | None = "", **more: str) -> Pair:
    """`left`, `right`: what stands there where the mark says that something does."""
    there = {Mark.NEW: (True, False), Mark.ONLY_RIGHT: (False, True)}.get(mark, (True, True))
    return Pair(
        tuple(path.split("/")),
        mark,
        entry(LEFT, path, left) if there[0] else None,
        entry(RIGHT, path, right) if there[1] else None,
        f"{LEFT.path}/{path}",
        f"{RIGHT.path}/{path}",
        more.get("why", ""),
    )


def compared(left: Tree, right: Tree) -> list[Pair]:
    """Every pair of the two trees, in the order of a walk; below a type conflict, none."""
    found: list[Pair] = []
    conflicts: list[str] = []
    for path in sorted({*left, *right}):
        if any(path.startswith(f"{conflict}/") for conflict in conflicts):
            continue
        mark = _mark(left, right, path)
        if mark is Mark.TYPE:
            conflicts.append(path)
        found.append(pair(path, mark, left.get(path), right.get(path)))
    return found


def _mark(left: Tree, right: Tree, path: str) -> Mark:
    if path not in right:
        return Mark.NEW
    if path not in left:
        return Mark.ONLY_RIGHT
    if (left[path] is None) != (right[path] is None):
        return Mark.TYPE
    return Mark.SAME if left[path] == right[path] else Mark.DIFFERENT


def carried_out(jobs: Iterable[NewJob], left: Tree, right: Tree) -> dict[str, str | None]:
    """The right tree after the jobs; each refuses what the queue's own would refuse."""
    sources, made = dict(left), dict(right)
    for job in jobs:
        if job.op is Op.NOTE:
            continue
        target = job.target.path.removeprefix(f"{RIGHT.path}/")
        if job.op is Op.PRUNE:
            _prune(job, sources, made, target)
            continue
        parts = target.split("/")
        for count in range(1, len(parts)):
            assert made.setdefault("/".join(parts[:count]), None) is None
        if job.op is Op.RENAME:
            assert target not in made
            made[target] = made.pop(job.source.path.removeprefix(f"{RIGHT.path}/"))
        elif job.op is Op.MAKE_DIR:
            assert made.setdefault(target, None) is None
        else:
            there = made.get(target)
            assert target not in made or job.agreed == f"v:{there}"
            assert (target in made) == (job.policy is Policy.OVERWRITE)
            made[target] = sources[job.source.path.removeprefix(f"{LEFT.path}/")]
    return made


def _prune(job: NewJob, left: Tree, right: dict[str, str | None], target: str) -> None:
    assert job.source.path.removeprefix(f"{LEFT.path}/") not in left
    if job.agreed is None:
        assert right[target] is None
        assert not any(path.startswith(f"{target}/") for path in right), "a folder is not empty"
    else:
        assert job.agreed == f"v:{right[target]}"
    del right[target]


_names = st.sampled_from(["a", "b"])
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)
_held = st.none() | st.sampled_from(["", "x", "xx", "yy", "zzz"])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    """Small ones with few names, so that two of them have much in common."""
    made: dict[str, str | None] = {}
    for path, held in draw(st.dictionaries(_paths, _held, max_size=12)).items():
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        if path not in made and all(made.get(folder) is None for folder in above):
            made |= dict.fromkeys(above)
            made[path] = held
    return made


DELETE = Wish(delete=True)
