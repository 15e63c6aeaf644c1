"""Two trees compared and made alike in a real terminal, against a real sshd."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tui.hosts import stop_host
from tests.tui.terminal import Terminal, tmux_found

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

pytestmark = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")

_OLD, _LATER = 1_700_000_000, 1_700_100_000  # Unix seconds
_LEFT = {"same": _OLD, "changed": _LATER, "größe.txt": _OLD, "deep/er/new": _OLD}
_RIGHT = {"same": _OLD, "changed": _OLD, "mine": _OLD, "old/rest": _OLD}


@pytest.fixture
def short_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Socket paths must stay short. Its host ends before it goes."""
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        monkeypatch.setenv("WHARFIE_HOME", f"{name}/home")
        yield Path(name)
        stop_host()


def _fill(top: Path, files: Mapping[str, int]) -> Path:
    for way, modified in files.items():
        path = top / way
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{way} of {modified}")
        os.utime(path, (modified, modified))
    return top


def _tree(top: Path) -> dict[str, str]:
    files = (path for path in top.rglob("*") if path.is_file())
    return {path.relative_to(top).as_posix(): path.read_text() for path in files}


def test_two_trees_are_compared_one_row_is_turned_round_and_both_are_equal_then(
    openssh: OpenSSH, short_directory: Path
) -> None:
    left, right = _fill(short_directory / "l", _LEFT), _fill(short_directory / "r", _RIGHT)
    known_hosts = short_directory / "home" / "known_hosts"
    known_hosts.parent.mkdir(mode=0o700)
    known_hosts.write_text(openssh.known_hosts_line + "\n")
    env = {"SFTP_KEY": str(openssh.key_path)}
    words = (str(left), f"{openssh.endpoint}{right}")
    with Terminal(short_directory, *words, env=env, width=100, height=30) as screen:
        screen.until("größe.txt", "mine")
        screen.press("C-d")
        screen.until("▲ newer", "+ new", "- only right", "1 the same", gone="Esc stops")
        screen.press("/")
        screen.type("mine")
        screen.until("mine", gone="größe.txt")
        screen.press("Enter", "Left")
        screen.until("[x] - only right mine", "← ")
        screen.press("/", "Escape")
        screen.until("größe.txt")
        screen.press("x", "k")
        screen.until("✗ 2 right", "are gone for good")
        screen.press("Enter")
        screen.until("6 done")
        wanted = _tree(left)
        assert _tree(right) == wanted
        assert set(wanted) == {*_LEFT, "mine"}
        assert not (right / "old").exists()
        screen.press("C-d")
        screen.until("Nothing differs: 5 the same.")
        screen.press("Escape")
        screen.until("5 entries")
        screen.press("F10")
        screen.until_ended(0)
