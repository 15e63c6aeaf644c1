"""Many small files of this computer at once: read, stored and named, each as it would be alone."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from providers.base import Entry
from providers.errors import (
    AlreadyExists,
    InvalidName,
    NotFound,
    ProviderError,
    TargetChanged,
    UploadExpired,
    WrongKind,
)
from providers.local import durable, many, upload
from providers.local.folder import Folder
from providers.local.provider import LocalProvider
from providers.many import Batcher, Fetched, Naming, Storing, Wanted

COUNT = 12
WHEN = 1_700_000_000.0


def data(number: int) -> bytes:
    return f"{number} ".encode() * number


def to_store(folder: Path, within: str = "", *, proof: bool = True) -> list[Storing]:
    return [
        Storing(
            path=str(folder / str(number)),
            pieces=(data(number),),
            size=len(data(number)),
            key=f"{number:08x}",
            modified=WHEN + number,
            mode=0o640,
            within=within,
            proof=proof,
        )
        for number in range(COUNT)
    ]


def stored(folder: Path) -> list[str]:
    """The tokens of all files, which were stored."""
    told = LocalProvider().store(to_store(folder))
    tokens = [one.upload for one in told if one is not None]
    assert len(tokens) == COUNT
    return tokens


def new(tokens: Iterable[str]) -> list[Naming]:
    """Uploads to names that nothing has."""
    return [Naming(token, None) for token in tokens]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def all_files() -> dict[str, bytes]:
    return {str(number): data(number) for number in range(COUNT)}


def wanted(folder: Path) -> list[Wanted]:
    return [Wanted(str(folder / name), len(content)) for name, content in all_files().items()]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    for name, content in all_files().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_each_file_is_stored_read_back_and_named(tmp_path: Path) -> None:
    place = LocalProvider()
    assert isinstance(place, Batcher)
    told = [one for one in place.store(to_store(tmp_path)) if one is not None]
    assert [one.alike for one in told] == [True] * COUNT
    assert [one.entry.path for one in told] == [place.staged(one.upload) for one in told]
    assert not set(contents(tmp_path)) & set(all_files())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    named = place.name_all(new(one.upload for one in told))
    assert [one for one in named if isinstance(one, Entry)] == [
        place.stat(str(tmp_path / str(number))) for number in range(COUNT)
    ]
    assert contents(tmp_path) == all_files()
    assert (tmp_path / "5").stat().st_mtime == WHEN + 5
    assert (tmp_path / "5").stat().st_mode & 0o777 == 0o640


def test_tokens_are_as_good_as_others(tmp_path: Path) -> None:
    place = LocalProvider()
    tokens = stored(tmp_path)
    entry = place.finish(tokens[0], ("0",), replacing=None)
    assert entry.name == "0"
    assert place.finish(tokens[0], (), replacing=None, again=True) == entry
    place.abort(tokens[1])
    place.abandon(str(tmp_path / "2"), key="00000002")
    assert len(contents(tmp_path)) == COUNT - 2


def test_nothing_is_read_back_that_nobody_asks_for(tmp_path: Path) -> None:
    told = LocalProvider().store(to_store(tmp_path, proof=False))
    assert [one.alike for one in told if one is not None] == [None] * COUNT


def test_other_bytes_than_were_sent_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flipped(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content.replace(b"5", b"4"))

    monkeypatch.setattr(many, "_write", flipped)
    told = LocalProvider().store(to_store(tmp_path))
    assert [one.alike for one in told if one is not None].count(False) == 1


def test_what_an_earlier_attempt_left_is_left_to_others_and_they_take_it_over(
    tmp_path: Path,
) -> None:
    place = LocalProvider()
    stored(tmp_path)
    assert place.store(to_store(tmp_path)) == [None] * COUNT
    token = place.begin(str(tmp_path / "1"), 2, key="00000001", part_size=1)
    place.put_part(token, 0, 0, [b"ab"])
    place.finish(token, (), replacing=None)
    assert (tmp_path / "1").read_bytes() == b"ab"


def test_one_that_cannot_be_stored_costs_no_other(tmp_path: Path) -> None:
    files = to_store(tmp_path)
    files[3] = Storing(str(tmp_path / ("x" * 300)), (b"",), 0, "00000003", None, None, "", True)
    files[4] = Storing(str(tmp_path / "no/such"), (b"",), 0, "00000004", None, None, "", True)
    told = LocalProvider().store(files)
    assert [number for number, one in enumerate(told) if one is None] == [3, 4]


def test_what_a_full_disk_took_of_a_file_is_not_left_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[:5])
        if len(content) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(many, "_write", full)
    told = LocalProvider().store(to_store(tmp_path))
    sizes = [len(content) for content in contents(tmp_path).values()]
    assert len(sizes) == len([one for one in told if one is not None])
    assert 0 < len(sizes) < COUNT and max(sizes) <= 5


def test_a_link_below_the_chosen_directory_is_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "chosen").mkdir()
    (tmp_path / "chosen/inner").symlink_to(tmp_path / "elsewhere")
    files = to_store(tmp_path / "chosen/inner", str(tmp_path / "chosen"))
    assert LocalProvider().store(files) == [None] * COUNT
    assert contents(tmp_path / "elsewhere") == {}


def test_a_folder_that_was_swapped_for_a_link_gets_no_name(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (tmp_path / "elsewhere").mkdir()
    inner.mkdir()
    tokens = stored(inner)
    inner.rename(tmp_path / "aside")
    inner.symlink_to(tmp_path / "elsewhere")
    assert LocalProvider().name_all(new(tokens)) == [None] * COUNT
    assert contents(tmp_path / "elsewhere") == {}
    assert not set(contents(tmp_path / "aside")) & set(all_files())


def test_what_appeared_under_a_name_is_kept(tmp_path: Path) -> None:
    tokens = stored(tmp_path)
    (tmp_path / "4").write_bytes(b"a stranger's")
    named = LocalProvider().name_all(new(tokens))
    assert isinstance(named[4], AlreadyExists)
    assert [isinstance(one, Entry) for one in named].count(False) == 1
    assert (tmp_path / "4").read_bytes() == b"a stranger's"


def over(place: LocalProvider, folder: Path) -> list[Naming]:
    """All stored, each to take the place of an old file."""
    for name in all_files():
        (folder / name).write_bytes(b"old")
    versions = [place.stat(str(folder / name)).version for name in all_files()]
    return [Naming(*pair) for pair in zip(stored(folder), versions, strict=True)]


def test_each_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    place = LocalProvider()
    named = place.name_all(over(place, tmp_path))
    assert named == [place.stat(str(tmp_path / name)) for name in all_files()]
    assert contents(tmp_path) == all_files()
    assert (tmp_path / "5").stat().st_mtime == WHEN + 5
    assert (tmp_path / "5").stat().st_mode & 0o777 == 0o640


def changed(path: Path) -> None:
    path.write_bytes(b"a stranger's")


def another(path: Path) -> None:
    (path.parent / "aside").write_bytes(b"old")
    os.replace(path.parent / "aside", path)


def linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("5")


@pytest.mark.parametrize("change", [changed, another, linked, Path.unlink])
def test_only_what_was_agreed_on_is_replaced(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    place, target = LocalProvider(), tmp_path / "4"
    files = over(place, tmp_path)
    change(target)
    before = target.lstat() if target.is_symlink() or target.exists() else None
    named = place.name_all(files)
    assert isinstance(named[4], TargetChanged)
    assert [number for number, one in enumerate(named) if not isinstance(one, Entry)] == [4]
    assert (target.lstat() if before else before) == before
    assert contents(tmp_path)["5"] == data(5)


def test_what_took_the_place_of_unfinished_bytes_is_not_named(tmp_path: Path) -> None:
    tokens = stored(tmp_path)
    staged = Path(LocalProvider().staged(tokens[4]) or "")
    staged.unlink()
    staged.symlink_to("/etc/hostname")
    assert isinstance(LocalProvider().name_all(new(tokens))[4], UploadExpired)


def test_all_bytes_are_on_the_disk_before_the_first_name_and_all_names_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, name, sync_folder = durable.sync_file, Folder.name_new, Folder.sync

    def synced(descriptor: int) -> None:
        sync(descriptor)
        done.append("bytes")

    def named(folder: Folder, one: str, other: str) -> None:
        name(folder, one, other)
        done.append("name")

    def lasting(folder: Folder) -> None:
        sync_folder(folder)
        done.append("folder")

    monkeypatch.setattr(upload, "sync_file", synced)
    monkeypatch.setattr(Folder, "name_new", named)
    monkeypatch.setattr(Folder, "sync", lasting)
    LocalProvider().name_all(new(stored(tmp_path)))
    assert done == ["bytes"] * COUNT + ["name"] * COUNT + ["folder"]


def test_a_failed_sync_is_an_end_and_what_it_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = stored(tmp_path)
    count = 0

    def failing(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(upload, "sync_file", failing)
    named = LocalProvider().name_all(new(tokens))
    assert isinstance(named[3], ProviderError)
    assert contents(tmp_path) == {n: c for n, c in all_files().items() if n != "3"}


def test_names_that_may_not_last_are_told_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(folder: Folder) -> None:
        raise OSError(errno.EIO, "input/output error")

    tokens = stored(tmp_path)
    monkeypatch.setattr(Folder, "sync", failing)
    named = LocalProvider().name_all(new(tokens))
    assert all("could not make that last" in str(one) for one in named)
    paths = [one.path for one in named if isinstance(one, ProviderError)]
    assert paths == [file.path for file in to_store(tmp_path)]


def test_files_are_fetched_whole(filled: Path) -> None:
    place = LocalProvider()
    fetched = place.fetch(wanted(filled))
    assert [b"".join(one.pieces) for one in fetched if one] == list(all_files().values())
    assert [one.entry for one in fetched if one] == [
        place.stat(file.path) for file in wanted(filled)
    ]


def test_neither_a_link_nor_a_pipe_nor_another_size_is_fetched(filled: Path) -> None:
    (filled / "link").symlink_to("5")
    names = ["link", "missing", "6"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(filled / "pipe")
        names.append("pipe")
    place, size = LocalProvider(), len(data(5))
    assert place.fetch([Wanted(str(filled / name), size) for name in names]) == [None] * len(names)
    assert place.fetch([Wanted(str(filled / "5"), size)]) != [None]


@pytest.mark.parametrize("change", ["longer", "touched"])
def test_a_file_that_changes_while_it_is_read_is_left(
    filled: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    read = many._read

    def changed(descriptor: int, size: int) -> bytes:
        found = read(descriptor, size)
        if size == len(data(5)):
            if change == "longer":
                with (filled / "5").open("ab") as file:
                    file.write(b"more")
            else:
                os.utime(filled / "5", (1.5e9, 1.5e9))
        return found

    monkeypatch.setattr(many, "_read", changed)
    fetched: list[Fetched | None] = list(LocalProvider().fetch(wanted(filled)))
    assert [number for number, one in enumerate(fetched) if one is None] == [5]


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="Linux shows such files only")
def test_a_file_that_holds_more_than_its_size_says_is_left() -> None:
    assert LocalProvider().fetch([Wanted("/proc/version", 0)]) == [None]


def test_what_stands_there_is_seen_as_one_by_one(filled: Path) -> None:
    place = LocalProvider()
    (filled / "dangling").symlink_to("nowhere")
    paths = [str(filled / name) for name in ("5", "99", "dangling", "5/below", "n\0l")]
    told = place.stat_all(paths)
    assert [one for one in told if isinstance(one, Entry)] == [
        place.stat(paths[0]),
        place.stat(paths[2]),
    ]
    assert [type(one) for one in told] == [Entry, NotFound, Entry, WrongKind, InvalidName]
