"""Uploads against a real OpenSSH: links on the way, lost tokens, names given by halves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.access import Access
from providers.base import ANY_VERSION
from providers.errors import AlreadyExists, InvalidName, ProviderError, WrongKind
from providers.sftp.provider import SftpProvider, open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

KEY = "0123abcd"
WHEN = 1_700_000_000.0
NEW = b"the new content"
NO_SWAP_NEEDED = "internal-sftp"
NO_POSIX_RENAME = "internal-sftp -P posix-rename"


@pytest.fixture(scope="module", params=[NO_SWAP_NEEDED, NO_POSIX_RENAME])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path_factory.mktemp("sshd"), sftp=request.param) as running:
        yield running


@pytest.fixture
def place(server: OpenSSH, tmp_path: Path) -> Iterator[SftpProvider]:
    access = Access(
        tmp_path / "hosts",
        accept_new=True,
        keys=(server.key_path,),
        use_agent=False,
        use_default_keys=False,
    )
    with closing(open_endpoint(server.endpoint, access)) as provider:
        yield provider


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    return tree


def send(place: SftpProvider, target: Path, data: bytes = NEW, within: Path | str = "") -> str:
    token = place.begin(
        str(target), len(data), key=KEY, part_size=1 << 20, modified=WHEN, within=str(within)
    )
    place.put_part(token, 0, 0, [data])
    return token


def temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{KEY}.part")


def backup(target: Path) -> Path:
    return target.with_name(f".{target.name}.{KEY}.old")


# Links on the way (faults.md D3)


def test_a_link_below_the_chosen_directory_is_never_written_through(
    place: SftpProvider, tree: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "deeper").mkdir(parents=True)
    (tree / "link").symlink_to(outside)
    for target in (tree / "link" / "a", tree / "link" / "deeper" / "a"):
        with pytest.raises(WrongKind, match="link"):
            send(place, target, within=tree)
    assert os.listdir(outside) == ["deeper"]
    assert os.listdir(outside / "deeper") == []


def test_the_chosen_directory_may_be_a_link_itself(
    place: SftpProvider, tree: Path, tmp_path: Path
) -> None:
    (tree / "below").mkdir()
    (tmp_path / "chosen").symlink_to(tree)
    target = tmp_path / "chosen" / "below" / "a"
    place.finish(send(place, target, within=tmp_path / "chosen"), (), replacing=None)
    assert (tree / "below" / "a").read_bytes() == NEW


def test_a_link_that_takes_a_directorys_place_before_the_name_is_given_is_refused(
    place: SftpProvider, tree: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (tree / "sub").mkdir()
    token = send(place, tree / "sub" / "a", within=tree)
    (tree / "sub").rename(outside)
    (tree / "sub").symlink_to(outside)
    with pytest.raises(WrongKind, match="link"):
        place.finish(token, (), replacing=ANY_VERSION)
    assert not (outside / "a").exists()


@pytest.mark.parametrize("target", ["../a", "sub/../../a", "/elsewhere/a"])
def test_a_target_that_is_not_below_the_chosen_directory_is_refused(
    place: SftpProvider, tree: Path, target: str
) -> None:
    (tree / "sub").mkdir()
    with pytest.raises(InvalidName):
        place.begin(os.path.join(tree, target), 1, key=KEY, part_size=1, within=str(tree))


def test_a_token_of_an_earlier_version_is_finished(place: SftpProvider, tree: Path) -> None:
    token = json.loads(send(place, tree / "a", within=tree))
    del token["within"]
    place.finish(json.dumps(token), (), replacing=None)
    assert (tree / "a").read_bytes() == NEW


# Tokens that were lost


def test_what_a_lost_token_left_is_removed_and_nothing_else(
    place: SftpProvider, tree: Path
) -> None:
    (tree / "a").write_bytes(b"old")
    foreign = tree / ".a.ffffffff.part"
    foreign.write_bytes(b"of another job")
    send(place, tree / "a")
    place.abandon(str(tree / "a"), key=KEY)
    assert sorted(os.listdir(tree)) == [foreign.name, "a"]
    assert (tree / "a").read_bytes() == b"old"


def test_abandoning_where_nothing_was_left_is_success(place: SftpProvider, tree: Path) -> None:
    place.abandon(str(tree / "a"), key=KEY)
    place.abandon(str(tree / "no such directory" / "a"), key=KEY)
    (tree / "a").write_bytes(b"old")
    place.abandon(str(tree / "a"), key=KEY)
    assert os.listdir(tree) == ["a"]


def test_abandoning_brings_back_what_a_cut_off_swap_had_put_aside(
    place: SftpProvider, tree: Path
) -> None:
    (tree / "a").write_bytes(b"old")
    send(place, tree / "a")
    (tree / "a").rename(backup(tree / "a"))
    place.abandon(str(tree / "a"), key=KEY)
    assert os.listdir(tree) == ["a"]
    assert (tree / "a").read_bytes() == b"old"


@pytest.mark.parametrize("lost", [True, False], ids=["abandon", "abort"])
def test_an_old_file_is_kept_when_a_foreign_one_took_its_place_meanwhile(
    place: SftpProvider, tree: Path, lost: bool
) -> None:
    (tree / "a").write_bytes(b"old")
    token = send(place, tree / "a")
    (tree / "a").rename(backup(tree / "a"))
    (tree / "a").write_bytes(b"by someone else")
    with pytest.raises(AlreadyExists, match=r"the old file is \.a\.0123abcd\.old"):
        if lost:
            place.abandon(str(tree / "a"), key=KEY)
        else:
            place.abort(token)
    assert backup(tree / "a").read_bytes() == b"old"
    assert (tree / "a").read_bytes() == b"by someone else"


def test_a_link_in_the_place_of_the_unfinished_file_is_removed_and_not_followed(
    place: SftpProvider, tree: Path
) -> None:
    (tree / "precious").write_bytes(b"precious")
    temporary(tree / "a").symlink_to(tree / "precious")
    place.abandon(str(tree / "a"), key=KEY)
    assert (tree / "precious").read_bytes() == b"precious"
    assert os.listdir(tree) == ["precious"]


# Names given by halves: OpenSSH links and unlinks, and may be killed in between (A6, A8)


@pytest.mark.parametrize("replacing", [None, ANY_VERSION])
def test_our_own_file_under_both_names_is_known_as_ours(
    place: SftpProvider, tree: Path, replacing: str | None
) -> None:
    token = send(place, tree / "a")
    os.utime(temporary(tree / "a"), (WHEN, WHEN))  # as `finish` does before it gives the name
    os.link(temporary(tree / "a"), tree / "a")
    entry = place.finish(token, (), replacing=replacing)
    assert (entry.size, entry.modified) == (len(NEW), WHEN)
    assert os.listdir(tree) == ["a"]
    assert (tree / "a").read_bytes() == NEW
    assert (tree / "a").stat().st_mtime == WHEN


def test_our_own_file_under_both_names_is_known_after_a_cut_off_look_at_it(
    place: SftpProvider, tree: Path
) -> None:
    token = send(place, tree / "a")
    os.link(temporary(tree / "a"), tree / "a")
    os.utime(tree / "a", (WHEN - 1, WHEN - 1))
    assert place.finish(token, (), replacing=None).modified == WHEN
    assert os.listdir(tree) == ["a"]


def test_a_cut_off_swap_whose_new_file_has_both_names_is_completed(
    place: SftpProvider, tree: Path
) -> None:
    (tree / "a").write_bytes(b"old")
    version = place.stat(str(tree / "a")).version
    token = send(place, tree / "a")
    (tree / "a").rename(backup(tree / "a"))
    os.link(temporary(tree / "a"), tree / "a")
    place.finish(token, (), replacing=version)
    assert os.listdir(tree) == ["a"]
    assert (tree / "a").read_bytes() == NEW


def test_a_file_that_only_looks_like_ours_is_not_taken_for_it(
    place: SftpProvider, tree: Path
) -> None:
    token = send(place, tree / "a")
    (tree / "a").write_bytes(NEW[::-1])
    os.utime(tree / "a", (WHEN, WHEN))
    with pytest.raises(AlreadyExists):
        place.finish(token, (), replacing=None)
    assert (tree / "a").read_bytes() == NEW[::-1]
    assert (tree / "a").stat().st_mtime == WHEN
    assert temporary(tree / "a").stat().st_mtime == WHEN


# Room


def test_the_room_is_that_of_the_nearest_directory_that_exists(
    place: SftpProvider, tree: Path
) -> None:
    room = place.room(str(tree / "no" / "such" / "directory"))
    assert room.volume
    assert room.volume == place.room(str(tree)).volume
    disk = os.statvfs(tree)
    assert room.free is not None
    assert abs(room.free - disk.f_bavail * disk.f_frsize) < 1 << 30


def test_a_server_that_cannot_tell_its_room_says_so(tmp_path: Path) -> None:
    with OpenSSH(tmp_path / "sshd", sftp="internal-sftp -P statvfs") as server:
        access = Access(tmp_path / "hosts", accept_new=True, keys=(server.key_path,))
        with (
            closing(open_endpoint(server.endpoint, access)) as place,
            pytest.raises(ProviderError, match="room"),
        ):
            place.room(str(tmp_path))
