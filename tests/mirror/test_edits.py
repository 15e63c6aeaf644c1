"""Two folders edited at random and mirrored, again and again: as a model of what is promised says.

`EDITS=2000 pytest tests/mirror/test_edits.py` tries more of them than CI does.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from providers.access import Access
from tests.mirror.intended import Intended, Tree, intended, tree_at
from tests.servers.trash import trash_of
from tui.arguments import parse_words
from tui.headless.mirror import run_mirror
from tui.headless.mirror_order import order_of
from tui.settings import find_home, make_private

EXAMPLES = int(os.environ.get("EDITS", "40"))
SENTINEL = "always here"  # a source without a file is a disk that is not mounted
NAMES = ("a", "A", "caf\u00e9", "cafe\u0301", "-rf", "b\nc", "d ", "d")
EDITS = ("new", "new", "folder", "other", "same size", "gone", "moved", "mode", "touched", "swap")
KEEPS = ("", "--trash", "--backup")


class Edit(NamedTuple):
    """`which` and `where` choose among what is there, `name` is a new one's."""

    kind: str
    which: int
    where: int
    name: str
    content: bytes


class Round(NamedTuple):
    left: Sequence[Edit]
    right: Sequence[Edit]
    delete: bool
    keep: str


edits = st.lists(
    st.builds(
        Edit,
        st.sampled_from(EDITS),
        st.integers(0, 50),
        st.integers(0, 50),
        st.sampled_from(NAMES),
        st.binary(max_size=3),
    ),
    max_size=8,
)
rounds = st.lists(
    st.builds(Round, edits, edits, st.booleans(), st.sampled_from(KEEPS)), min_size=1, max_size=3
)


class Sides:
    """Two folders, and a home for `wharfie`, all in `top`."""

    def __init__(self, top: Path, trash: Path) -> None:
        self.left, self.right, self.kept = top / "left", top / "right", top / "kept"
        self.trash = trash
        self._clock = 1_600_000_000
        for folder in (self.left, self.right):
            folder.mkdir()
            self._write(folder / SENTINEL, b"")

    @property
    def pair(self) -> tuple[Path, Path]:
        return self.left, self.right

    def edit(self, top: Path, edit: Edit) -> None:
        folders = [top, *sorted(path for path in top.rglob("*") if path.is_dir())]
        there = sorted(path for path in top.rglob("*") if path.name != SENTINEL)
        folder = folders[edit.where % len(folders)]
        new = folder / edit.name
        if edit.kind in ("new", "folder"):
            if not new.exists():
                new.mkdir() if edit.kind == "folder" else self._write(new, edit.content)
        elif there:
            self._change(there[edit.which % len(there)], new, edit)

    def _change(self, path: Path, new: Path, edit: Edit) -> None:
        if edit.kind == "gone":
            _remove(path)
        elif edit.kind == "moved":
            if not new.exists() and not new.is_relative_to(path):
                path.rename(new)
        elif edit.kind == "mode":
            path.chmod(0o700 if path.is_dir() or edit.which % 2 else 0o600)
        elif edit.kind == "swap":
            was_folder = path.is_dir()
            _remove(path)
            self._write(path, edit.content) if was_folder else path.mkdir()
        elif path.is_file():
            content = path.read_bytes() if edit.kind == "touched" else edit.content
            if edit.kind == "same size":
                content = bytes(255 - byte for byte in path.read_bytes())
            self._write(path, content)

    def _write(self, path: Path, content: bytes) -> None:
        """Each at a time of its own, further from any other than clocks are taken for."""
        path.write_bytes(content)
        self._clock += 100_003 + self._clock % 977
        os.utime(path, (self._clock, self._clock))


def mirror(sides: Sides, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    """In this process: a thousand starts of Python would take a quarter of an hour."""
    out, err = io.StringIO(), io.StringIO()
    order = order_of(parse_words(["mirror", *map(str, sides.pair), "--json", "--yes", *words]))
    home = find_home(os.environ)
    make_private(home.queue)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_mirror(order, home, Access(home.known_hosts))
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="names that Windows cannot have")
@pytest.mark.timeout(0 if EXAMPLES > 100 else 300)
@settings(
    max_examples=EXAMPLES,
    phases=(
        Phase.reuse,
        Phase.generate,
    ),  # an example takes a second: making it small takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(rounds=rounds)
def test_a_mirror_of_two_edited_trees_is_as_the_model_says(
    rounds: Sequence[Round], monkeypatch: pytest.MonkeyPatch
) -> None:
    with _sides(monkeypatch) as sides:
        for each in rounds:
            for edit in each.left:
                sides.edit(sides.left, edit)
            for edit in each.right:
                sides.edit(sides.right, edit)
            _mirrored(sides, each)


@contextlib.contextmanager
def _sides(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sides]:
    with tempfile.TemporaryDirectory() as name, monkeypatch.context() as patch:
        top = Path(name)
        patch.setenv("WHARFIE_HOME", str(top / "home"))
        yield Sides(top, trash_of(top, patch))


def _mirrored(sides: Sides, each: Round) -> None:
    left, before = tree_at(sides.left), tree_at(sides.right)
    model = intended(left, before)
    words = ["--delete"] if each.delete else []
    if each.delete and each.keep:
        words += ["--backup", str(sides.kept)] if each.keep == "--backup" else [each.keep]
    code, lines, err = mirror(sides, *words)
    after = tree_at(sides.right)
    assert tree_at(sides.left) == left, "the source was changed"
    assert code == (1 if model.conflicts else 0), (lines, err)
    _compare(after, model, delete=each.delete)
    if each.delete and each.keep:
        _kept(sides, before, after, model)
    _, (*jobs, _), _ = mirror(sides, *words)
    assert not [job for job in jobs if job.get("state") == "done"], "the second run did something"
    assert tree_at(sides.right) == after


def _compare(after: Tree, model: Intended, *, delete: bool) -> None:
    assert dict(after) == model.right(delete=delete)


def _kept(sides: Sides, before: Tree, after: Tree, model: Intended) -> None:
    """Everything that was pruned is found, unless it was moved."""
    kept = [path.read_bytes() for top in (sides.kept, sides.trash) for path in _files(top)]
    kept += [held.content for held in after.values() if held is not None]
    for path, held in model.extra.items():
        if path not in after and held is not None:
            assert held.content in kept, f"{path} is gone"


def _files(top: Path) -> list[Path]:
    return [path for path in top.rglob("*") if path.is_file()]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
