"""`wharfie verify`: a tree held against what was proven about it, here and elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.cli_runner import start, wharfie

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

ODD = ("plain", "new\nline", "b\\s", "ünï 🚢", "-dash", "x\x1b]0;owned\x07y")


def fill(top: Path) -> None:
    for number, name in enumerate(ODD):
        (top / "sub").mkdir(parents=True, exist_ok=True)
        (top / "sub" / name).write_text(f"{number}")


@pytest.fixture
def receipts(tmp_path: Path) -> Mapping[str, Path]:
    """Of a copy of the odd names, in both forms."""
    fill(tmp_path / "tree")
    assert wharfie("copy", tmp_path / "tree", tmp_path / "copy").code == 0
    sums, lines = tmp_path / "SHA256SUMS", tmp_path / "receipt.jsonl"
    sums.write_text(wharfie("queue", "receipt").out, encoding="utf-8")
    lines.write_text(wharfie("queue", "receipt", "--json").out)
    return {"sums": sums, "json": lines}


@pytest.mark.parametrize("form", ["sums", "json"])
def test_a_tree_that_is_as_it_was_is_proven_anew(receipts: Mapping[str, Path], form: str) -> None:
    done = wharfie("verify", receipts[form])
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{len(ODD)} with the same SHA-256 · {len(ODD)} B digested\n"


@pytest.mark.parametrize("form", ["sums", "json"])
def test_each_file_that_is_another_or_missing_is_one_line(
    receipts: Mapping[str, Path], form: str, tmp_path: Path
) -> None:
    copied = tmp_path / "copy" / "sub"
    (copied / ODD[-1]).write_text("?")
    (copied / "plain").unlink()
    done = wharfie("verify", receipts[form])
    assert done.code == 1
    assert sorted(done.err.splitlines()) == [
        f"different  {copied}/x\\x1b]0;owned\\x07y  (its SHA-256 is another)",
        f"missing    {copied}/plain  (it is not there)",
    ]
    assert "4 with the same SHA-256, 1 different, 1 missing" in done.out


def test_a_size_that_differs_is_told_without_reading(
    receipts: Mapping[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "copy" / "sub" / "plain").write_text("longer")
    done = wharfie("verify", receipts["json"])
    assert "(6 bytes, not 1)" in done.err


def test_json_says_what_was_found_of_each_file(
    receipts: Mapping[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "copy" / "sub" / "plain").unlink()
    *files, summary = wharfie("verify", receipts["json"], "--json").lines
    found = {Path(file["target"]).name: file["found"] for file in files}
    assert found == dict.fromkeys(ODD, "same") | {"plain": "missing"}
    assert summary == {"summary": True, "bytes": 5, "same": 5, "missing": 1}


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a privilege")
def test_a_link_in_place_of_a_file_is_another_whatever_it_leads_to(
    receipts: Mapping[str, Path], tmp_path: Path
) -> None:
    plain = tmp_path / "copy" / "sub" / "plain"
    plain.unlink()
    plain.symlink_to(tmp_path / "tree" / "sub" / "plain")
    done = wharfie("verify", receipts["sums"])
    assert done.code == 1
    assert "no file any more, but a link" in done.err


def test_names_that_are_relative_are_below_the_folder_of_the_receipt(tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "a b").write_bytes(b"1")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"# made by hand\n{hashlib.sha256(b'1').hexdigest()} *some/a b\n\n")
    assert wharfie("verify", sums).code == 0


def _json(*records: dict[str, object]) -> str:
    lines = [*records, {"summary": True, "files": sum("sha256" in one for one in records)}]
    return "\n".join(map(json.dumps, lines))


_SUM = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("what is this\n", "line 1 is not that of a receipt"),
        (f"{_SUM}  ../outside\n", "leads out of its folder"),
        ('{"target": "/x", "sha256": ""}\n', "has no end"),
        ('{"sha256": ""}\n', "line 1 is not that of a receipt"),
        ("{nonsense\n", "line 1 is not that of a receipt"),
        ("# nothing\n", "no file is in it"),
        (
            _json({"receipt": 1, "target": "/srv/a"}, {"target": "/etc/passwd", "sha256": _SUM}),
            "outside of its own tree: /etc/passwd",
        ),
    ],
)
def test_what_is_no_receipt_is_wrong_use_and_one_sentence(
    content: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "R").write_text(content)
    done = wharfie("verify", tmp_path / "R")
    assert (done.code, done.out) == (2, "")
    assert why in done.err
    assert done.err.count("\n") == 1


def test_a_receipt_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = wharfie("verify", tmp_path / "none")
    assert done.code == 1
    assert done.err.count("\n") == 1


def test_a_file_without_a_digest_is_said_to_have_its_size_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("12")
    record = {"target": str(tmp_path / "a"), "size": 2, "sha256": "", "proof": None}
    (tmp_path / "R").write_text(_json(record))
    done = wharfie("verify", tmp_path / "R")
    assert done.code == 0
    assert done.out == "1 with the same size (no digest is known) · 0 B digested\n"


def test_where_nothing_can_be_held_against_anything_it_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "R").write_text(f"# size only  {tmp_path}/a\n# changed by server  {tmp_path}/b\n")
    done = wharfie("verify", tmp_path / "R")
    assert done.code == 1
    assert done.out.startswith("2 that nothing can be said of")


def test_a_tree_on_a_server_is_verified_there(
    openssh: OpenSSH, isolated_home: Path, tmp_path: Path
) -> None:
    env = {"SFTP_KEY": str(openssh.key_path)}
    (isolated_home / "wharfie").mkdir(mode=0o700)
    (isolated_home / "wharfie" / "known_hosts").write_text(openssh.known_hosts_line + "\n")
    fill(tmp_path / "tree")
    remote = f"{openssh.endpoint}{tmp_path}/remote"
    assert wharfie("copy", tmp_path / "tree", remote, env=env).code == 0
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(wharfie("queue", "receipt").out, encoding="utf-8")
    assert sums.read_text().startswith(f"# at {openssh.endpoint}\n")
    assert wharfie("verify", sums, env=env).code == 0
    (tmp_path / "remote" / "sub" / "plain").write_text("x")
    done = wharfie("verify", sums, env=env)
    assert done.code == 1
    assert done.err == f"different  {remote}/sub/plain  (its SHA-256 is another)\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_an_interrupt_ends_it_at_once(tmp_path: Path, heeded_interrupt: None) -> None:
    (tmp_path / "small").touch()
    with (tmp_path / "big").open("wb") as file:
        file.truncate(1 << 40)  # a hole: reading it takes an hour
    (tmp_path / "R").write_text(f"{_SUM}  small\n{_SUM}  big\n")
    process = start("verify", tmp_path / "R", "--json")
    assert process.stdout is not None
    assert '"same"' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.fixture
def heeded_interrupt() -> Iterator[None]:
    """A test run in the background may have inherited an ignored SIGINT, and hand it on."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
