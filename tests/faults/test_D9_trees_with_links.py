"""D9: links that lead in circles in a tree that is walked, and a recursive delete while directories
and links are swapped: nothing outside the tree is deleted.

`SWAPS=10000 pytest tests/faults/test_D9_trees_with_links.py` fills and deletes that often.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from providers.base import Place, TreeRemover
from providers.errors import ProviderError
from providers.local import LocalProvider, tree
from tests.faults.disks import local_queue
from tests.transfers.queue_case import LOCAL
from transfers.model import JobState, Links, Op
from tui.file_operations import Stopped, delete_tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links are made on POSIX systems")
SWAPS = int(os.environ.get("SWAPS", "500"))
_PATIENCE_SECONDS = 1.0


@pytest.fixture(params=["by descriptor", "by path"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LocalProvider:
    if request.param == "by path":
        monkeypatch.setattr(tree, "BY_DESCRIPTOR", False)
    elif not tree.BY_DESCRIPTOR:
        pytest.skip("this system opens no folders")
    return LocalProvider()


def _delete(local: LocalProvider, *paths: Path) -> tuple[int, list[str]]:
    """Delete as a pane does; returns how many went, and what was said of the rest."""
    entries = [local.stat(str(path)) for path in paths]
    done = delete_tree(local, LOCAL, entries, on_progress=lambda _: None, cancelled=lambda: False)
    return done.deleted, [str(done.first_error)] * done.failed


def _outside(directory: Path) -> Path:
    """A tree that must stay."""
    (directory / "outside" / "below").mkdir(parents=True)
    for name in ("precious", "below/precious"):
        (directory / "outside" / name).write_bytes(b"precious")
    return directory / "outside"


def _assert_whole(outside: Path) -> None:
    for name in ("precious", "below/precious"):
        assert (outside / name).read_bytes() == b"precious"


def test_D9_links_in_circles_are_not_walked_into_but_named(tmp_path: Path) -> None:
    top = tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "sub" / "file").write_bytes(b"x")
    for name, target in (("self", "self"), ("here", "."), ("sub/up", ".."), ("a", "b"), ("b", "a")):
        (top / name).symlink_to(target)
    (tmp_path / "to").mkdir()
    with local_queue(tmp_path / "queue") as case:
        jobs = case.plan(Place(LOCAL, str(top)), Place(LOCAL, str(tmp_path / "to")))
        ended = case.finish(*case.send_new(*jobs))
    links = {Path(job.source.path).name for job in ended if job.op is Op.NOTE}
    assert links == {"self", "here", "up", "a", "b"}
    assert all("a link" in job.reason for job in ended if job.op is Op.NOTE)
    assert [job.state for job in ended if job.op is Op.COPY] == [JobState.DONE]
    assert (tmp_path / "to" / "tree" / "sub" / "file").read_bytes() == b"x"


def test_D9_links_in_circles_are_copied_as_links_or_followed_to_an_end(tmp_path: Path) -> None:
    top, texts = tmp_path / "tree", {"self": "self", "here": ".", "sub/up": "..", "a": "b"}
    (top / "sub").mkdir(parents=True)
    (top / "sub" / "file").write_bytes(b"x")
    for name, target in texts.items():
        (top / name).symlink_to(target)
    with local_queue(tmp_path / "queue") as case:
        for links in (Links.LINK, Links.FOLLOW):
            to = tmp_path / links
            to.mkdir()
            jobs = case.plan(Place(LOCAL, str(top)), Place(LOCAL, str(to)), links=links)
            ended = case.finish(*case.send_new(*jobs))
            told = {Path(job.source.path).name for job in ended if job.state is JobState.FAILED}
            assert told == (set() if links is Links.LINK else {"self", "here", "up", "a"})
            assert (to / "tree" / "sub" / "file").read_bytes() == b"x"
    made = tmp_path / Links.LINK / "tree"
    assert {name: os.readlink(made / name) for name in texts} == texts
    followed = [path for path in (tmp_path / Links.FOLLOW).rglob("*") if path.is_symlink()]
    assert followed == []


def test_D9_tree_is_deleted_with_its_links_and_nothing_they_lead_to(
    local: LocalProvider, tmp_path: Path
) -> None:
    outside, top = _outside(tmp_path), tmp_path / "tree"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "file").touch()
    (top / "a" / "b" / "link").symlink_to(outside)
    (top / "loop").symlink_to(".")
    (tmp_path / "link").symlink_to(outside)
    assert isinstance(local, TreeRemover)
    assert _delete(local, top, tmp_path / "link") == (7, [])
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    _assert_whole(outside)


def test_D9_what_cannot_be_removed_is_told_and_the_rest_goes(
    local: LocalProvider, tmp_path: Path
) -> None:
    top = tmp_path / "tree"
    for name in ("closed", "empty", "open"):
        (top / name).mkdir(parents=True)
    for name in ("closed/file", "open/file"):
        (top / name).touch()
    with _immovable(top / "closed"):
        deleted, errors = _delete(local, top)
    assert deleted == 3
    assert errors and "closed" in errors[0]
    assert sorted(str(path.relative_to(top)) for path in top.rglob("*")) == [
        "closed",
        "closed/file",
    ]


@contextmanager
def _immovable(folder: Path) -> Iterator[None]:
    """A folder from which nothing can be removed."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    if subprocess.run(["chattr", "+i", str(folder)], check=False, capture_output=True).returncode:
        pytest.skip("root removes everything here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(folder)], check=True)


def test_D9_directory_that_took_the_place_of_a_file_is_not_emptied(tmp_path: Path) -> None:
    local, path = LocalProvider(), tmp_path / "file"
    path.touch()
    entry = local.stat(str(path))
    path.unlink()
    outside = _outside(tmp_path)
    outside.rename(path)
    done = delete_tree(local, LOCAL, [entry], on_progress=lambda _: None, cancelled=lambda: False)
    assert (done.deleted, done.failed) == (0, 1)
    _assert_whole(path)


def test_D9_delete_that_is_stopped_leaves_the_rest(local: LocalProvider, tmp_path: Path) -> None:
    top = tmp_path / "tree"
    top.mkdir()
    for number in range(100):
        (top / str(number)).touch()
    asked = itertools.count()
    entries = [local.stat(str(top))]
    with pytest.raises(Stopped):
        delete_tree(
            local, LOCAL, entries, on_progress=lambda _: None, cancelled=lambda: next(asked) > 9
        )
    assert 80 <= len(list(top.iterdir())) <= 95


@pytest.mark.skipif(not tree.BY_DESCRIPTOR, reason="needs folders that can be held open")
def test_D9_tree_deeper_than_any_path_is_deleted_with_few_descriptors(tmp_path: Path) -> None:
    depth = 3000
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert list(LocalProvider().remove_tree(str(tmp_path / "d"))) == [None] * depth
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not tree.BY_DESCRIPTOR, reason="needs folders that can be held open")
def test_D9_directory_moved_away_while_it_is_deleted_ends_the_delete(tmp_path: Path) -> None:
    """What is above it then is not where the walk came from."""
    outside, top = _outside(tmp_path), tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "sub" / "file").touch()
    with closing(LocalProvider().remove_tree(str(top))) as results:
        assert next(results) is None  # the file: the walk stands in "sub"
        (top / "sub").rename(outside / "moved")
        left = [str(result) for result in results]
    assert len(left) == 1 and "moved elsewhere" in left[0]
    _assert_whole(outside)
    assert top.is_dir()


