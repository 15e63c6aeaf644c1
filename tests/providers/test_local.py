"""The local provider: what the contract suite cannot see from outside."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import ANY_VERSION, Entry, Kind
from providers.errors import (
    AlreadyExists,
    Denied,
    InvalidName,
    NoSpace,
    NotFound,
    ProviderError,
    SourceChanged,
    Throttled,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.local import LocalProvider, open_endpoint
from providers.local import entries as local_entries
from providers.local.faults import system_errors, to_provider_error
from providers.local.windows import check_windows_name
from tests.providers.local_upload import KEY

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX file system calls")


@pytest.fixture
def local() -> LocalProvider:
    return open_endpoint("file:", Access(Path("known_hosts")))


def _begin(local: LocalProvider, path: Path, data: bytes, **more: float | int) -> str:
    upload = local.begin(str(path), len(data), key="0badcafe", part_size=1 << 20, **more)
    local.put_part(upload, 0, 0, [data])
    return upload


def _listed(local: LocalProvider, path: Path) -> list[Entry]:
    return [entry for page in local.list_dir(str(path)) for entry in page]


# Addresses


def test_home_is_where_to_start(local: LocalProvider, isolated_home: Path) -> None:
    assert local.resolve("") == str(isolated_home)
    assert local.resolve("~/x/../y") == str(isolated_home / "y")


@posix
def test_two_leading_slashes_are_one(local: LocalProvider) -> None:
    assert local.resolve("//etc//x/") == "/etc/x"


def test_path_with_nul_is_refused(local: LocalProvider) -> None:
    for use in (local.resolve, local.stat, local.make_dir, local.delete):
        with pytest.raises(InvalidName):
            use("/tmp/a\0b")


def test_name_that_has_no_bytes_is_refused(local: LocalProvider, tmp_path: Path) -> None:
    with pytest.raises(InvalidName):
        local.join(str(tmp_path), "lone \ud800 surrogate")


@pytest.mark.parametrize(
    "name", ["con", "NUL.txt", "com1.tar.gz", "COM¹", "a:b", "a?", "dot.", "space ", "tab\t", 'q"']
)
def test_name_that_windows_cannot_store_is_refused(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_windows_name("C:\\x", name)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["console", "com", "com10", "a.con", ".hidden", "straße 1"])
def test_name_that_windows_can_store_passes(name: str) -> None:
    check_windows_name("C:\\x", name)


def test_windows_rules_are_asked_on_windows(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.local.provider.WINDOWS", True)
    with pytest.raises(InvalidName):
        local.join(str(tmp_path), "aux")


# Looking


@posix
def test_fifo_is_listed_but_never_opened(local: LocalProvider, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [entry.kind for entry in _listed(local, tmp_path)] == [Kind.OTHER]
    with pytest.raises(WrongKind), local.read(str(tmp_path / "pipe")):
        pass


@posix
def test_file_that_becomes_a_fifo_does_not_block(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    regular = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr("providers.local.provider.os.stat", lambda _: regular)
    with pytest.raises(WrongKind), local.read(str(path)):
        pass


def test_entry_that_cannot_be_looked_at_is_still_listed(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").touch()

    def vanished(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone")

    monkeypatch.setattr(local_entries, "_look", vanished)
    found = {entry.name: (entry.kind, entry.size) for entry in _listed(local, tmp_path)}
    assert found == {"dir": (Kind.DIR, None), "file": (Kind.FILE, None)}


def test_junction_of_windows_is_a_link() -> None:
    class Junction:
        st_mode = stat.S_IFDIR | 0o755
        st_reparse_tag = 0xA0000003

    assert local_entries.kind_of(Junction()) is Kind.LINK  # type: ignore[arg-type]


def test_file_cut_while_it_is_read_is_a_changed_source(
    local: LocalProvider, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3 << 20))
    with pytest.raises(SourceChanged), local.read(str(path)) as reader:
        for _ in reader.chunks():
            os.truncate(path, 1 << 20)


def test_version_changes_with_time_size_and_identity(local: LocalProvider, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    versions = [local.stat(str(path)).version]
    os.utime(path, ns=(1, 1))
    versions.append(local.stat(str(path)).version)
    with path.open("ab") as file:
        file.write(b"2")
    os.utime(path, ns=(1, 1))
    versions.append(local.stat(str(path)).version)
    other = tmp_path / "other"
    other.write_bytes(b"12")
    os.utime(other, ns=(1, 1))
    other.replace(path)
    versions.append(local.stat(str(path)).version)
    assert len(set(versions)) == 4


# Changing


@posix
def test_file_is_renamed_where_hard_links_do_not_exist(
    local: LocalProvider, tmp_path: Path, nothing_but_a_look: None
) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(AlreadyExists):
        local.rename(str(tmp_path / "a"), str(tmp_path / "b"))
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(AlreadyExists):
        local.rename(str(tmp_path / "a"), str(tmp_path / "link"))
    local.rename(str(tmp_path / "a"), str(tmp_path / "c"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "c", "link"]


def test_another_spelling_of_the_same_file_is_no_conflict(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readme"
    path.write_bytes(b"x")
    # What a disk that ignores case answers about the other spelling.
    ignoring_case = os.lstat
    monkeypatch.setattr(
        "providers.local.provider.os.lstat",
        lambda p: ignoring_case(path if Path(p).name == "README" else p),
    )
    local.rename(str(path), str(tmp_path / "README"))
    assert [p.name for p in tmp_path.iterdir()] == ["README"]


def test_second_name_of_the_same_file_is_a_conflict(local: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    os.link(tmp_path / "a", tmp_path / "b")
    with pytest.raises(AlreadyExists):
        local.rename(str(tmp_path / "a"), str(tmp_path / "b"))


# Uploads


@pytest.fixture
def nothing_but_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links on this disk")

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("providers.local.naming.exclusive_rename", None)


@posix
def test_nothing_is_overwritten_where_a_disk_has_neither_hard_links_nor_a_call_for_it(
    local: LocalProvider, tmp_path: Path, nothing_but_a_look: None
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    upload = _begin(local, path, b"new")
    with pytest.raises(AlreadyExists):
        local.finish(upload, [], replacing=None)
    assert path.read_bytes() == b"old"
    path.unlink()
    local.finish(upload, [], replacing=None)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("file", b"new")]


@posix
def test_finish_goes_on_after_a_crash_between_its_two_names(
    local: LocalProvider, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    upload = _begin(local, path, b"new")
    os.link(str(local.staged(upload)), path)
    assert local.finish(upload, [], replacing=None, again=True).size == 3
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@posix
def test_beginning_again_does_not_empty_a_file_that_already_has_its_name(
    local: LocalProvider, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    os.link(str(local.staged(_begin(local, path, b"whole"))), path)
    _begin(local, path, b"")
    assert path.read_bytes() == b"whole"


def test_someone_elses_file_at_the_target_is_not_taken_for_a_finished_upload(
    local: LocalProvider, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    upload = _begin(local, path, b"new", modified=1_600_000_000)
    Path(str(local.staged(upload))).unlink()
    path.write_bytes(b"old")
    with pytest.raises(UploadExpired):
        local.finish(upload, [], replacing=ANY_VERSION)
    assert path.read_bytes() == b"old"


def test_finished_upload_is_known_by_size_and_time_where_inodes_change(
    local: LocalProvider, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    upload = _begin(local, path, b"new", modified=1_600_000_000)
    local.finish(upload, [], replacing=None)
    elsewhere = json.dumps(json.loads(upload) | {"inode": 1})
    assert local.finish(elsewhere, [], replacing=None, again=True).size == 3


def test_upload_with_bytes_missing_is_not_finished(local: LocalProvider, tmp_path: Path) -> None:
    upload = local.begin(str(tmp_path / "file"), 5, key="0badcafe", part_size=5)
    local.put_part(upload, 0, 0, [b"1234"])
    with pytest.raises(UploadExpired):
        local.finish(upload, [], replacing=None)
    assert not (tmp_path / "file").exists()


def test_lost_unfinished_file_expires_the_upload(local: LocalProvider, tmp_path: Path) -> None:
    upload = _begin(local, tmp_path / "file", b"new")
    assert local.parts(upload) is None
    local.abort(upload)
    for use in (
        lambda: local.put_part(upload, 0, 0, [b"x"]),
        lambda: local.parts(upload),
        lambda: local.finish(upload, [], replacing=None),
    ):
        with pytest.raises(UploadExpired):
            use()


@posix
@pytest.mark.parametrize("planted", ["link", "directory", "fifo"])
def test_something_planted_for_the_unfinished_file_is_not_written_to(
    local: LocalProvider, tmp_path: Path, planted: str
) -> None:
    upload = _begin(local, tmp_path / "file", b"new")
    staged = Path(str(local.staged(upload)))
    staged.unlink()
    (tmp_path / "precious").write_bytes(b"precious")
    if planted == "link":
        staged.symlink_to("precious")
    elif planted == "directory":
        staged.mkdir()
    else:
        os.mkfifo(staged)
    with pytest.raises(UploadExpired):
        local.put_part(upload, 0, 0, [b"evil"])
    assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize("token", ["", "not json", "[]", '{"path": "x"}'])
def test_token_that_cannot_be_read_expires(local: LocalProvider, token: str) -> None:
    with pytest.raises(UploadExpired):
        local.finish(token, [], replacing=None)


@posix
def test_new_file_gets_the_mode_the_umask_leaves(local: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "made").touch()
    upload = _begin(local, tmp_path / "uploaded", b"x")
    mode = local.finish(upload, [], replacing=None).mode
    assert mode == stat.S_IMODE((tmp_path / "made").stat().st_mode)


@pytest.mark.parametrize("modified", [float("nan"), float("inf"), 1e30, -1e30])
def test_impossible_time_is_left_out(local: LocalProvider, tmp_path: Path, modified: float) -> None:
    upload = _begin(local, tmp_path / "file", b"x", modified=modified)
    assert local.finish(upload, [], replacing=None).size == 1


@posix
def test_full_disk_is_no_space_and_leaves_the_target_alone(
    local: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    upload = local.begin(str(path), 1, key="0badcafe", part_size=1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("providers.local.upload.sync_data", full)
    with pytest.raises(NoSpace) as caught:
        local.put_part(upload, 0, 0, [b"x"])
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"


def test_missing_directory_is_named(local: LocalProvider, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        local.begin(str(tmp_path / "missing" / "file"), 1, key="0badcafe", part_size=1)
    assert caught.value.path == str(tmp_path / "missing")


def test_parts_are_written_by_threads_at_once(local: LocalProvider, tmp_path: Path) -> None:
    pieces = [bytes([n]) * 300_000 for n in range(4)]
    upload = local.begin(str(tmp_path / "file"), 1_200_000, key="0badcafe", part_size=300_000)
    threads = [
        threading.Thread(target=local.put_part, args=(upload, n, n * 300_000, [piece]))
        for n, piece in enumerate(pieces)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    local.finish(upload, [], replacing=None)
    assert (tmp_path / "file").read_bytes() == b"".join(pieces)


# Errors


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, NotFound),
        (errno.EEXIST, AlreadyExists),
        (errno.EACCES, Denied),
        (errno.EROFS, Denied),
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
        (errno.EFBIG, Unsupported),
        (errno.EMFILE, Throttled),
        (errno.ENFILE, Throttled),
        (errno.EIO, ProviderError),
        (errno.EBUSY, ProviderError),
        (errno.EISDIR, WrongKind),
        (errno.ENAMETOOLONG, InvalidName),
        (errno.EXDEV, Unsupported),
    ],
)
def test_system_error_has_its_class(number: int, kind: type[ProviderError]) -> None:
    error = to_provider_error("/x", OSError(number, "…"))
    assert type(error) is kind
    assert str(error).startswith("/x: ")


def test_unknown_system_error_keeps_the_systems_words() -> None:
    error = to_provider_error("/x", OSError(errno.ENOLCK, "…"))
    assert os.strerror(errno.ENOLCK) in str(error)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EIO, "the disk reports a fault"),
        (errno.EROFS, "mounted read-only"),
        (errno.ENOSPC, "no space left on this disk. Free some"),
        (errno.EFBIG, "the file is larger than"),
        (errno.EMFILE, "too many files are open at once"),
    ],
)
def test_fault_of_a_disk_is_told_in_plain_words(number: int, words: str) -> None:
    error = to_provider_error("/x", OSError(number, "…"))
    assert words in str(error)
    assert error.advice
    assert os.strerror(number) not in str(error)


def test_provider_errors_pass_unchanged() -> None:
    with pytest.raises(SourceChanged), system_errors("/x"):
        raise SourceChanged("/y")


# What lasts


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories that are synced, by name."""
    found: list[str] = []

    def sync(path: str, directory: int | None = None) -> None:
        found.append(path)

    for module in ("folder", "provider"):
        monkeypatch.setattr(f"providers.local.{module}.sync_directory", sync)
    return found


def test_a_new_directorys_name_lasts(
    local: LocalProvider, tmp_path: Path, synced: list[str]
) -> None:
    local.make_dir(str(tmp_path / "new"))
    assert synced == [str(tmp_path)]


def test_an_unfinished_files_name_lasts_with_the_first_of_its_parts(
    local: LocalProvider, tmp_path: Path, synced: list[str]
) -> None:
    """Once: the others need it no more. A file of one part gets its lasting name at the end."""
    upload = local.begin(str(tmp_path / "file"), 3, key=KEY, part_size=1)
    assert synced == []
    local.put_part(upload, 0, 0, [b"a"])
    assert len(synced) == 1
    local.put_part(upload, 1, 1, [b"b"])
    local.put_part(upload, 2, 2, [b"c"])
    assert len(synced) == 1
    small = local.begin(str(tmp_path / "small"), 1, key=KEY, part_size=1)
    local.put_part(small, 0, 0, [b"a"])
    assert len(synced) == 1
