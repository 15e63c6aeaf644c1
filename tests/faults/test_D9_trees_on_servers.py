"""D9: a recursive delete on an SFTP server, while a link is put in the place of a directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import ConnectionLost, Denied, NotEmpty, ProviderError, WrongKind
from providers.registry import open_provider
from providers.sftp import calls
from providers.sftp.protocol import Status
from providers.sftp.provider import SftpProvider
from providers.sftp.session import Session
from tests.servers.lying_sftp import Ask, Cut, LyingSftp
from tests.servers.openssh import OpenSSH
from tests.servers.scripted_sftp import status
from tui.file_operations import Deletion, delete_tree

MANY = 300


@pytest.fixture
def place(openssh: OpenSSH, tmp_path: Path) -> Iterator[SftpProvider]:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{openssh.known_hosts_line.strip()}\n")
    access = Access(known_hosts, keys=(openssh.key_path,), use_agent=False, use_default_keys=False)
    provider = open_provider(openssh.endpoint, access)
    assert isinstance(provider, SftpProvider)
    with closing(provider):
        yield provider


def delete(place: SftpProvider, path: str) -> Deletion:
    """As a pane does."""
    entries = [place.stat(path)]
    return delete_tree(
        place, "sftp://there", entries, on_progress=lambda _: None, cancelled=lambda: False
    )


def test_D9_tree_on_a_server_is_deleted_with_its_links_and_nothing_they_lead_to(
    place: SftpProvider, tmp_path: Path
) -> None:
    top, outside = tmp_path / "tree", tmp_path / "outside"
    (top / "a" / "b" / "empty").mkdir(parents=True)
    outside.mkdir()
    (outside / "precious").write_bytes(b"precious")
    for name, target in (("a/link", "../../outside"), ("loop", "."), ("none", "nowhere")):
        (top / name).symlink_to(target)
    os.mkfifo(top / "fifo")
    (top / os.fsdecode(b"odd \xff\n\x1b[31m")).touch()
    done = delete(place, str(top))
    assert (done.deleted, done.failed) == (9, 0)
    assert not top.exists()
    assert [path.name for path in outside.iterdir()] == ["precious"]


@pytest.mark.parametrize("when", ["before it is opened", "after it was read"])
@pytest.mark.parametrize("swapped", ["tree/sub", "tree/sub/below"])
def test_D9_link_put_in_the_place_of_a_directory_on_a_server_leads_nothing_astray(
    place: SftpProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, swapped: str
) -> None:
    below = tmp_path / "tree" / "sub" / "below"
    outside = tmp_path / "outside"
    for folder in (below, outside, outside / "below"):
        folder.mkdir(parents=True)
        (folder / "precious").write_bytes(b"precious")

    def swap(path: str) -> None:
        if path == str(below) and not (tmp_path / "aside").exists():
            (tmp_path / swapped).rename(tmp_path / "aside")
            (tmp_path / swapped).symlink_to(outside)

    usual, forget = calls.open_dir, calls.forget
    read: dict[bytes, str] = {}

    def opened(session: Session, path: str) -> bytes:
        if when == "before it is opened":
            swap(path)
        handle = usual(session, path)
        read[handle] = path
        return handle

    def closed(session: Session, handle: bytes) -> None:
        forget(session, handle)
        swap(read[handle])

    monkeypatch.setattr(calls, "open_dir", opened)
    monkeypatch.setattr(calls, "forget", closed)
    done = delete(place, str(tmp_path / "tree"))
    assert (tmp_path / "aside").exists()
    assert (outside / "precious").exists() and (outside / "below" / "precious").exists()
    assert done.failed and isinstance(done.first_error, WrongKind | NotEmpty)


def test_D9_what_a_server_refuses_to_delete_is_told_and_the_rest_goes() -> None:
    server = LyingSftp({f"/{name}": b"x" for name in ("keep", "other")})
    server.mkdir("/tree")
    for name in ("keep", "go", "sub"):
        server.put(f"/tree/{name}", b"x")

    server.lie = lambda ask, truth: (
        status(ask.number, Status.PERMISSION_DENIED, b"Permission denied")
        if ask.what == "REMOVE" and ask.path == "/tree/keep"
        else truth()
    )
    with closing(server.provider()) as place:
        results = [*place.remove_tree("/tree")]
    errors = [result for result in results if isinstance(result, ProviderError)]
    assert results.count(None) == 2
    assert [type(error) for error in errors] == [Denied, NotEmpty]
    assert server.names("/") == ["keep", "other", "tree"]
    assert server.names("/tree") == ["keep"]


def test_D9_a_delete_on_a_server_that_is_stopped_leaves_the_rest_and_a_usable_connection() -> None:
    server = LyingSftp({f"/{number}": b"x" for number in range(3)})
    server.mkdir("/tree")
    for number in range(MANY):
        server.put(f"/tree/{number}", b"x")
    with closing(server.provider()) as place:
        with closing(place.remove_tree("/tree")) as results:
            assert next(results) is None
        assert 0 < len(server.names("/tree")) < MANY
        assert place.stat("/0").size == 1


def test_D9_many_files_on_a_server_are_deleted_by_little_more_than_a_request_each() -> None:
    server = LyingSftp()
    server.mkdir("/tree")
    for number in range(MANY):
        server.put(f"/tree/{number}", b"x")
    with closing(server.provider()) as place:
        place.stat("/tree")
        before = place.requests
        assert [*place.remove_tree("/tree")] == [None] * (MANY + 1)
        assert place.requests - before < 1.2 * MANY


@pytest.mark.parametrize("what", ["LSTAT", "OPENDIR", "READDIR", "REMOVE", "RMDIR"])
def test_D9_a_delete_that_is_cut_off_is_told_and_finished_by_the_next(what: str) -> None:
    server = LyingSftp({"/kept": b"x"})
    for folder in ("/tree", "/tree/sub"):
        server.mkdir(folder)
        for number in range(MANY):
            server.put(f"{folder}/{number}", b"x")
    seen = 0

    def cut(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        nonlocal seen
        seen += ask.what == what
        if seen == 2 and ask.what == what:
            raise Cut
        return truth()

    server.lie = cut
    with closing(server.provider()) as place:
        with pytest.raises(ConnectionLost):
            list(place.remove_tree("/tree"))
        server.lie = lambda ask, truth: truth()
        assert set(place.remove_tree("/tree")) == {None}
    assert server.names("/") == ["kept"]
