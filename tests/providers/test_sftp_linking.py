"""Links on a server that has no call to rename over something: what stood there is put aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import ANY_VERSION
from providers.errors import ConnectionLost, TargetChanged
from providers.sftp import calls
from providers.sftp.session import Session
from tests.faults.crash.places import SftpPlace, World, find_sftp_server
from tests.faults.crash.steps import Shared, Steps

pytestmark = pytest.mark.skipif(find_sftp_server() is None, reason="no sftp-server here")
KEY = "0badcafe"


@pytest.fixture
def place() -> Iterator[SftpPlace]:
    shared = Shared()
    reading, writing = os.pipe()
    world = World(Steps(shared, 0, 0.0), shared, writing, sftp_options=("-P", "posix-rename"))
    place = SftpPlace(world)
    yield place
    place.close()
    os.close(reading)
    os.close(writing)
    shared.close()


def _replace(place: SftpPlace, path: Path) -> None:
    place.replace_link(str(path), "some/where", key=KEY, replacing=ANY_VERSION)


def test_a_link_takes_the_place_of_a_file_and_nothing_is_left(
    place: SftpPlace, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"old")
    _replace(place, tmp_path / "file")
    assert os.readlink(tmp_path / "file") == "some/where"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_has_one_version_in_listings_and_alone_and_another_text_has_another(
    place: SftpPlace, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to("some/where")
    (listed,) = next(iter(place.list_dir(str(tmp_path))))
    assert listed.version == place.stat(str(link)).version is not None
    with pytest.raises(TargetChanged):
        place.replace_link(str(link), "other", key=KEY, replacing="1:1")
    place.replace_link(str(link), "other", key=KEY, replacing=listed.version)
    assert os.readlink(link) == "other"
    assert place.stat(str(link)).version != listed.version


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("carried_out", [False, True])
def test_a_swap_that_is_cut_off_loses_nothing_and_is_finished_by_the_next(
    place: SftpPlace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
    carried_out: bool,
) -> None:
    """Cut off at the first or second rename, before or after the server did it."""
    usual, count = calls.rename, iter(range(1, 99))

    def cut(session: Session, source: str, target: str) -> None:
        here = next(count) == nth
        if carried_out or not here:
            usual(session, source, target)
        if here:
            raise ConnectionLost(target)

    monkeypatch.setattr(calls, "rename", cut)
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(ConnectionLost):
        _replace(place, tmp_path / "file")
    found = [path.read_bytes() for path in tmp_path.iterdir() if not path.is_symlink()]
    assert found == [b"old"]
    _replace(place, tmp_path / "file")
    assert os.readlink(tmp_path / "file") == "some/where"
    assert os.listdir(tmp_path) == ["file"]
