"""known_hosts is judged as OpenSSH does and changed by nothing but one appended line (F1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import threading
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import Denied
from providers.sftp import known_hosts
from providers.sftp.host_keys import remember
from providers.sftp.known_hosts import Standing, append, judge, key_line, read

KEY = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32
OTHER = b"\0\0\0\x07ssh-rsa\0\0\0\x03\x01\0\x01\0\0\0\x80" + b"o" * 128


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def hashed(name: str) -> str:
    salt = b"s" * 20
    return f"|1|{b64(salt)}|{b64(hmac.new(salt, name.encode(), hashlib.sha1).digest())}"


def standing(tmp_path: Path, text: str, host: str = "host", port: int = 22) -> Standing:
    path = tmp_path / "known_hosts"
    path.write_text(text)
    return judge(read(path), host, port, KEY).standing


MINE = f"ssh-ed25519 {b64(KEY)}"
THEIRS = f"ssh-rsa {b64(OTHER)}"


@pytest.mark.parametrize(
    "line",
    [
        f"host {MINE}",
        f"host {MINE} a comment",
        f"other,host {MINE}",
        f"HOST {MINE}",
        f"h?s* {MINE}",
        f"*,!other {MINE}",
        f"{hashed('host')} {MINE}",
        f"  host   {MINE}  ",
        f"host {MINE}\r",
        f"host {THEIRS}\nhost {MINE}",
    ],
)
def test_a_key_that_is_listed_for_the_host_is_known(tmp_path: Path, line: str) -> None:
    assert standing(tmp_path, line + "\n") is Standing.KNOWN


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"# host {MINE}",
        f"other {MINE}",
        f"*,!host {MINE}",
        f"[host]:2222 {MINE}",
        f"{hashed('other')} {MINE}",
        f"@cert-authority * {MINE}",
        f"@unheard-of host {MINE}",
        "host ssh-ed25519",
        "host ssh-ed25519 not*base64",
        f"host ssh-ed25519 {b64(KEY[:-6])}",
        f"host ssh-ed25519 {b64(KEY + b'more')}",
        f"host ssh-ed25519 {b64(KEY[:15])}",
        f"host ssh-rsa {b64(KEY)}",
        f"|1|garbled {MINE}",
        f"|1|!!|!! {MINE}",
        "\0\xff\x1b[31m host",
    ],
)
def test_a_host_that_no_usable_line_names_is_unknown(tmp_path: Path, line: str) -> None:
    assert standing(tmp_path, line + "\n") is Standing.UNKNOWN


def test_a_host_known_by_another_key_has_changed_even_if_the_type_differs(tmp_path: Path) -> None:
    assert standing(tmp_path, f"host {THEIRS}\n") is Standing.CHANGED


def test_garbled_lines_do_not_hide_the_good_one_after_them(tmp_path: Path) -> None:
    text = f"@cert-authority *.x garbage\nhost ssh-rsa %%%\n\n\0\nhost {THEIRS}\n"
    path = tmp_path / "known_hosts"
    path.write_text(text)
    verdict = judge(read(path), "host", 22, KEY)
    assert (verdict.standing, verdict.number) == (Standing.CHANGED, 5)


@pytest.mark.parametrize("pattern", ["host", "*", hashed("host")])
def test_a_revoked_key_is_refused_even_where_it_is_also_known(tmp_path: Path, pattern: str) -> None:
    text = f"host {MINE}\n@revoked {pattern} {MINE}\n"
    assert standing(tmp_path, text) is Standing.REVOKED


def test_a_revoked_key_says_nothing_about_another(tmp_path: Path) -> None:
    assert standing(tmp_path, f"@revoked * {THEIRS}\n") is Standing.UNKNOWN


def test_another_port_is_another_host(tmp_path: Path) -> None:
    assert standing(tmp_path, f"[host]:2222 {MINE}\n", port=2222) is Standing.KNOWN
    assert standing(tmp_path, f"host {MINE}\n", port=2222) is Standing.UNKNOWN
    assert standing(tmp_path, f"[h*]:2222 {MINE}\n", port=2222) is Standing.KNOWN


def test_the_types_a_host_is_known_by_are_told(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"host {THEIRS}\n@revoked host {MINE}\nother {MINE}\n")
    assert known_hosts.known_types(read(path), "host", 22) == ["ssh-rsa"]


def test_fingerprints_look_as_openssh_prints_them() -> None:
    assert known_hosts.fingerprint(b"") == "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


@pytest.mark.parametrize(
    ("before", "between"),
    [
        (b"", b""),
        (b"# mine\n", b""),
        (b"garbled \xff\x00 line\r\n@revoked x y\n", b""),
        (b"no newline at the end", b"\n"),
    ],
)
def test_accepting_appends_one_line_and_changes_no_other_byte(
    tmp_path: Path, before: bytes, between: bytes
) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(before)
    line = key_line("host", 2222, "ssh-ed25519", KEY)
    remember(Access(path), "sftp://host:2222", line)
    assert path.read_bytes() == before + between + line.encode() + b"\n"
    assert judge(read(path), "host", 2222, KEY).standing is Standing.KNOWN


def test_the_first_accepted_key_makes_a_private_file_in_a_private_directory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "home" / "ssh" / "known_hosts"
    remember(Access(path), "sftp://host:22", key_line("host", 22, "ssh-ed25519", KEY))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_that_several_accept_at_once_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(b"# mine")
    line = key_line("host", 22, "ssh-ed25519", KEY)
    threads = [
        threading.Thread(target=append, args=(path, "sftp://host", line), kwargs={"hash_name": h})
        for h in (False, True) * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes().count(b"\n") == 2
    assert judge(read(path), "host", 22, KEY).standing is Standing.KNOWN


def test_a_list_that_another_holds_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl", reason="no such locks here")
    path = tmp_path / "known_hosts"
    line = key_line("host", 22, "ssh-ed25519", KEY)
    with path.open("wb") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        append(path, "sftp://host", line)
    assert path.read_text() == line + "\n"


@pytest.mark.skipif(os.name == "nt", reason="no /dev/null there")
def test_a_list_that_keeps_nothing_is_none_to_fail_at() -> None:
    append(Path(os.devnull), "sftp://host", key_line("host", 22, "ssh-ed25519", KEY))


def test_a_line_can_never_become_two(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    remember(Access(path), "sftp://host:22", "host ssh-ed25519 AAAA\n* ssh-rsa EVIL")
    assert path.read_bytes().count(b"\n") == 1


def test_a_list_that_cannot_be_read_or_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(Denied, match="could not be remembered"):
        remember(Access(tmp_path), "sftp://host:22", "host x y")


def test_no_list_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / "missing") == []
    assert os.listdir(tmp_path) == []
