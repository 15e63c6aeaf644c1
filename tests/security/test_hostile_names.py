"""Names that a server made up: they never leave the target folder (E1), never steer the terminal
(E2), and are never lost in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Entry, Kind, Place, Provider
from providers.memory import MemoryProvider, Store
from providers.registry import open_provider
from providers.text import printable
from transfers.model import Op
from transfers.scan import plan_tree

ESCAPES = (
    *("../../x", "..", ".", "", "/etc/passwd", "a/b", "a/../../b", "sub/../..", "x\0y", "/"),
    *("../" * 40 + "x", "./x", "//x", "..//x", "a/..", "\0", "../\x1b[2Jx"),
)
PAYLOADS = (
    *("\x1b]0;owned\x07", "\x1b]52;c;ZXZpbA==\x07", "\x1b[6n", "\x1bc", "\x9b31m", "\x90q\x9c"),
    *("a\rb", "a\nb", "a\bb", "\x7f", "\u202egpj.exe", "\u2066x\u2069", "\u200bx", "\u2028x"),
    *("\x1b]8;;http://x\x07y", "\x1bP+q\x1b\\", "\udcff\udc9b31m", "\x00", "\x85"),
)


class Liar(MemoryProvider):
    """Lists files under whatever names it is told, all of them backed by one real file."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(Store())
        self.store.add("/real", Kind.FILE, data=bytearray(b"content"))
        self._names = names

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        real = self.stat("/real")
        yield [replace(real, name=name) for name in self._names]


@pytest.fixture
def local(tmp_path: Path) -> Provider:
    return open_provider("file:", Access(tmp_path / "known_hosts"))


@pytest.mark.parametrize("name", ESCAPES)
def test_a_name_that_could_leave_the_folder_becomes_a_failed_note(
    name: str, local: Provider, tmp_path: Path
) -> None:
    target = Place("file:", str(tmp_path / "target"))
    (entry,) = next(Liar([name]).list_dir("/"))
    (job,) = plan_tree(Liar([name]), [entry], "memory://liar", local, target, move=False)
    assert (job.op, job.failed) == (Op.NOTE, True)
    assert job.target == target
    assert job.note.isprintable()


def test_below_a_folder_every_job_stays_below_the_target(local: Provider, tmp_path: Path) -> None:
    target = Place("file:", str(tmp_path / "target"))
    names = [*ESCAPES, *PAYLOADS, "good"]
    top = Entry("/", "top", Kind.DIR)
    jobs = plan_tree(Liar(names), [top], "memory://liar", local, target, move=False)
    assert len(jobs) == len(names)
    for job in jobs:
        path = Path(job.target.path)
        assert path == path.resolve()
        assert path.is_relative_to(target.path)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_shown_of_a_payload_is_printable_and_one_line(payload: str) -> None:
    shown = printable(f"before{payload}after")
    assert shown.isprintable()
    assert shown.startswith("before")
    assert shown.endswith("after")
