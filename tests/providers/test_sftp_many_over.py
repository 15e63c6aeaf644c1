"""Many small files over SFTP at once that take the place of old ones: each as it would be alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from providers.base import ANY_VERSION, Entry
from providers.errors import AlreadyExists, ConnectionLost, ProviderError, TargetChanged
from providers.many import Naming, Storing
from providers.sftp.protocol import Status
from providers.sftp.provider import SftpProvider
from tests.faults.lying_case import nth
from tests.servers.lying_sftp import FSYNC, OFFERS, POSIX_RENAME, Ask, Cut, LyingSftp
from tests.servers.scripted_sftp import status

COUNT = 12
WHEN = 1_700_000_000
NAMES = [str(number) for number in range(COUNT)]
STRANGER = b"a stranger's"


def data(number: int) -> bytes:
    return f"new {number} ".encode() * 50


def with_old(**more: object) -> LyingSftp:
    return LyingSftp({f"/{name}": b"old" for name in NAMES}, **more)  # type: ignore[arg-type]


def stored(place: SftpProvider) -> list[Naming]:
    """All files stored, each to replace what stands there now."""
    told = place.store(
        [
            Storing(
                path=f"/{number}",
                pieces=(data(number),),
                size=len(data(number)),
                key=f"{number:08x}",
                modified=float(WHEN + number),
                mode=0o640,
                within="",
                proof=True,
            )
            for number in range(COUNT)
        ]
    )
    uploads = [one.upload for one in told if one is not None]
    there = place.stat_all([f"/{name}" for name in NAMES])
    versions = [one.version for one in there if isinstance(one, Entry)]
    return [Naming(*pair) for pair in zip(uploads, versions, strict=True)]


def finished(place: SftpProvider, files: Sequence[Naming]) -> list[Entry | ProviderError]:
    """Each named, or what spoke against it."""
    found: list[Entry | ProviderError] = []
    for file, told in zip(files, place.name_all(files), strict=True):
        try:
            if isinstance(told, ProviderError):
                raise told
            found.append(told or place.finish(file.upload, (), replacing=file.replacing))
        except ProviderError as error:
            found.append(error)
    return found


def all_new(server: LyingSftp, but: str = "") -> bool:
    assert server.names("/") == sorted(NAMES)
    return all(server.get(f"/{name}") == data(int(name)) for name in NAMES if name != but)


def test_each_takes_the_place_of_an_old_one_in_one_step() -> None:
    server = with_old()
    with closing(server.provider()) as place:
        files = stored(place)
        assert {server.get(f"/{name}") for name in NAMES} == {b"old"}
        server.asked.clear()
        named = [one for one in place.name_all(files) if isinstance(one, Entry)]
        assert [one.modified for one in named] == [WHEN + number for number in range(COUNT)]
        assert {one.mode for one in named} == {0o640}
    assert all_new(server)
    assert server.asked.count(POSIX_RENAME) == server.asked.count(FSYNC) == COUNT
    assert not {"RENAME", "REMOVE"} & set(server.asked)
    assert server.asked[-2 * COUNT :] == [POSIX_RENAME] * COUNT + ["LSTAT"] * COUNT


def test_new_ones_and_old_ones_are_named_together_and_a_new_one_replaces_nothing() -> None:
    server = with_old()
    with closing(server.provider()) as place:
        files = stored(place)
        files = [Naming(one.upload, None) if n in (3, 4) else one for n, one in enumerate(files)]
        place.delete("/3")
        found = finished(place, files)
        assert isinstance(found[3], Entry)
        assert isinstance(found[4], AlreadyExists)
    assert server.get("/4") == b"old"
    assert server.get("/3") == data(3)
    assert server.get("/5") == data(5)


def changed(server: LyingSftp) -> None:
    server.put("/4", STRANGER)


def removed(server: LyingSftp) -> None:
    del server.root.names["4"]  # type: ignore[union-attr]


def made_a_directory(server: LyingSftp) -> None:
    removed(server)
    server.mkdir("/4")


@pytest.mark.parametrize("change", [changed, removed, made_a_directory])
def test_only_what_was_agreed_on_is_replaced(change: Callable[[LyingSftp], None]) -> None:
    server = with_old()
    with closing(server.provider()) as place:
        files = stored(place)
        change(server)
        before = server.get("/4") if change is changed else None
        found = finished(place, files)
        assert [number for number, one in enumerate(found) if not isinstance(one, Entry)] == [4]
        assert isinstance(found[4], TargetChanged)
        place.abort(files[4].upload)
        if change is changed:
            assert server.get("/4") == before == STRANGER
    assert all(server.get(f"/{name}") == data(int(name)) for name in NAMES if name != "4")


def test_what_changes_while_others_are_brought_to_disk_is_kept() -> None:
    server = with_old()

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == FSYNC and server.asked.count(FSYNC) == COUNT:
            changed(server)
        return truth()

    server.lie = lie
    with closing(server.provider(in_order=True)) as place:
        found = finished(place, stored(place))
        assert isinstance(found[4], TargetChanged)
    assert server.get("/4") == STRANGER


def test_a_server_that_does_many_things_at_once_is_looked_at_when_all_syncs_are_over() -> None:
    """What it looks at before, asked for later or not, may be another file when it has synced."""
    server = with_old()

    def take_long(replies: list[bytes]) -> list[bytes]:
        if server.asked.count(FSYNC) == COUNT and POSIX_RENAME not in server.asked and replies:
            server.reorder = lambda later: later
            changed(server)
        return replies

    server.reorder = take_long
    with closing(server.provider()) as place:
        found = finished(place, stored(place))
        assert isinstance(found[4], TargetChanged)
        assert isinstance(found[5], Entry)
    assert server.get("/4") == STRANGER


def test_a_server_that_cannot_replace_in_one_step_is_left_to_others() -> None:
    server = with_old(offers=OFFERS - {POSIX_RENAME})
    with closing(server.provider()) as place:
        files = stored(place)
        assert place.name_all(files) == [None] * COUNT
        assert not {FSYNC, POSIX_RENAME} & set(server.asked)
        assert all(isinstance(one, Entry) for one in finished(place, files))
    assert all_new(server)


def test_an_extension_that_is_announced_and_not_there_costs_no_file() -> None:
    server = with_old()

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == POSIX_RENAME:
            return status(ask.number, Status.UNSUPPORTED, b"Operation unsupported")
        return truth()

    server.lie = lie
    with closing(server.provider()) as place:
        assert all(isinstance(one, Entry) for one in finished(place, stored(place)))
    assert all_new(server)


def test_whatever_is_there_is_replaced_one_by_one() -> None:
    server = with_old()
    with closing(server.provider()) as place:
        files = [Naming(one.upload, ANY_VERSION) for one in stored(place)]
        assert place.name_all(files) == [None] * COUNT
        assert all(isinstance(one, Entry) for one in finished(place, files))
    assert all_new(server)


def test_a_failed_sync_is_an_end_and_the_old_file_stays() -> None:
    def refused(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        return status(ask.number, Status.FAILURE, b"Failure")

    server = with_old(lie=nth(FSYNC, 5, refused))
    with closing(server.provider()) as place:
        found = finished(place, stored(place))
        assert [isinstance(one, Entry) for one in found].count(False) == 1
        assert "refused" in str(found[4])
    assert server.get("/4") == b"old"


def test_a_lost_answer_to_a_name_is_looked_into_when_asked_again() -> None:
    def lost(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        truth()
        raise Cut

    server = with_old(lie=nth(POSIX_RENAME, 5, lost))
    with closing(server.provider()) as place:
        files = stored(place)
        assert {type(one) for one in place.name_all(files)} == {ConnectionLost}
        for file in files:
            place.finish(file.upload, (), replacing=file.replacing, again=True)
    assert all_new(server)
