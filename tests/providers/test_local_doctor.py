"""`diagnose` of this computer's places: what is wrong is found, and nothing is written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Entry, Place
from providers.local import doctor
from providers.local.provider import LocalProvider
from providers.location import LOCAL
from providers.registry import diagnose
from tests.providers.diagnosing import Walk

not_root = pytest.mark.skipif(
    os.name == "nt" or os.getuid() == 0, reason="nobody keeps root from reading"
)


def walk(path: Path | str) -> Walk:
    return Walk(diagnose(Place(LOCAL, str(path)), Access(Path("nowhere"))))


def test_a_folder_that_is_fine_has_every_step_and_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = walk(tmp_path)
    assert found.wrong == []
    assert found.steps == ["path", "permissions", "list", "room", "capitals", "accents"]
    assert "1 entries" in found.of("list").what


def test_nothing_is_written_or_made(tmp_path: Path) -> None:
    (tmp_path / "Ünï").write_text("x")
    before = (os.listdir(tmp_path), os.stat(tmp_path).st_mtime_ns)
    walk(tmp_path)
    walk(tmp_path / "Ünï")
    walk(tmp_path / "not there")
    assert (os.listdir(tmp_path), os.stat(tmp_path).st_mtime_ns) == before


def test_a_file_is_read_a_little(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(3 << 20))
    found = walk(tmp_path / "file")
    assert found.wrong == []
    assert found.of("read").what == f"{1 << 20} of {3 << 20} bytes were read"


def test_a_missing_path_names_the_part_that_is_not_there(tmp_path: Path) -> None:
    told = walk(tmp_path / "no" / "such" / "file").ends_wrong("path")
    assert told.what == f"there is no “no” in {tmp_path}"


@pytest.mark.parametrize(
    ("there", "asked", "advice"),
    [
        ("Report.PDF", "report.pdf", "capital letters"),
        ("caf\u00e9", "cafe\u0301", "encoded another way"),
        ("name ", "name", "space"),
    ],
)
def test_a_name_that_is_nearly_so_is_told(
    tmp_path: Path, there: str, asked: str, advice: str
) -> None:
    (tmp_path / there).write_text("x")
    if (tmp_path / asked).exists():
        pytest.skip("this disk takes both names for one")
    told = walk(tmp_path / asked).ends_wrong("path")
    assert advice in told.advice


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert "leads nowhere" in walk(tmp_path / "link").ends_wrong("path").what


def test_what_is_no_file_and_no_folder_is_not_opened(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe")
    found = walk(tmp_path / "pipe")  # reading it would wait for ever
    assert "neither a file nor a folder" in found.of("path").what


def test_names_that_other_systems_store_differently_are_counted(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301").write_text("x")
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/bad\xff")
    except OSError:
        pytest.skip("this disk takes only UTF-8")
    told = walk(tmp_path).of("names").what
    assert "1 are not UTF-8" in told
    assert "1 have decomposed accents" in told


def test_a_disk_that_tells_capitals_apart_is_told_from_one_that_does_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ignores = (tmp_path / "FILE").exists()
    assert ("one name" in walk(tmp_path).of("capitals").what) is ignores


def test_a_disk_where_two_spellings_are_one_name_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    real = os.lstat
    monkeypatch.setattr(doctor.os, "lstat", lambda path: real(str(path).replace("FILE", "file")))
    assert "one name" in walk(tmp_path).of("capitals").what


@not_root
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    found = walk(closed)
    closed.chmod(0o700)
    assert {told.step for told in found.wrong} == {"permissions", "list"}
    assert "mode 0000" in found.of("permissions").what


def test_what_the_system_refuses_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: mode == os.W_OK)
    told = walk(tmp_path).of("permissions")
    assert told.ok is False
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: mode != os.W_OK)
    told = walk(tmp_path).of("permissions")
    assert (told.ok, told.what.endswith("you may read it, but not change it")) == (None, True)


def test_a_disk_that_does_not_answer_ends_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def hang(self: LocalProvider, path: str, *, follow: bool = False) -> Entry:
        answered.wait(60)
        raise AssertionError("nobody waits for it any more")

    monkeypatch.setattr(doctor, "_SECONDS", 0.05)
    monkeypatch.setattr(LocalProvider, "stat", hang)
    told = walk(tmp_path).ends_wrong("path")
    answered.set()
    assert "did not answer" in told.what


def test_a_path_with_a_terminal_sequence_is_shown_escaped(tmp_path: Path) -> None:
    assert "\\x1b[2J" in walk(f"{tmp_path}/\x1b[2J").ends_wrong("path").what


def test_a_kind_of_place_nobody_knows_is_a_finding() -> None:
    told = Walk(diagnose(Place("gopher://host", "/"), Access(Path("nowhere")))).ends_wrong("kind")
    assert "gopher" in told.what
