"""A3: what a power cut may leave, by the order of the system calls: a name is given only to bytes
that are on the disk, and a job is done only when its name is.

Dropping what was not synced, at whatever moment, then leaves the old file, or the whole new one. A
sample of such moments is tried here, more by `python -m tests.faults.power_cut --points 2000`.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.names import is_temporary
from tests.faults.crash.scenarios import SCENARIOS
from tests.faults.power_cut.cuts import Recorded
from tests.faults.power_cut.disk import Disk, as_it_is
from tests.faults.power_cut.left import Left, Manner, content
from tests.faults.power_cut.recording import Call as Recalled
from tests.faults.power_cut.victim import BEGUN, COMMITTED, SENT
from tests.faults.strace import require_strace

CUTS = 180

_CALLS = "?open,openat,write,pwrite64,fsync,fdatasync,?rename,?renameat,?renameat2,?link,linkat"
_LINE = re.compile(r"^(?P<thread>\d+) +(?P<rest>.*)$")
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)$")


@dataclass(slots=True)
class Call:
    name: str
    arguments: str
    began: int
    ended: int = -1


def _recorded(log: str) -> list[Call]:
    """The calls, with the lines on which each began and ended."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for number, line in enumerate(log.splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        thread, rest = match["thread"], match["rest"]
        if rest.startswith("<..."):
            open_calls.pop(thread).ended = number
        elif (call := _CALL.match(rest)) is not None:
            calls.append(Call(call["name"], call["arguments"], number))
            if rest.endswith("<unfinished ...>"):
                open_calls[thread] = calls[-1]
            else:
                calls[-1].ended = number
    return calls


