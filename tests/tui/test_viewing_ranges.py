"""The bytes that the viewer asks real servers for: those, and of one version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.base import Provider
from providers.errors import SourceChanged, WrongKind
from providers.registry import open_provider
from tui.headless.demo import demo_access
from tui.settings import home_in
from tui.viewing.ranges import FIRST, beginning, fetch, look, pieces

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox

DATA = b"".join(b"%015d\n" % n for n in range(200_000))


@pytest.fixture(params=["local", "sftp", "web", "dav"])
def served(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path
) -> Iterator[tuple[Provider, str, Path]]:
    """A provider, the address of a file with DATA there, and where that is on disk."""
    access = demo_access(sandbox, home_in(tmp_path))
    served = sandbox.local_root.parent
    folders = {
        "local": tmp_path,
        "sftp": sandbox.served_path("/"),
        "web": served / "web",
        "dav": served / "dav",
    }
    file = folders[request.param] / "viewed"
    file.write_bytes(DATA)
    endpoints = {
        "local": "file:",
        "sftp": sandbox.endpoint,
        "web": sandbox.web_endpoint,
        "dav": sandbox.dav_endpoint,
    }
    provider = open_provider(endpoints[request.param], access)
    yield provider, str(file) if request.param == "local" else "/viewed", file
    provider.close()
    file.unlink()


def test_the_beginning_is_the_first_mebibyte_and_no_more(
    served: tuple[Provider, str, Path],
) -> None:
    provider, path, _ = served
    found = list(beginning(provider, path))
    assert found[0].data == b"" and found[0].entry.size == len(DATA)
    assert b"".join(piece.data for piece in found) == DATA[:FIRST]
    assert [piece.offset for piece in found[1:]] == [
        sum(len(before.data) for before in found[:n]) for n in range(1, len(found))
    ]


def test_any_stretch_can_be_read_and_one_beyond_the_end_is_cut(
    served: tuple[Provider, str, Path],
) -> None:
    provider, path, _ = served
    entry = look(provider, path)
    assert fetch(provider, entry, 2_000_000, 5000) == DATA[2_000_000:2_005_000]
    assert fetch(provider, entry, len(DATA) - 10, 5000) == DATA[-10:]
    assert fetch(provider, entry, len(DATA), 5000) == b""


def test_reading_can_be_given_up_in_the_middle_and_the_place_goes_on(
    served: tuple[Provider, str, Path],
) -> None:
    provider, path, _ = served
    entry = look(provider, path)
    for _ in range(3):
        reading = pieces(provider, entry, 0, len(DATA))
        assert DATA.startswith(next(reading).data)
        reading.close()
    assert fetch(provider, entry, 16, 16) == DATA[16:32]


def test_another_version_is_never_read_as_if_it_were_the_first(
    served: tuple[Provider, str, Path],
) -> None:
    provider, path, file = served
    entry = look(provider, path)
    file.write_bytes(b"x" * len(DATA))
    os.utime(file, (1e9, 1e9))  # some versions have whole seconds
    with pytest.raises(SourceChanged):
        fetch(provider, entry, 16, 16)


def test_a_folder_is_refused(served: tuple[Provider, str, Path]) -> None:
    provider, path, _ = served
    with pytest.raises(WrongKind):
        look(provider, provider.parent(path))
