"""SFTP against a real OpenSSH: what only a real server shows."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from providers.access import Access
from providers.base import ANY_VERSION, Kind
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    HostKeyUnknown,
    InvalidName,
    NotFound,
    SourceChanged,
    TargetChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.names import temporary_name
from providers.sftp import calls, channels, shell_digest
from providers.sftp.protocol import Refused
from providers.sftp.provider import SftpProvider, open_endpoint
from providers.sftp.session import Session
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

KEY = "0123abcd"
MIB = 1 << 20
ODD_NAMES = [
    b"line\nbreak",
    b"esc\x1b[31m",
    b"latin-\xe9",
    b"-rf",
    b"back\\slash",
    b'quo\'te "$(id)"',
    "grün 日本".encode(),
    b"x" * 255,
]


def access_to(server: OpenSSH, known_hosts: Path) -> Access:
    return Access(
        known_hosts,
        accept_new=True,
        keys=(server.key_path,),
        use_agent=False,
        use_default_keys=False,
    )


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def place(sshd: OpenSSH, tmp_path: Path) -> Iterator[SftpProvider]:
    with closing(open_endpoint(sshd.endpoint, access_to(sshd, tmp_path / "hosts"))) as provider:
        yield provider


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    return tree


Serve = Callable[..., tuple[OpenSSH, SftpProvider]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start an sshd with its own configuration and a provider on it."""
    started: list[tuple[OpenSSH, SftpProvider]] = []

    def start(**options: object) -> tuple[OpenSSH, SftpProvider]:
        server = OpenSSH(tmp_path / "own-sshd", **options)  # type: ignore[arg-type]
        server.start()
        provider = open_endpoint(server.endpoint, access_to(server, tmp_path / "own-hosts"))
        started.append((server, provider))
        return server, provider

    yield start
    for server, provider in started:
        provider.close()
        server.stop()


def fetch(place: SftpProvider, path: Path | str) -> bytes:
    with place.read(str(path)) as reader:
        return b"".join(reader.chunks())


def upload(place: SftpProvider, path: Path | str, data: bytes, replacing: str | None = None) -> str:
    token = place.begin(str(path), len(data), key=KEY, part_size=MIB)
    receipt = place.put_part(token, 0, 0, [data])
    place.finish(token, [receipt], replacing=replacing)
    return token


# Names and sizes


def test_odd_names_are_listed_read_and_written_byte_for_byte(
    place: SftpProvider, tree: Path
) -> None:
    for name in ODD_NAMES:
        (tree / os.fsdecode(name)).write_bytes(name)
    found = [entry for page in place.list_dir(str(tree)) for entry in page]
    assert {os.fsencode(entry.name) for entry in found} == set(ODD_NAMES)
    assert all(fetch(place, entry.path) == os.fsencode(entry.name) for entry in found)
    place.make_dir(str(tree / "copies"))
    for entry in found:
        upload(place, place.join(str(tree / "copies"), entry.name), os.fsencode(entry.name))
    assert {os.fsencode(e.name): e.read_bytes() for e in (tree / "copies").iterdir()} == {
        name: name for name in ODD_NAMES
    }


@pytest.mark.parametrize("size", [0, 1, 255 << 10, 20 * MIB + 3])
def test_bytes_come_and_go_unchanged(place: SftpProvider, tree: Path, size: int) -> None:
    data = os.urandom(size)
    upload(place, tree / "file", data)
    assert hashlib.sha256((tree / "file").read_bytes()).digest() == hashlib.sha256(data).digest()
    assert hashlib.sha256(fetch(place, tree / "file")).digest() == hashlib.sha256(data).digest()


