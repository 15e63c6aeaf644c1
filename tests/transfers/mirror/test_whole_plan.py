"""Two trees become one: compared, planned, looked at again and carried out, as a mirror is made."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Kind, Place
from tests.transfers.mirror.samples import trees
from tests.transfers.mirror.trees import Tree, pairs, sides
from transfers.mirror.jobs import jobs
from transfers.mirror.model import Action, MirrorPlan, Wish
from transfers.mirror.moved import find
from transfers.mirror.planning import is_failure, plan
from transfers.mirror.saved import as_text, from_text, recheck
from transfers.model import NewJob, Op, Policy

Files = dict[str, str | None]


def _made(files: Files, **caps: object) -> Tree:
    tree = Tree(**caps)
    for path, held in files.items():
        if held is None:
            tree.folder(f"/{path}")
        else:
            tree.put(f"/{path}", held.encode(), modified=1000.0 + sum(held.encode()))
    return tree


def _held(tree: Tree) -> Files:
    return {
        path[1:]: None if node.kind is Kind.DIR else node.data.decode()
        for path, node in tree.store.nodes.items()
        if path != "/"
    }


def _plan(left: Tree, right: Tree, wish: Wish) -> MirrorPlan:
    made = plan(*sides(left, right), wish, pairs(left, right, wish), 1000.0)
    return find(made, *sides(left, right))


def _run(new: Iterable[NewJob], left: Tree, right: Tree) -> None:
    """What the queue does, its own checks included."""
    trees_by = {"memory://l": left, "memory://r": right}
    for job in new:
        if job.op is Op.NOTE:
            continue
        there, path = trees_by[job.target.endpoint], job.target.path
        if job.op is Op.PRUNE:
            assert job.source.path not in trees_by[job.source.endpoint].store.nodes
            assert job.agreed in (None, there.stat(path).version)
            assert (job.agreed is None) == (there.stat(path).kind is Kind.DIR)
            there.delete(path)  # raises NotEmpty
            continue
        there.folder(there.parent(path))
        if job.op is Op.RENAME:
            there.rename(job.source.path, path)
        elif job.op is Op.MAKE_DIR:
            there.make_dir(path)
        else:
            _copy(job, trees_by[job.source.endpoint], there)


def _copy(job: NewJob, source: Tree, there: Tree) -> None:
    found = there.store.nodes.get(job.target.path)
    if job.policy is Policy.ASK:
        assert found is None
    else:
        assert job.agreed == there.stat(job.target.path).version
    node = source.store.nodes[job.source.path]
    there.put(job.target.path, bytes(node.data), modified=node.modified)


@given(trees(), trees(), st.booleans())
def test_two_random_trees_become_one_and_a_second_run_does_nothing(
    before: Files, after: Files, renames: bool
) -> None:
    left, right = _made(after), _made(before, renames=renames)
    made = _plan(left, right, Wish(delete=True))
    still, stale = recheck(from_text(as_text(made)), *sides(left, right))
    assert (still, stale) == (made, ())
    _run(jobs(made), left, right)
    again = _plan(left, right, Wish(delete=True))
    assert all(step.action is Action.SKIP and is_failure(step) for step in again.steps)
    if not again.steps:
        assert _held(right) == after
    else:
        assert set(_held(right)) >= {path for path in before if path in after}


@given(trees(), trees())
def test_what_only_the_right_has_is_there_after_a_mirror_that_deletes_nothing(
    before: Files, after: Files
) -> None:
    left, right = _made(after), _made(before)
    _run(jobs(_plan(left, right, Wish())), left, right)
    only = {path: held for path, held in before.items() if path not in after}
    assert only.items() <= _held(right).items()


@pytest.mark.parametrize("renames", [True, False])
def test_a_folder_that_was_renamed_is_not_sent_again(renames: bool) -> None:
    names = [f"{n:02}" for n in range(30)]
    left, right = Tree(), Tree(renames=renames)
    for name in names:
        left.put(f"/new/{name}", name.encode())
        right.put(f"/old/{name}", name.encode())
    new = jobs(_plan(left, right, Wish(delete=True)))
    sent = [job for job in new if job.op is Op.COPY and job.source.endpoint == "memory://l"]
    assert sent == []
    _run(new, left, right)
    assert _held(right) == {"new": None, **{f"new/{name}": name for name in names}}


def test_a_pattern_keeps_a_folder_on_the_right_that_holds_what_it_leaves_out() -> None:
    left, right = Tree(), Tree().put("/d/a.o").put("/d/b").put("/e/c")
    new = jobs(_plan(left, right, Wish(delete=True, patterns=("*.o",))))
    assert [job.target for job in new] == [
        Place("memory://r", path) for path in ("/d/b", "/e/c", "/e")
    ]