_SWAP = """
import os, signal, sys
tree, outside = sys.argv[1:]
swaps, asked = 0, False

def end(*_):
    global asked
    asked = True

signal.signal(signal.SIGTERM, end)
real, spare = tree + "/victim", tree + "/spare"
os.symlink(outside, tree + "/link")
print("swapping", flush=True)
while not asked:
    for make in (lambda: os.mkdir(real), lambda: os.symlink(outside, tree + "/link")):
        try:
            make()
        except OSError:
            pass
    try:
        os.rename(real, spare)
        os.rename(tree + "/link", real)
        os.rename(real, tree + "/link")
        os.rename(spare, real)
        swaps += 1
    except OSError:
        for name in (real, spare):  # a link that stays there would be swapped for itself
            try:
                os.readlink(name)
                os.unlink(name)
            except OSError:
                pass
print(swaps, flush=True)
"""


def test_D9_nothing_outside_is_deleted_while_directories_and_links_are_swapped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not tree.BY_DESCRIPTOR:
        pytest.skip("without descriptors a moment between looking and deleting remains")
    local, outside = LocalProvider(), _outside(tmp_path)
    top = tmp_path / "tree"
    top.mkdir()
    command = [sys.executable, "-c", _SWAP, str(top), str(outside)]
    filled = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as swapper:
        try:
            assert swapper.stdout is not None
            assert swapper.stdout.readline() == "swapping\n"
            for _ in range(SWAPS):
                filled += _is_refilled(top)
                for name in ("victim", "link", "spare"):
                    _try_to_delete(local, top / name)
            swapper.terminate()
            swaps = int(swapper.stdout.readline())
        finally:
            swapper.kill()
    figures = f"{3 * SWAPS} trees deleted, {filled} of them filled before, {swaps} whole swaps"
    with capsys.disabled():
        sys.stdout.write(f"\nD9: {figures}\n")
    assert filled > SWAPS / 2 and swaps, figures
    _assert_whole(outside)
    assert sorted(path.name for path in outside.iterdir()) == ["below", "precious"]


def _is_refilled(top: Path) -> bool:
    """Wait for a directory to be there at some moment; the swapper may not get to run for long."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not (_refill(top / "victim") or _refill(top / "spare")):
        if time.monotonic() > until:
            return False
    return True


def _refill(victim: Path) -> bool:
    """Something to delete below what is sometimes a link: also where that leads."""
    here = -1
    try:
        here = os.open(victim, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        os.mkdir("below", dir_fd=here)
        os.close(os.open("below/precious", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    except FileExistsError:
        return True
    except OSError:
        return False  # it is a link, or gone, just now
    else:
        return True
    finally:
        if here >= 0:
            os.close(here)


def _try_to_delete(local: LocalProvider, path: Path) -> None:
    """Delete what was a directory when it was listed, whatever it is now."""
    for result in local.remove_tree(str(path)):
        assert result is None or isinstance(result, ProviderError)


@pytest.mark.skipif(not tree.BY_DESCRIPTOR, reason="needs folders that can be held open")
@pytest.mark.parametrize(
    ("call", "at"), [("stat", 2), ("open", 3), ("scandir", 2), ("unlink", 1), ("rmdir", 1)]
)
def test_D9_link_put_there_between_two_system_calls_leads_nothing_astray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    """`at`: the number of the call that is about the directory that is swapped, or in it."""
    outside, top = _outside(tmp_path), tmp_path / "tree"
    (top / "below").mkdir(parents=True)
    (top / "below" / "precious").touch()
    kept, calls = getattr(os, call), itertools.count(1)

    def swapped(*arguments: object, **named: object) -> object:
        if next(calls) == at:
            monkeypatch.undo()
            (top / "below").rename(tmp_path / "aside")
            (top / "below").symlink_to(outside / "below")
        return kept(*arguments, **named)

    monkeypatch.setattr(f"providers.local.tree.os.{call}", swapped)
    list(LocalProvider().remove_tree(str(top)))
    assert (tmp_path / "aside").exists()
    _assert_whole(outside)