def test_parts_may_come_in_any_order(place: SftpProvider, tree: Path) -> None:
    data = os.urandom(5 * MIB)
    token = place.begin(str(tree / "file"), len(data), key=KEY, part_size=2 * MIB)
    receipts = [
        place.put_part(token, start // MIB, start, [data[start : start + 2 * MIB]])
        for start in (4 * MIB, 0, 2 * MIB)
    ]
    place.finish(token, receipts, replacing=None)
    assert (tree / "file").read_bytes() == data


def test_a_large_listing_shows_its_first_page_long_before_its_end(
    place: SftpProvider, tree: Path
) -> None:
    for number in range(3000):
        (tree / f"{number:05}").touch()
    pages = [len(page) for page in place.list_dir(str(tree))]
    assert sum(pages) == 3000
    assert pages[0] <= 200


def test_kinds_modes_and_links_are_told(place: SftpProvider, tree: Path) -> None:
    (tree / "file").touch(mode=0o640)
    (tree / "dir").mkdir()
    (tree / "link").symlink_to("dir")
    os.mkfifo(tree / "pipe")
    kinds = {e.name: e.kind for page in place.list_dir(str(tree)) for e in page}
    assert kinds == {"file": Kind.FILE, "dir": Kind.DIR, "link": Kind.LINK, "pipe": Kind.OTHER}
    assert place.stat(str(tree / "link")).target == "dir"
    assert place.stat(str(tree / "link"), follow=True).kind is Kind.DIR
    assert place.stat(str(tree / "file")).mode == 0o640
    with pytest.raises(WrongKind):
        fetch(place, tree / "pipe")


def test_addresses_are_made_whole(place: SftpProvider, tree: Path) -> None:
    (tree / "dir").mkdir()
    (tree / "link").symlink_to("dir")
    home = os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir)
    assert place.resolve("") == home
    assert place.resolve("/~/x") == f"{home}/x"
    assert place.resolve(f"{tree}/dir/../new") == f"{tree}/new"
    assert place.resolve(f"{tree}/link") == f"{tree}/link"
    assert place.resolve(f"{tree}/link/x") == f"{tree}/dir/x"
    assert place.resolve("/no/such/../place") == "/no/place"


@pytest.mark.parametrize("name", ["nul\0byte", "half\ud800pair"])
def test_a_name_that_no_server_can_have_is_refused(place: SftpProvider, name: str) -> None:
    for refused in (
        lambda: place.join("/tmp", name),
        lambda: place.stat(f"/tmp/{name}"),
        lambda: place.resolve(f"/tmp/{name}"),
    ):
        with pytest.raises(InvalidName) as caught:
            refused()
        assert str(caught.value).isprintable()


# Uploads


def test_unfinished_bytes_are_private_and_finished_ones_get_their_mode(
    place: SftpProvider, tree: Path
) -> None:
    token = place.begin(
        str(tree / "file"), 3, key=KEY, part_size=MIB, modified=1234567.9, mode=0o104755
    )
    staged = tree / temporary_name("file", KEY)
    assert place.staged(token) == str(staged)
    assert stat.S_IMODE(staged.stat().st_mode) == 0o600
    entry = place.finish(token, [place.put_part(token, 0, 0, [b"abc"])], replacing=None)
    assert (entry.mode, entry.modified, entry.size) == (0o755, 1234567, 3)
    assert os.listdir(tree) == ["file"]


def test_begin_takes_over_what_an_earlier_one_left_and_never_follows_a_link(
    place: SftpProvider, tree: Path
) -> None:
    victim = tree / "victim"
    victim.write_text("precious")
    (tree / temporary_name("file", KEY)).symlink_to(victim)
    upload(place, tree / "file", b"new")
    assert (victim.read_text(), (tree / "file").read_bytes()) == ("precious", b"new")


def test_nothing_is_replaced_unless_agreed(place: SftpProvider, tree: Path) -> None:
    target = tree / "file"
    target.write_bytes(b"old")
    version = place.stat(str(target)).version
    with pytest.raises(AlreadyExists):
        upload(place, target, b"new")
    with pytest.raises(TargetChanged):
        upload(place, target, b"new", replacing="3:1")
    assert target.read_bytes() == b"old"
    upload(place, target, b"newer", replacing=version)
    assert target.read_bytes() == b"newer"