def _copy_traced(tmp_path: Path, *options: str) -> list[Call]:
    log = tmp_path / "log"
    trace = ["strace", "-f", "-y", "-s", "400", "-o", str(log), "-e", f"trace={_CALLS}", "--"]
    source, target = str(tmp_path / "source") + "/", str(tmp_path / "target")
    command = [sys.executable, "-m", "tui", "copy", *options, source, target]
    home = tmp_path / "home"
    done = subprocess.run(
        [*trace, *command],
        env=os.environ | {"WHARFIE_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return _recorded(log.read_text())


def _last(calls: list[Call], names: str, text: str) -> Call:
    return [call for call in calls if call.name in names.split() and text in call.arguments][-1]


def _check(calls: list[Call], tmp_path: Path, name: str) -> None:
    target = f"{tmp_path}/target"
    part = f"{target}/.{name}."
    written = _last(calls, "write pwrite64", f"<{part}")
    synced = _last(calls, "fsync", f"<{part}")
    named = _last(calls, "rename renameat renameat2 link linkat", f'"{name}"')
    assert written.ended < synced.began, "bytes were written after they were synced"
    assert synced.ended < named.began, "the name was given before the bytes were on the disk"
    lasting = [
        call
        for call in calls
        if call.name == "fsync" and f"<{target}>" in call.arguments and call.began > named.ended
    ]
    assert lasting, "the directory was not synced"
    journaled = _last(calls, "fsync fdatasync", f"<{tmp_path}/home/queue.db>")
    assert lasting[0].ended < journaled.began, "it was called done before its name was on the disk"


def test_A3_a_name_is_given_to_synced_bytes_and_done_is_said_of_synced_names(
    tmp_path: Path,
) -> None:
    require_strace()
    (tmp_path / "source").mkdir()
    for name in ("one", "two", "three"):
        (tmp_path / "source" / name).write_bytes(os.urandom(300_000))
    calls = _copy_traced(tmp_path)
    for name in ("one", "two", "three"):
        _check(calls, tmp_path, name)


def test_A3_the_old_file_stands_until_the_new_one_is_on_the_disk(tmp_path: Path) -> None:
    require_strace()
    for folder in ("source", "target"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one").write_bytes(os.urandom(200_000))
    calls = _copy_traced(tmp_path, "--on-conflict", "overwrite")
    _check(calls, tmp_path, "one")
    opened = [
        call
        for call in calls
        if call.name in ("open", "openat")
        and "O_RDONLY" not in call.arguments
        and f"{tmp_path}/target/one" in call.arguments.replace("//", "/")
    ]
    assert opened == [], "the old file was opened to be written"


def test_A3_nothing_is_lost_whenever_the_power_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """In a process of its own: it forks, and tests before this one may have left threads."""
    require_strace()
    seed = random.SystemRandom().randrange(1 << 32)
    command = [sys.executable, "-m", "tests.faults.power_cut", f"--points={CUTS}", f"--seed={seed}"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\npower cuts, seed {seed}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{CUTS} power cuts, 0 lost, 0 altered, 0 left behind"


@pytest.mark.parametrize("name", ["large in parts", "move across disks", "move over a file"])
def test_A3_the_journal_is_ahead_of_names_and_behind_bytes(name: str, tmp_path: Path) -> None:
    """Unfinished files are journaled before they are made, and that a copy is whole before its
    source goes; how much is stored is journaled only once it is on the disk."""
    require_strace()
    recorded = Recorded(name, tmp_path)
    disk, said = recorded.disk(), set[str]()
    made, went, stored = 0, 0, 0
    for call in recorded.calls:
        disk.apply(call)
        said.add(call.mark)
        if call.said[0] == SENT:
            stored += _is_stored(disk, *call.said[1:])
        if "O_CREAT" in " ".join(call.arguments) and is_temporary(_name(call)):
            assert f"{BEGUN}/{_key(_name(call))}" in said, "a file was made that nobody knows of"
            made += 1
        if call.name.startswith("unlink") and b"/from/" in call.strings[0]:
            assert f"{COMMITTED}/{_name(call)}" in said, "a source went before its copy was sure"
            went += 1
    scenario = SCENARIOS[name]
    assert made == len(scenario.files)
    assert went == (len(scenario.files) if scenario.move else 0)
    assert stored >= (9 if scenario.part else 0)


def _name(call: Recalled) -> str:
    return os.fsdecode(call.strings[-1]).rpartition("/")[2]


def _key(name: str) -> str:
    return name.rsplit(".", 2)[1]


def _is_stored(disk: Disk, key: str, sent: str) -> bool:
    """Whether the job's file has no name yet; then `sent` bytes of it are on the disk."""
    found = [file for name, file in disk.files() if is_temporary(name) and _key(name) == key]
    for file in found:
        assert len(content(file.lasting)[0]) >= int(sent), "it was journaled before it was stored"
    return bool(found)


# The disk itself: it must drop what was not synced, and nothing else


class Script:
    """Calls of one process on a disk whose folder is `top`."""

    def __init__(self, top: Path) -> None:
        self.disk = Disk(top, as_it_is(top))
        self._top, self._line = top, 0

    def __call__(self, name: str, *arguments: str | bytes, result: int = 0) -> Script:
        """Strings are given as bytes: names in the folder, or what is written."""
        self._line += 1
        paths = name != "write"
        strings = tuple(
            os.fsencode(self._top / os.fsdecode(text)) if paths else text
            for text in arguments
            if isinstance(text, bytes)
        )
        plain = tuple("$" if isinstance(text, bytes) else text for text in arguments)
        self.disk.apply(Recalled(name, plain, strings, result, self._line, self._line))
        return self

    def left(self, manner: Manner, folder: Path) -> dict[str, bytes]:
        shutil.rmtree(folder, ignore_errors=True)
        Left.of(self.disk.root, manner, random.Random(1)).write(self.disk.root, folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """A process that has written b"new" to "part", beside an old "file"."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "file").write_bytes(b"old")
    script = Script(tmp_path / "top")
    script("openat", "AT_FDCWD", b"", "O_RDONLY|O_DIRECTORY", result=4)
    script("openat", "AT_FDCWD", b"part", "O_WRONLY|O_CREAT|O_EXCL", "0600", result=5)
    return script("write", "5", b"new", "3", result=3)


def test_the_disk_drops_bytes_and_names_that_were_not_synced(
    script: Script, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    assert script.left(Manner.NOTHING, left) == {"file": b"old"}
    assert script.left(Manner.NAMES, left) == {"file": b"old", "part": b""}
    assert script.left(Manner.ALL, left) == {"file": b"old", "part": b"new"}
    script("fsync", "5")
    assert script.left(Manner.NOTHING, left) == {"file": b"old"}
    assert script.left(Manner.NAMES, left) == {"file": b"old", "part": b"new"}
    script("fsync", "4")
    assert script.left(Manner.NOTHING, left) == {"file": b"old", "part": b"new"}


def test_the_disk_shows_a_name_that_was_given_to_bytes_that_were_not_synced(
    script: Script, tmp_path: Path
) -> None:
    script("rename", b"part", b"file")("fsync", "4")
    assert script.left(Manner.NOTHING, tmp_path / "left") == {"file": b""}


def test_the_disk_keeps_the_old_file_until_a_synced_directory_says_otherwise(
    script: Script, tmp_path: Path
) -> None:
    script("fsync", "5")("fsync", "4")("rename", b"part", b"file")
    assert script.left(Manner.NOTHING, tmp_path / "left") == {"file": b"old", "part": b"new"}
    assert script.left(Manner.NAMES, tmp_path / "left") == {"file": b"new"}
    script("fsync", "4")
    assert script.left(Manner.NOTHING, tmp_path / "left") == {"file": b"new"}
