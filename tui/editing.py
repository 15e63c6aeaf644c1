"""A person's own editor on a file of this computer, while the screen is put aside."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.app import App, SuspendNotSupported

from providers.errors import Unsupported

_USUAL = "notepad" if os.name == "nt" else "vi"
_ADVICE = "Set VISUAL or EDITOR to one that runs in a terminal."


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """The editor as words, without the file: VISUAL, else EDITOR, else the usual one."""
    for name in ("VISUAL", "EDITOR"):
        words = shlex.split(environment.get(name, ""), posix=os.name != "nt")
        if words:
            return words
    return [_USUAL]


def run_editor(app: App[None], path: Path) -> int:
    """Edit `path`; returns the editor's exit status. Blocking, with the terminal handed over.

    No shell takes part. Raises Unsupported where no editor can be started.
    """
    try:
        command = editor_command(os.environ)
    except ValueError as error:
        raise Unsupported("", "VISUAL or EDITOR is not quoted right", advice=_ADVICE) from error
    status: int | OSError
    try:
        with app.suspend():
            status = _run([*command, str(path)])
    except SuspendNotSupported as error:
        raise Unsupported("", "this terminal cannot be handed to an editor") from error
    if isinstance(status, OSError):
        raise Unsupported(command[0], "it cannot be started", advice=_ADVICE) from status
    return status


def _run(command: Sequence[str]) -> int | OSError:
    """While the screen is put aside: what is raised then leaves it there, and what is awaited hangs
    it (Textual 8.2)."""
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as error:
        return error