def test_finish_said_twice_gives_the_same_answer(place: SftpProvider, tree: Path) -> None:
    token = place.begin(str(tree / "file"), 3, key=KEY, part_size=MIB, modified=99.0)
    receipts = [place.put_part(token, 0, 0, [b"abc"])]
    first = place.finish(token, receipts, replacing=None)
    assert place.finish(token, receipts, replacing=None, again=True) == first


def test_an_upload_that_lost_bytes_is_never_finished(place: SftpProvider, tree: Path) -> None:
    token = place.begin(str(tree / "file"), 3, key=KEY, part_size=MIB)
    receipt = place.put_part(token, 0, 0, [b"abc"])
    os.truncate(tree / temporary_name("file", KEY), 2)
    with pytest.raises(UploadExpired):
        place.finish(token, [receipt], replacing=None)
    place.abort(token)
    place.abort(token)
    with pytest.raises(UploadExpired):
        place.put_part(token, 0, 0, [b"abc"])
    assert os.listdir(tree) == []


def test_without_posix_rename_the_old_file_is_put_aside_and_removed(
    serve: Serve, tree: Path
) -> None:
    _, place = serve(sftp="internal-sftp -P posix-rename,fsync,limits,statvfs")
    (tree / "file").write_bytes(b"old")
    upload(place, tree / "file", b"new", replacing=ANY_VERSION)
    assert (tree / "file").read_bytes() == b"new"
    assert os.listdir(tree) == ["file"]
    assert not place.caps.atomic_replace


def test_a_swap_that_was_cut_off_is_completed_or_undone(serve: Serve, tree: Path) -> None:
    _, place = serve(sftp="internal-sftp -P posix-rename")
    target, backup = tree / "file", tree / f".file.{KEY}.old"
    target.write_bytes(b"old")
    version = place.stat(str(target)).version
    token = place.begin(str(target), 3, key=KEY, part_size=MIB)
    receipts = [place.put_part(token, 0, 0, [b"new"])]
    target.rename(backup)
    place.finish(token, receipts, replacing=version)
    assert target.read_bytes() == b"new"
    target.rename(backup)
    place.abort(token)
    assert target.read_bytes() == b"new"
    assert os.listdir(tree) == ["file"]


