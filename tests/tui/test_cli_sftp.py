"""`wharfie` against real servers: the way there, the way back, and each way it can go wrong."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.cli_runner import wharfie

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox
    from tests.servers.openssh import OpenSSH

ODD = ("with space", "ünïcødé", "日本語 🚢", "-dash", "new\nline", "quo'te", 'dq"x', "b\\s", "%41")


@pytest.fixture
def key(openssh: OpenSSH) -> Mapping[str, str]:
    return {"SFTP_KEY": str(openssh.key_path)}


@pytest.fixture
def known(openssh: OpenSSH, isolated_home: Path) -> None:
    know(isolated_home, openssh.known_hosts_line)


def know(home: Path, line: str) -> None:
    (home / "wharfie").mkdir(mode=0o700, exist_ok=True)
    (home / "wharfie" / "known_hosts").write_text(line + "\n")


def make_tree(top: Path, files: int) -> None:
    """Sizes around every boundary there is: empty, one byte, a packet, a window, a part."""
    chance = random.Random(7)
    sizes = (0, 1, 10, 1000, 32_768, 32_769, 261_120, 261_121, 1 << 20, 3_000_000)
    for number in range(files):
        folder = top / f"folder {number % 7} {ODD[number % len(ODD)]}"
        folder.mkdir(parents=True, exist_ok=True)
        size = (65 << 20) if number == 3 else chance.choice(sizes)
        raw = os.fsencode(folder) + b"/" + os.fsencode(f"{ODD[number % len(ODD)]} {number}")
        with open(raw + (b"\xff" if number % 50 == 0 else b""), "wb") as file:  # noqa: PTH123
            file.write(chance.randbytes(size))
    (top / "empty folder").mkdir()


def same(left: Path, right: Path) -> bool:
    def content(top: Path) -> dict[bytes, bytes | None]:
        found: dict[bytes, bytes | None] = {}
        for path in sorted(top.rglob("*")):
            name = os.fsencode(path.relative_to(top))
            found[name] = path.read_bytes() if path.is_file() else None
        return found

    return content(left) == content(right)


def test_a_tree_goes_there_and_back_unchanged_and_each_file_is_proven(
    openssh: OpenSSH, key: Mapping[str, str], known: None, tmp_path: Path
) -> None:
    make_tree(tmp_path / "tree", 120)
    remote = f"{openssh.endpoint}{tmp_path}/remote"
    up = wharfie("copy", f"{tmp_path}/tree/", remote, "--json", env=key)
    assert (up.code, up.err) == (0, "")
    down = wharfie("copy", f"{remote}/", tmp_path / "back", "--json", env=key)
    assert (down.code, down.err) == (0, "")
    assert same(tmp_path / "tree", tmp_path / "back")
    for run in (up, down):
        assert run.lines[-1]["proofs"] == {"sha256 both ends": 120}
    assert not list(tmp_path.rglob(".*.part"))


def test_a_file_is_looked_at_and_copied_over_one_connection(tmp_path: Path) -> None:
    from tests.servers.openssh import OpenSSH, find_sshd

    if find_sshd() is None:
        pytest.skip("no sshd here: install openssh-server")
    (tmp_path / "file").write_text("some")
    with OpenSSH(tmp_path / "sshd") as server:
        given, there = {"SFTP_KEY": str(server.key_path)}, f"{server.endpoint}{tmp_path}/there"
        done = wharfie("copy", tmp_path / "file", there, "--accept-new", env=given)
    assert (done.code, (tmp_path / "there").read_text()) == (0, "some")
    assert sum(line.startswith("Accepted publickey") for line in server.log) == 1


def test_an_unknown_host_key_is_refused_with_its_fingerprint(
    openssh: OpenSSH, key: Mapping[str, str]
) -> None:
    done = wharfie("ls", openssh.endpoint, env=key)
    assert done.code == 1
    assert "SHA256:" in done.err
    assert "--accept-new" in done.err
    assert "Traceback" not in done.err


def test_accept_new_remembers_the_host_key(openssh: OpenSSH, key: Mapping[str, str]) -> None:
    assert wharfie("ls", openssh.endpoint, "--accept-new", env=key).code == 0
    assert wharfie("ls", openssh.endpoint, env=key).code == 0


def test_a_changed_host_key_is_refused_even_with_accept_new(
    openssh: OpenSSH, key: Mapping[str, str], isolated_home: Path
) -> None:
    other = "AAAAC3NzaC1lZDI1NTE5AAAAIJfkN2vLr3rFqrW0t5XnQpVd9q2X0nq5X5t8m0g1z1aB"
    know(isolated_home, f"[{openssh.host}]:{openssh.port} ssh-ed25519 {other}")
    done = wharfie("ls", openssh.endpoint, "--accept-new", env=key)
    assert done.code == 1
    assert "changed" in done.err
    assert "known_hosts" in done.err


def test_a_wrong_password_is_one_sentence(sandbox: Sandbox, isolated_home: Path) -> None:
    know(isolated_home, sandbox.known_hosts_line)
    done = wharfie("ls", sandbox.endpoint, env={"SFTP_PASSWORD": "canary-wrong"})
    assert done.code == 1
    assert "password" in done.err
    assert "canary-wrong" not in done.err
    assert done.err.count("\n") == 1


def test_the_right_password_opens(sandbox: Sandbox, isolated_home: Path) -> None:
    know(isolated_home, sandbox.known_hosts_line)
    done = wharfie("ls", sandbox.endpoint, env={"SFTP_PASSWORD": sandbox.password})
    assert done.code == 0
    assert "welcome.txt" in done.out


def test_a_password_for_another_host_is_not_sent(sandbox: Sandbox, isolated_home: Path) -> None:
    know(isolated_home, sandbox.known_hosts_line)
    settings = {"SFTP_PASSWORD": sandbox.password, "SFTP_HOST": "elsewhere.example"}
    assert wharfie("ls", sandbox.endpoint, env=settings).code == 1


def test_a_missing_remote_folder_is_one_sentence(
    openssh: OpenSSH, key: Mapping[str, str], known: None
) -> None:
    done = wharfie("ls", f"{openssh.endpoint}/no/such/folder", env=key)
    assert done.code == 1
    assert "does not exist" in done.err
    assert done.err.count("\n") == 1


def test_no_server_there_is_one_sentence(isolated_home: Path) -> None:
    done = wharfie("ls", "sftp://127.0.0.1:1/")
    assert done.code == 1
    assert done.err.count("\n") == 1


def test_a_listing_in_json_ends_with_a_summary(
    openssh: OpenSSH, key: Mapping[str, str], known: None, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("12345")
    os.mkdir(os.fsencode(tmp_path) + b"/bad\xff")
    *entries, summary = wharfie("ls", f"{openssh.endpoint}{tmp_path}", "--json", env=key).lines
    assert {entry["name"] for entry in entries} == {"a", "bad\udcff"}
    assert summary == {"summary": True, "entries": 2, "bytes": 5}


@pytest.mark.parametrize("move", [False, True])
def test_links_go_there_and_back_with_their_text(
    openssh: OpenSSH, key: Mapping[str, str], known: None, tmp_path: Path, move: bool
) -> None:
    tree, texts = (
        tmp_path / "tree",
        {"one": "file", "deep/two": "/etc/passwd", "three": "ünï \udcff"},
    )
    (tree / "deep").mkdir(parents=True)
    (tree / "file").write_text("x")
    for name, text in texts.items():
        (tree / name).symlink_to(text)
    remote = f"{openssh.endpoint}{tmp_path}/remote"
    options = ["--move"] if move else []
    assert wharfie("copy", tree, remote, *options, env=key).code == 0
    assert {name: os.readlink(tmp_path / "remote" / name) for name in texts} == texts
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "one").write_text("old")
    options += ["--on-conflict", "overwrite"]
    assert wharfie("copy", f"{remote}/", tmp_path / "back", *options, env=key).code == 0
    assert {name: os.readlink(tmp_path / "back" / name) for name in texts} == texts
    assert tree.exists() != move
    assert not list(tmp_path.rglob(".*.part"))


def test_what_links_on_a_server_lead_to_is_copied_when_that_is_chosen(
    openssh: OpenSSH, key: Mapping[str, str], known: None, tmp_path: Path
) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("out")
    (tmp_path / "tree" / "dir").symlink_to("../out")
    (tmp_path / "tree" / "deep" / "up").symlink_to("../..")
    (tmp_path / "tree" / "nowhere").symlink_to("missing")
    (tmp_path / "tree" / "self").symlink_to("self")
    there = f"{openssh.endpoint}{tmp_path}/tree"
    done = wharfie("copy", there, tmp_path / "back", "--links", "follow", "--json", env=key)
    assert done.code == 1
    told = {job["source"].rpartition("/")[2] for job in done.lines[:-1] if job["state"] == "failed"}
    assert told == {"up", "nowhere", "self"}
    assert (tmp_path / "back" / "dir" / "file").read_text() == "out"
    assert not [path for path in (tmp_path / "back").rglob("*") if path.is_symlink()]


@pytest.mark.parametrize(("keep", "kept"), [("all", True), ("nothing", False)])
def test_a_server_is_given_only_what_is_to_be_kept(
    openssh: OpenSSH,
    key: Mapping[str, str],
    known: None,
    tmp_path: Path,
    keep: str,
    kept: bool,
) -> None:
    source = tmp_path / "file"
    source.write_text("x")
    source.chmod(0o750)
    os.utime(source, (1_600_000_000, 1_600_000_000))
    remote = f"{openssh.endpoint}{tmp_path}/there"
    assert wharfie("copy", source, remote, "--keep", keep, env=key).code == 0
    found = (tmp_path / "there").stat()
    assert (found.st_mtime == 1_600_000_000, found.st_mode & 0o777 == 0o750) == (kept, kept)
