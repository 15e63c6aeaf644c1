"""Many small files at once over SFTP: fetched, stored and named, each as it would be alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Entry
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    NotFound,
    ProviderError,
    UploadExpired,
    WrongKind,
)
from providers.many import Batcher, Fetched, Naming, Storing, Wanted
from providers.sftp.gathering import READ_BACK
from providers.sftp.protocol import Refused, Status
from providers.sftp.provider import SftpProvider, open_endpoint
from tests.faults.lying_case import nth
from tests.servers.lying_sftp import FSYNC, OFFERS, PIECE, Ask, Cut, LyingSftp, Node
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.rclone_sftp import RcloneSftp
from tests.servers.scripted_sftp import status
from tests.servers.web_servers import find_rclone

COUNT = 20
WHEN = 1_700_000_000.0
LARGE = os.urandom(3 * PIECE + 7)


def data(number: int) -> bytes:
    return LARGE if number == 3 else f"{number} ".encode() * number


def files() -> dict[str, bytes]:
    return {f"/{number}": data(number) for number in range(COUNT)}


def wanted() -> list[Wanted]:
    return [Wanted(path, len(content)) for path, content in files().items()]


def refused(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    return status(ask.number, Status.FAILURE, b"Failure")


def lost(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    raise Cut


def content(held: Fetched | None) -> bytes | None:
    return None if held is None else b"".join(held.pieces)


# Fetching


@pytest.mark.parametrize("reorder", [lambda replies: replies, lambda replies: replies[::-1]])
def test_each_file_is_fetched_whole_in_whatever_order_answers_come(
    reorder: Callable[[list[bytes]], list[bytes]],
) -> None:
    server = LyingSftp(files(), reorder=reorder)
    with closing(server.provider()) as place:
        assert isinstance(place, Batcher)
        fetched = place.fetch(wanted())
        assert [content(held) for held in fetched] == list(files().values())
        assert [held.entry for held in fetched if held] == [place.stat(path) for path in files()]
    assert server.asked.count("OPEN") == server.asked.count("CLOSE") == COUNT


def test_all_files_are_asked_for_before_the_first_answer_is_awaited() -> None:
    server = LyingSftp(files())
    with closing(server.provider()) as place:
        place.stat("/1")
        server.asked.clear()
        place.fetch(wanted())
    assert server.asked[:COUNT] == ["LSTAT"] * COUNT
    assert server.asked[COUNT : 2 * COUNT] == ["OPEN"] * COUNT
    assert server.asked[-2 * COUNT :] == ["CLOSE", "LSTAT"] * COUNT


def _change_after(server: LyingSftp, what: str, change: Callable[[], None]) -> None:
    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        told = truth()
        change()
        return told

    server.lie = nth(what, COUNT, lie)  # the last of them: all others were asked before


@pytest.mark.parametrize("what", ["LSTAT", "OPEN", "FSTAT"])
def test_a_file_that_changes_meanwhile_is_left_and_the_others_are_not(what: str) -> None:
    server = LyingSftp(files())
    with closing(server.provider()) as place:
        place.stat("/1")
        server.asked.clear()
        _change_after(server, what, lambda: server.put("/5", b"5 5 5 5 4 ") and None)
        server.find("/5").modified = 1_500_000_000  # type: ignore[union-attr]
        fetched = place.fetch(wanted())
    found = dict(zip(files(), map(content, fetched), strict=True))
    assert found.pop("/5") is None
    assert found == {path: held for path, held in files().items() if path != "/5"}
    assert server.asked.count("OPEN") == server.asked.count("CLOSE")


@pytest.mark.parametrize("change", [b"shorter", b"longer than it was listed " * 3])
def test_a_file_of_another_size_than_was_listed_is_left(change: bytes) -> None:
    server = LyingSftp({**files(), "/5": change})
    with closing(server.provider()) as place:
        assert [held is None for held in place.fetch(wanted())].count(True) == 1


@pytest.mark.parametrize("what", ["LSTAT", "OPEN", "FSTAT", "READ", "CLOSE"])
def test_what_is_refused_of_one_file_costs_no_other(what: str) -> None:
    server = LyingSftp(files(), lie=nth(what, 4, refused))
    with closing(server.provider()) as place:
        fetched = place.fetch(wanted())
    told = [content(held) for held in fetched]
    assert [one for one in told if one is not None] == [
        content for content, one in zip(files().values(), told, strict=True) if one is not None
    ]
    assert told.count(None) == (0 if what == "CLOSE" else 1)  # nothing is lost by that one


def test_a_byte_behind_the_size_that_is_told_is_no_whole_file() -> None:
    server = LyingSftp(files())
    server.find("/7").told = lambda node: 4  # type: ignore[union-attr]
    with closing(server.provider()) as place:
        (held,) = place.fetch([Wanted("/7", 4)])
    assert held is None


@pytest.mark.parametrize("what", ["LSTAT", "OPEN", "READ"])
def test_a_lost_connection_leaves_all_to_others(what: str) -> None:
    server = LyingSftp(files(), lie=nth(what, 9, lost))
    with closing(server.provider()) as place:
        assert place.fetch(wanted()) == [None] * COUNT
        server.lie = lambda ask, truth: truth()
        assert None not in place.fetch(wanted())


# Storing and naming


def to_store(folder: str = "", within: str = "") -> list[Storing]:
    return [
        Storing(
            path=f"{folder}/{number}",
            pieces=(data(number),),
            size=len(data(number)),
            key=f"{number:08x}",
            modified=WHEN + number,
            mode=0o640,
            within=within,
            proof=True,
        )
        for number in range(COUNT)
    ]


def plain(path: str, content: bytes, number: int) -> Storing:
    key = f"{number:08x}"
    return Storing(path, (content,), len(content), key, None, None, within="", proof=True)


def stored(place: SftpProvider, folder: str = "", within: str = "") -> list[str]:
    """The tokens of all files, which were stored."""
    told = place.store(to_store(folder, within))
    tokens = [one.upload for one in told if one is not None]
    assert len(tokens) == COUNT
    return tokens


def new(tokens: Iterable[str]) -> list[Naming]:
    """Uploads to names that nothing has."""
    return [Naming(token, None) for token in tokens]


def ended(place: SftpProvider, token: str, told: Entry | ProviderError | None) -> Entry:
    """What comes of a file after `name_all`."""
    if isinstance(told, ProviderError):
        raise told
    return place.finish(token, (), replacing=None) if told is None else told


def finished(place: SftpProvider, tokens: Sequence[str]) -> list[Entry | ProviderError]:
    """Each named, or what spoke against it."""
    found: list[Entry | ProviderError] = []
    for token, told in zip(tokens, place.name_all(new(tokens)), strict=True):
        try:
            found.append(ended(place, token, told))
        except ProviderError as error:
            found.append(error)
    return found


def all_named(found: Sequence[Entry | ProviderError]) -> bool:
    names = [one.name for one in found if isinstance(one, Entry)]
    return names == [str(number) for number in range(COUNT)]


def test_each_file_is_stored_read_back_and_named() -> None:
    server = LyingSftp()
    with closing(server.provider()) as place:
        told = [one for one in place.store(to_store()) if one is not None]
        tokens = [one.upload for one in told]
        for number, one in enumerate(told):
            assert one.alike
            assert one.entry.path == place.staged(one.upload)
            assert one.entry.size == len(data(number))
            assert one.receipts == (f"0:{len(data(number))}",)
        assert len(told) == COUNT
        assert not set(server.names("/")) & {str(number) for number in range(COUNT)}
        assert {server.find(place.staged(token) or "").mode for token in tokens} == {0o600}  # type: ignore[union-attr]
        entries = [one for one in place.name_all(new(tokens)) if isinstance(one, Entry)]
        assert [entry.modified for entry in entries] == [WHEN + n for n in range(COUNT)]
        assert {entry.mode for entry in entries} == {0o640}
    assert {name: server.get(f"/{name}") for name in server.names("/")} == {
        str(number): data(number) for number in range(COUNT)
    }
    assert server.asked.count(FSYNC) == COUNT
    assert server.asked.count("OPEN") == server.asked.count("CLOSE") == 3 * COUNT


def test_nothing_is_read_back_that_nobody_asks_for_or_that_is_long() -> None:
    server = LyingSftp()
    with closing(server.provider()) as place:
        sizes = (1, READ_BACK, READ_BACK + 1)
        files = [plain(f"/{size}", bytes(size), size) for size in sizes]
        told = place.store([replace(files[0], proof=False), *files[1:]])
    assert [one.alike for one in told if one is not None] == [None, True, None]


@pytest.mark.parametrize("what", ["OPEN", "WRITE", "FSTAT", "READ", "CLOSE"])
def test_what_is_refused_while_one_is_sent_leaves_that_one(what: str) -> None:
    server = LyingSftp(lie=nth(what, 4, refused))
    with closing(server.provider()) as place:
        told = place.store(to_store())
        assert told.count(None) == 1
        left = to_store()[told.index(None)]
        place.abandon(left.path, key=left.key)
        assert len(server.names("/")) == COUNT - 1


def test_other_bytes_than_were_sent_are_seen() -> None:
    server = LyingSftp()

    def flip(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        told = truth()
        node = server.find(ask.path)
        assert node is not None
        node.data[0] ^= 1
        return told

    server.lie = nth("WRITE", 4, flip)
    with closing(server.provider()) as place:
        told = [one for one in place.store(to_store()) if one is not None]
    assert [one.alike for one in told].count(False) == 1
    assert len(told) == COUNT


def test_a_failed_sync_is_an_end_and_the_name_is_not_given() -> None:
    server = LyingSftp(lie=nth(FSYNC, 4, refused))
    with closing(server.provider()) as place:
        told = place.name_all(new(stored(place)))
        assert "refused" in str(told[3])
        assert [isinstance(one, Entry) for one in told].count(False) == 1
    assert server.get("/3") is None
    assert server.asked.count(FSYNC) == COUNT


def test_a_server_without_fsync_or_times_is_taken_as_it_is() -> None:
    def unset(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        return refused(ask, truth) if ask.what == "FSETSTAT" else truth()

    server = LyingSftp(offers=OFFERS - {FSYNC}, lie=unset)
    with closing(server.provider()) as place:
        named = place.name_all(new(stored(place)))
        assert [one.size for one in named if isinstance(one, Entry)] == [
            len(data(number)) for number in range(COUNT)
        ]


def test_what_appeared_under_a_name_is_kept() -> None:
    server = LyingSftp()
    with closing(server.provider()) as place:
        tokens = stored(place)
        server.put("/4", b"a stranger's")
        found = finished(place, tokens)
        assert isinstance(found[4], AlreadyExists)
        assert isinstance(found[5], Entry)
    assert server.get("/4") == b"a stranger's"


def test_what_appears_at_the_last_moment_is_kept() -> None:
    server = LyingSftp()

    def first(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        server.put("/4", b"a stranger's")
        return truth()

    server.lie = nth("RENAME", 5, first)
    with closing(server.provider()) as place:
        assert isinstance(finished(place, stored(place))[4], AlreadyExists)
    assert server.get("/4") == b"a stranger's"


def test_a_lost_answer_to_a_name_is_a_lost_connection_and_looked_into_when_asked_again() -> None:
    server = LyingSftp(lie=nth("RENAME", 5, lost))
    with closing(server.provider()) as place:
        tokens = stored(place)
        assert {type(one) for one in place.name_all(new(tokens))} == {ConnectionLost}
        for token in tokens:
            place.finish(token, (), replacing=None, again=True)
    assert server.names("/") == sorted(str(number) for number in range(COUNT))


@pytest.mark.parametrize("what", ["FSETSTAT", FSYNC, "CLOSE"])
def test_a_connection_lost_before_any_name_leaves_each_to_be_finished_alone(what: str) -> None:
    server = LyingSftp()
    with closing(server.provider()) as place:
        tokens = stored(place)
        server.lie = nth(what, 5, lost)
        assert place.name_all(new(tokens)) == [None] * COUNT
        assert all_named(finished(place, tokens))


def test_a_missing_folder_leaves_all_of_it() -> None:
    server = LyingSftp()
    with closing(server.provider()) as place:
        assert place.store(to_store("/missing")) == [None] * COUNT
        with pytest.raises(NotFound):
            place.begin("/missing/1", 1, key="00000001", part_size=1)


class Renaming(LyingSftp):
    """Takes names in other letters for the same, and renames over whatever stands there."""

    def find(self, path: str) -> Node | None:
        return super().find(path.casefold())

    def put(self, path: str, data: bytes) -> Node:
        return super().put(path.casefold(), data)

    def over(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what != "RENAME":
            return truth()
        target = ask.fields.string().decode().casefold()
        moved, names = self.find(ask.path), self.root.names
        assert moved is not None and names is not None
        del names[ask.path.casefold().strip("/")]
        names[target.strip("/")] = moved
        return status(ask.number, Status.OK)


@pytest.mark.parametrize("alike", ["/read", "/READ"])
def test_names_that_are_one_over_there_do_not_take_each_others_place(alike: str) -> None:
    server = Renaming()
    server.lie = server.over
    with closing(server.provider()) as place:
        names = ("/Read", "/other", alike)
        told = place.store([plain(name, b"1234"[n : n + 1], n) for n, name in enumerate(names)])
        found = finished(place, [one.upload for one in told if one is not None])
        assert [one.size for one in found[:2] if isinstance(one, Entry)] == [1, 1]
        assert isinstance(found[2], AlreadyExists)
    assert server.get("/read") == b"1"


def test_what_appears_while_others_are_brought_to_disk_is_kept() -> None:
    """Even by a server that renames over it: nothing but the names is between look and name."""
    server = Renaming()
    synced = 0

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        nonlocal synced
        synced += ask.what == FSYNC
        if ask.what == FSYNC and synced == COUNT:
            server.put("/4", b"a stranger's")
        return server.over(ask, truth)

    server.lie = lie
    with closing(server.provider()) as place:
        found = finished(place, stored(place))
        assert isinstance(found[4], AlreadyExists)
        assert isinstance(found[5], Entry)
    assert server.get("/4") == b"a stranger's"


def test_what_is_stored_is_read_back_by_a_handle_that_cannot_write() -> None:
    """pkg/sftp answers a READ by one that can with OK, having written zeros."""
    server = LyingSftp()

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what != "READ" or not server.opened_to_write(ask):
            return truth()
        node = server.find(ask.path)
        assert node is not None
        node.data[:] = bytes(len(node.data))
        return status(ask.number, Status.OK)

    server.lie = lie
    with closing(server.provider()) as place:
        assert all_named(finished(place, stored(place)))
    assert server.asked.count("RENAME") == COUNT
    assert [server.get(f"/{number}") for number in range(COUNT)] == list(map(data, range(COUNT)))


def test_what_stands_there_is_seen_and_what_cannot_be_seen_is_not_missing() -> None:
    def kinds(place: SftpProvider, *paths: str) -> list[type[object]]:
        return [type(one) for one in place.stat_all(paths)]

    server = LyingSftp({"/1": b"x", "/2": b"x", "/3": b"x"})
    with closing(server.provider()) as place:
        assert kinds(place, "/0", "/1", "/4") == [NotFound, Entry, NotFound]
        assert place.stat_all(["/1"]) == [place.stat("/1")]
        server.lie = nth("LSTAT", 2, refused)
        assert kinds(place, "/0", "/4", "/5") == [NotFound, Refused, NotFound]
        server.lie = nth("LSTAT", 1, lost)
        assert kinds(place, "/0", "/4") == [ConnectionLost, ConnectionLost]


# A real server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def real(server: OpenSSH, tmp_path: Path) -> Iterator[SftpProvider]:
    keys = (server.key_path,)
    access = Access(
        tmp_path / "hosts", accept_new=True, keys=keys, use_agent=False, use_default_keys=False
    )
    with closing(open_endpoint(server.endpoint, access)) as provider:
        yield provider


needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@needs_sshd
def test_files_go_to_a_real_server_and_come_back(real: SftpProvider, tmp_path: Path) -> None:
    named = real.name_all(new(stored(real, str(tmp_path))))
    paths = [one.path for one in named if isinstance(one, Entry)]
    assert len(paths) == COUNT
    fetched = real.fetch([Wanted(path, len(data(n))) for n, path in enumerate(paths)])
    assert [content(held) for held in fetched] == [data(number) for number in range(COUNT)]


@needs_sshd
def test_neither_a_link_nor_a_pipe_is_opened(real: SftpProvider, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    names = ("link", "pipe", "file")
    fetched = real.fetch([Wanted(str(tmp_path / name), 1) for name in names])
    assert [content(held) for held in fetched] == [None, None, b"x"]


@needs_sshd
@pytest.mark.parametrize("when", ["before it is sent", "before it is named"])
def test_a_link_on_the_way_is_never_written_through(
    real: SftpProvider, tmp_path: Path, when: str
) -> None:
    chosen, elsewhere = tmp_path / "chosen", tmp_path / "elsewhere"
    inner = chosen / "inner"
    inner.mkdir(parents=True)
    elsewhere.mkdir()
    tokens = []
    if when == "before it is named":
        tokens = stored(real, str(inner), str(chosen))
    inner.rename(tmp_path / "aside")
    inner.symlink_to(elsewhere)
    if when == "before it is sent":
        assert real.store(to_store(str(inner), str(chosen))) == [None] * COUNT
        with pytest.raises(WrongKind):
            real.begin(str(inner / "1"), 1, key="00000001", part_size=1, within=str(chosen))
    else:
        assert all(isinstance(one, ProviderError) for one in finished(real, tokens))
    assert list(elsewhere.iterdir()) == []


@needs_sshd
def test_what_took_the_place_of_unfinished_bytes_is_left_as_it_is(
    real: SftpProvider, tmp_path: Path
) -> None:
    tokens = stored(real, str(tmp_path))
    strangers = tmp_path / "stranger's"
    strangers.write_bytes(data(5))
    strangers.chmod(0o600)
    os.utime(strangers, (1.5e9, 1.5e9))
    staged = Path(real.staged(tokens[5]) or "")
    staged.unlink()
    staged.symlink_to(strangers)
    found = finished(real, tokens)
    assert isinstance(found[5], UploadExpired)
    kept = strangers.stat()
    assert (kept.st_mode & 0o777, kept.st_mtime) == (0o600, 1.5e9)
    assert isinstance(found[6], Entry)


@pytest.mark.skipif(find_rclone() is None, reason="rclone is not installed")
def test_files_go_to_rclone_and_come_back(tmp_path: Path) -> None:
    with RcloneSftp(tmp_path / "rclone") as server:
        access = Access(
            tmp_path / "hosts",
            accept_new=True,
            keys=(server.key_path,),
            use_agent=False,
            use_default_keys=False,
        )
        with closing(open_endpoint(server.endpoint, access)) as place:
            told = [one for one in place.store(to_store()) if one is not None]
            assert [one.alike for one in told] == [
                None if len(data(number)) > READ_BACK else True for number in range(COUNT)
            ]
            named = place.name_all(new(one.upload for one in told))
            paths = [one.path for one in named if isinstance(one, Entry)]
            fetched = place.fetch([Wanted(path, len(data(n))) for n, path in enumerate(paths)])
            assert [content(held) for held in fetched] == [data(number) for number in range(COUNT)]