def test_a_swap_whose_second_step_is_refused_puts_the_old_file_back(
    serve: Serve, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, place = serve(sftp="internal-sftp -P posix-rename")
    target = tree / "file"
    target.write_bytes(b"old")
    rename = calls.rename

    def refuse_the_new(session: Session, source: str, destination: str) -> None:
        if source.endswith(".part"):
            raise Refused(source)
        rename(session, source, destination)

    monkeypatch.setattr(calls, "rename", refuse_the_new)
    with pytest.raises(Refused):
        upload(place, target, b"new", replacing=ANY_VERSION)
    assert target.read_bytes() == b"old"


# Refusals


def test_a_server_that_only_reads_out_refuses_to_write(serve: Serve, tree: Path) -> None:
    _, place = serve(sftp="internal-sftp -R")
    (tree / "file").write_bytes(b"old")
    assert fetch(place, tree / "file") == b"old"
    with pytest.raises(Denied):
        upload(place, tree / "new", b"x")
    with pytest.raises(Denied):
        place.make_dir(str(tree / "dir"))
    with pytest.raises(Denied):
        place.delete(str(tree / "file"))
    assert os.listdir(tree) == ["file"]


def test_what_is_not_there_or_of_the_wrong_kind_is_said_so(place: SftpProvider, tree: Path) -> None:
    (tree / "file").touch()
    with pytest.raises(NotFound):
        list(place.list_dir(str(tree / "missing")))
    with pytest.raises(WrongKind):
        list(place.list_dir(str(tree / "file")))
    with pytest.raises(NotFound):
        upload(place, tree / "missing" / "file", b"x")
    with pytest.raises(WrongKind):
        fetch(place, tree)
    with pytest.raises(WrongKind):
        (tree / "dir").mkdir()
        upload(place, tree / "dir", b"x", replacing=ANY_VERSION)


def test_a_source_cut_short_while_it_is_read_is_an_error(place: SftpProvider, tree: Path) -> None:
    path = tree / "file"
    path.write_bytes(bytes(40 * MIB))
    with place.read(str(path)) as reader, pytest.raises(SourceChanged):
        chunks = reader.chunks()
        next(chunks)
        os.truncate(path, 2 * MIB)
        list(chunks)


# Connections


def test_a_server_that_dies_while_reading_is_told_and_comes_back(serve: Serve, tree: Path) -> None:
    server, place = serve()
    path = tree / "file"
    path.write_bytes(bytes(64 * MIB))
    with place.read(str(path)) as reader, pytest.raises(ConnectionLost):
        chunks = reader.chunks()
        next(chunks)
        server.stop()
        list(chunks)
    with pytest.raises(ConnectionLost, match="refused the connection"):
        place.stat(str(path))
    server.start()
    assert place.stat(str(path)).size == 64 * MIB


def test_a_server_that_dies_while_writing_leaves_the_target_alone(serve: Serve, tree: Path) -> None:
    server, place = serve()
    target = tree / "file"
    target.write_bytes(b"old")

    def body() -> Iterator[bytes]:
        for number in range(64):
            if number == 32:
                server.stop()
            yield bytes(MIB)

    token = place.begin(str(target), 64 * MIB, key=KEY, part_size=MIB)
    with pytest.raises(ConnectionLost):
        place.put_part(token, 0, 0, body())
    assert target.read_bytes() == b"old"
    server.start()
    receipt = place.put_part(token, 0, 0, (bytes(MIB) for _ in range(64)))
    assert place.finish(token, [receipt], replacing=ANY_VERSION).size == 64 * MIB


def test_keys_are_renewed_in_the_middle_of_a_file(serve: Serve, tree: Path) -> None:
    _, place = serve(options=["RekeyLimit 1M"])
    data = os.urandom(12 * MIB)
    upload(place, tree / "file", data)
    assert fetch(place, tree / "file") == data


def test_failed_sign_ins_leave_no_descriptor_open(sshd: OpenSSH, tmp_path: Path) -> None:
    stranger = Access(tmp_path / "hosts", use_agent=False, use_default_keys=False)
    with closing(open_endpoint(sshd.endpoint, stranger)) as place:
        counts = []
        for _ in range(8):
            with pytest.raises(HostKeyUnknown):
                place.stat("/")
            counts.append(_open_descriptors())
    assert counts[-1] <= counts[0]


def _open_descriptors() -> int:
    probe = os.open(os.devnull, os.O_RDONLY)  # the lowest free number tells how many are open
    os.close(probe)
    return probe


def test_a_restarted_server_does_not_fail_the_next_call(serve: Serve, tree: Path) -> None:
    server, place = serve()
    place.stat(str(tree))
    server.restart()
    assert place.stat(str(tree)).kind is Kind.DIR


def test_close_ends_calls_under_way(place: SftpProvider, tree: Path) -> None:
    path = tree / "file"
    path.write_bytes(bytes(64 * MIB))
    with place.read(str(path)) as reader, pytest.raises(ConnectionLost):
        chunks = reader.chunks()
        next(chunks)
        place.close()
        list(chunks)
    with pytest.raises(ConnectionLost, match="closed"):
        place.stat(str(path))


def test_nothing_runs_on_after_close(sshd: OpenSSH, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with closing(open_endpoint(sshd.endpoint, access_to(sshd, tmp_path / "hosts"))) as place:
        place.stat("/")
    assert set(threading.enumerate()) <= before


def test_many_threads_share_one_provider(place: SftpProvider, tree: Path) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            data = os.urandom(MIB) + bytes([number])
            upload(place, tree / f"{number}", data)
            assert fetch(place, tree / f"{number}") == data
        except BaseException as error:  # noqa: BLE001  # told to the test below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_copy_within_one_server_needs_no_more_than_two_sessions(
    place: SftpProvider, tree: Path
) -> None:
    data = os.urandom(3 * MIB)
    (tree / "from").write_bytes(data)
    with place.read(str(tree / "from")) as reader:
        token = place.begin(str(tree / "to"), len(data), key=KEY, part_size=len(data))
        receipt = place.put_part(token, 0, 0, reader.chunks())
    place.finish(token, [receipt], replacing=None)
    assert (tree / "to").read_bytes() == data


@pytest.mark.parametrize("step", ["make_dir", "begin"])
def test_a_path_that_no_server_takes_is_said_to_be_too_long(
    place: SftpProvider, tree: Path, step: str
) -> None:
    path = str(tree / "/".join(["d" * 200] * 21))
    with pytest.raises(InvalidName, match="longer than the server takes"):
        if step == "make_dir":
            place.make_dir(path)
        else:
            place.begin(path, 1, key=KEY, part_size=1)


# Digests


def test_the_server_digests_files_of_any_name(place: SftpProvider, tree: Path) -> None:
    for name in ODD_NAMES:
        path = tree / os.fsdecode(name)
        path.write_bytes(name)
        assert place.digest(str(path), "sha256") == hashlib.sha256(name).hexdigest()


@pytest.mark.parametrize(
    "options",
    [
        {"options": ["ForceCommand internal-sftp"]},
        {"authorized": 'command="internal-sftp"'},
        {"options": ["MaxSessions 1"]},
        {"sftp": "internal-sftp -d /"},
    ],
    ids=["forced sftp", "forced by the key", "one channel only", "another tree"],
)
def test_a_server_without_a_usable_shell_says_it_cannot_digest(
    serve: Serve, tree: Path, options: dict[str, object]
) -> None:
    _, place = serve(**options)
    (tree / "file").write_bytes(b"x")
    with pytest.raises(Unsupported):
        place.digest(str(tree / "file"), "sha256")
    assert place.caps.digests == frozenset()
    assert place.stat(str(tree / "file")).size == 1


def test_a_file_that_is_gone_is_not_digested(place: SftpProvider, tree: Path) -> None:
    with pytest.raises(NotFound):
        place.digest(str(tree / "missing"), "sha256")
    with pytest.raises(WrongKind):
        place.digest(str(tree), "sha256")
    with pytest.raises(Unsupported):
        place.digest(str(tree), "md5")


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (b"a" * 64 + b"  -", "a" * 64),
        (b"a" * 64 + b" *stdin", "a" * 64),
        (b"a" * 64, "a" * 64),
        (b"a" * 63 + b"  -", None),
        (b"SHA2-256(stdin)= " + b"a" * 64, None),
        (b"none", None),
        (b"", None),
        (None, None),
    ],
)
def test_only_a_digest_in_its_place_is_believed(output: bytes | None, found: str | None) -> None:
    assert shell_digest.parse(output) == found


def test_many_files_are_digested_by_one_command(
    place: SftpProvider, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    execute = channels._execute

    def noted(channel: Any, command: str, *rest: Any) -> None:
        started.append(command)
        execute(channel, command, *rest)

    monkeypatch.setattr(channels, "_execute", noted)
    for number in range(20):
        (tree / f"{number}").write_bytes(bytes([number]))
        found = place.digest(str(tree / f"{number}"), "sha256")
        assert found == hashlib.sha256(bytes([number])).hexdigest()
    assert len(started) == 1


def test_a_file_the_shell_cannot_read_does_not_disturb_the_next(
    place: SftpProvider, tree: Path
) -> None:
    (tree / "a").write_bytes(b"a")
    place.digest(str(tree / "a"), "sha256")
    with place._line() as line:
        assert line.shell is not None
        with pytest.raises(Unsupported):
            line.shell.sha256(str(tree / "missing"), 0)
        found = line.shell.sha256(str(tree / "a"), 1)
    assert found == hashlib.sha256(b"a").hexdigest()
