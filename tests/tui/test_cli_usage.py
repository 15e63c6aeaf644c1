"""Wrong use is exit 2 with a sentence; the rest of the frame of the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.tui.cli_runner import wharfie
from tui.cli import main


def test_version_names_the_program() -> None:
    done = wharfie("--version")
    assert done.code == 0
    assert done.out.startswith("wharfie ")


def test_help_lists_every_command() -> None:
    done = wharfie("--help")
    assert done.code == 0
    for command in ("demo", "ls", "copy", "mirror", "verify", "queue", "attach"):
        assert command in done.out


def test_help_of_queue_lists_every_action() -> None:
    done = wharfie("queue", "--help")
    for action in (
        *("list", "run", "pause", "resume", "retry", "cancel", "clear", "move", "receipt"),
        *("priority", "limit", "hold", "go"),
    ):
        assert f" {action} " in done.out


def test_help_of_copy_tells_every_option() -> None:
    done = wharfie("copy", "--help")
    for option in (
        *("--move", "--on-conflict", "--verify", "--jobs", "--limit"),
        *("--accept-new", "--env-file", "--json"),
    ):
        assert option in done.out


def test_help_of_mirror_tells_every_option() -> None:
    done = wharfie("mirror", "--help")
    for option in (
        *("--delete", "--dry-run", "--compare", "--json", "--trash", "--backup", "--max-delete"),
        *("--yes", "--exclude", "--include", "--exclude-from", "--links", "--no-moved", "--verify"),
        *("--save-plan", "--plan", "--receipt", "--skip-if-running", "--summary", "--limit"),
    ):
        assert option in done.out


@pytest.mark.parametrize(
    "words",
    [
        ("copy", "only-one"),
        ("mirror", "only-one"),
        ("mirror", "a", "b", "--compare", "whatever"),
        ("mirror", "a", "b", "--trash", "--backup", "c"),
        ("verify",),
        ("copy", "a", "b", "--on-conflict", "whatever"),
        ("copy", "a", "b", "--jobs", "0"),
        ("copy", "a", "b", "--limit", "fast"),
        ("ls",),
        ("ls", "sftp://user:secret@host/"),
        ("ls", "sftp://-oProxyCommand=touch/x"),
        ("ls", "sftp://"),
    ],
)
def test_wrong_use_is_exit_2_without_a_traceback(words: tuple[str, ...]) -> None:
    done = wharfie(*words)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert done.err


def test_a_password_in_an_address_is_not_repeated_in_the_message() -> None:
    done = wharfie("ls", "sftp://user:topsecret@host/")
    assert "topsecret" not in done.err + done.out
    assert "password" in done.err


def test_an_unknown_kind_of_place_is_named() -> None:
    done = wharfie("ls", "gopher://host/")
    assert done.code == 1
    assert "gopher" in done.err


def test_panes_without_a_terminal_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "need a terminal" in capsys.readouterr().err


def test_files_of_the_home_are_private(isolated_home: Path, tmp_path: Path) -> None:
    wharfie("copy", _file(tmp_path / "a"), tmp_path / "b")
    home = isolated_home / "wharfie"
    assert home.stat().st_mode & 0o777 == 0o700
    for name in home.iterdir():
        assert name.stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("problem", ["open to others", "a link", "missing"])
def test_an_unsafe_settings_file_is_refused(problem: str, tmp_path: Path) -> None:
    env_file = tmp_path / "my.env"
    if problem == "open to others":
        env_file.write_text("SFTP_PASSWORD=x\n")
        env_file.chmod(0o644)
    elif problem == "a link":
        _file(tmp_path / "real").chmod(0o600)
        env_file.symlink_to(tmp_path / "real")
    done = wharfie("ls", tmp_path, "--env-file", env_file)
    assert done.code == 1
    assert "settings file" in done.err


def test_a_settings_file_in_the_current_directory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / ".env"
    hostile.write_text("SFTP_HOST=evil.example\n")
    hostile.chmod(0o644)  # would be refused, were it read
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    assert wharfie("ls", tmp_path).code == 0


def _file(path: Path) -> Path:
    path.write_text("x")
    return path


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    _file(tmp_path / "file")
    done = wharfie("ls", tmp_path, env={"WHARFIE_HOME": str(tmp_path / "file" / "home")})
    assert done.code == 1
    assert "WHARFIE_HOME" in done.err
    assert "Traceback" not in done.err


def test_a_home_in_which_nothing_can_be_made_is_one_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "wharfie.log").mkdir(parents=True)  # as a read-only disk: there, and not writable
    done = wharfie("queue", env={"WHARFIE_HOME": str(home)})
    assert done.code == 1
    assert "WHARFIE_HOME" in done.err
    assert "Traceback" not in done.err


def test_cancel_without_numbers_says_how_to_name_them() -> None:
    done = wharfie("queue", "cancel")
    assert done.code == 2
    assert "say which transfers to cancel. Name their numbers" in done.err
