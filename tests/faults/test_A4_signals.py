"""faults.md A4: told to end, `wharfie copy` is gone soon and keeps its queue; stopped, it waits."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.names import is_temporary
from transfers.journal import Journal
from transfers.model import UNFINISHED, Job
from tui.settings import home_in

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these signals are POSIX")
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
PROMISED_SECONDS = 2.0  # for a checkpoint: what does not end by then is cut off
ENDING_SECONDS = 1.0  # of a process that had to cut something off
ATTEMPTS = 3  # one must be in time: a machine that runs the tests may be busy
SECONDS = 60.0  # only reached when a test fails
BETWEEN_SECONDS = 0.05  # a second signal comes while the first is heeded
SIZE = 3_000_000  # bytes
SLOW = "300K"
# What a shell does for its job: default signals, and a terminal that its end hangs up.
LAUNCHER = """
import os, signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
if sys.argv[1] == "terminal":
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "tui", *sys.argv[2:]])
"""


@pytest.fixture
def big(tmp_path: Path) -> Path:
    (tmp_path / "to").mkdir()
    (tmp_path / "big").write_bytes(os.urandom(SIZE))
    return tmp_path / "big"


class Shell:
    """Starts `wharfie` as a shell with job control does: in a process group of its own."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []

    def start(
        self, *words: str | Path, env: Mapping[str, str] | None = None, terminal: int | None = None
    ) -> subprocess.Popen[str]:
        """`terminal`: the side of a terminal that is to control it."""
        place = "group" if terminal is None else "terminal"
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, place, *map(str, words)],
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
            env={**os.environ, **(env or {})},
            process_group=0 if terminal is None else None,
            start_new_session=terminal is not None,
        )
        self._started.append(process)
        return process

    def finish(self, env: Mapping[str, str] | None = None) -> None:
        """Work what is left, as a person would."""
        process = self.start("queue", "run", env=env)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, out + err

    def close(self) -> None:
        for process in self._started:
            if process.returncode is None:
                process.kill()
                process.communicate()


@pytest.fixture
def shell() -> Iterator[Shell]:
    running = Shell()
    yield running
    running.close()


def wait_until_under_way(process: subprocess.Popen[str], folder: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not under_way(folder):
        if process.poll() is not None:
            out, err = process.communicate()
            pytest.fail(f"it ended with {process.returncode}: {out} {err}")
        assert time.monotonic() < deadline, "it never got under way"
        time.sleep(0.01)  # another process's files have no event to wait for


def under_way(folder: Path) -> bool:
    return any(path.stat().st_size for path in folder.iterdir() if is_temporary(path.name))


def kept(home: Path) -> list[Job]:
    """The jobs that wait for the next run."""
    journal = Journal(home_in(home / "wharfie").queue / "queue.db")
    try:
        return [job for job in journal.load() if job.state in UNFINISHED]
    finally:
        journal.close()


def tell(process: subprocess.Popen[str], name: str, times: int) -> float:
    """Send it a signal, again while it is still ending; returns when it was first told."""
    told = time.monotonic()
    process.send_signal(signal.Signals[name])
    for _ in range(times - 1):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(BETWEEN_SECONDS)
        process.send_signal(signal.Signals[name])
    return told


def ended(process: subprocess.Popen[str], told: float) -> tuple[float, str]:
    """How long it took, and what it said."""
    _, err = process.communicate(timeout=SECONDS)
    took = time.monotonic() - told
    assert process.returncode == 130, err
    assert "Traceback" not in err
    return took, err


def in_time(attempt: Callable[[], float], seconds: float = PROMISED_SECONDS) -> None:
    """`attempt` returns how long the end took: at least once no longer than is promised."""
    took: list[float] = []
    while not took or took[-1] > seconds:
        assert len(took) < ATTEMPTS, f"it took {took} seconds"
        took.append(attempt())


def finished(shell: Shell, big: Path, env: Mapping[str, str] | None = None) -> None:
    """A later run finishes; nothing else is left, and it can be copied again."""
    shell.finish(env)
    copy = big.parent / "to" / "big"
    assert copy.read_bytes() == big.read_bytes()
    assert [path.name for path in copy.parent.iterdir()] == ["big"]
    copy.unlink()


@pytest.mark.parametrize("times", [1, 2], ids=["told once", "told twice"])
@pytest.mark.parametrize("name", ENDING)
def test_A4_told_to_end_it_keeps_the_queue_and_a_later_run_finishes(
    name: str, times: int, shell: Shell, big: Path, isolated_home: Path
) -> None:
    def attempt() -> float:
        process = shell.start("copy", big, big.parent / "to", "--limit", SLOW)
        wait_until_under_way(process, big.parent / "to")
        took, err = ended(process, tell(process, name, times))
        assert "the queue is kept" in err
        assert len(kept(isolated_home)) == 1
        finished(shell, big)
        return took

    in_time(attempt)


@pytest.fixture
def sftp(openssh: OpenSSH, isolated_home: Path) -> Mapping[str, str]:
    (isolated_home / "wharfie").mkdir(mode=0o700)
    (isolated_home / "wharfie" / "known_hosts").write_text(openssh.known_hosts_line + "\n")
    return {"SFTP_KEY": str(openssh.key_path)}


@pytest.mark.parametrize("times", [1, 2], ids=["told once", "told twice"])
def test_A4_a_server_that_no_longer_answers_does_not_keep_it(
    times: int,
    shell: Shell,
    big: Path,
    openssh: OpenSSH,
    sftp: Mapping[str, str],
    isolated_home: Path,
) -> None:
    target = f"{openssh.endpoint}{big.parent}/to"

    def attempt() -> float:
        process = shell.start("copy", big, target, "--limit", SLOW, env=sftp)
        wait_until_under_way(process, big.parent / "to")
        openssh.freeze_connections()
        try:
            took, _ = ended(process, tell(process, "SIGINT", times))
        finally:
            openssh.drop_connections()
        assert len(kept(isolated_home)) == 1
        finished(shell, big, sftp)
        return took

    in_time(attempt, PROMISED_SECONDS + ENDING_SECONDS)


def test_A4_stopped_with_ctrl_z_it_stands_still_and_goes_on_in_the_foreground(
    shell: Shell, big: Path
) -> None:
    process = shell.start("copy", big, big.parent / "to", "--limit", "1M")
    wait_until_under_way(process, big.parent / "to")
    process.send_signal(signal.SIGTSTP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    assert not (big.parent / "to" / "big").exists()
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert (big.parent / "to" / "big").read_bytes() == big.read_bytes()


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal's two sides: ours and the program's."""
    import pty

    ours, theirs = pty.openpty()
    yield ours, theirs
    for side in (ours, theirs):
        try:
            os.close(side)
        except OSError:  # closed by the test
            continue


def test_A4_a_terminal_that_is_closed_ends_it_with_the_queue_kept(
    shell: Shell, big: Path, isolated_home: Path, terminal: tuple[int, int]
) -> None:
    """What it would still say has nowhere to go by then."""
    ours, theirs = terminal
    process = shell.start(
        *("copy", big, big.parent / "to", "--limit", SLOW),
        terminal=theirs,
    )
    os.close(theirs)
    wait_until_under_way(process, big.parent / "to")
    os.close(ours)
    process.wait(SECONDS)
    assert process.returncode == 130
    assert len(kept(isolated_home)) == 1
    finished(shell, big)
