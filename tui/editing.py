"""A person's own editor on a file of this computer, while the screen is put aside."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
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
    try:
        with app.suspend():  # nothing is awaited in here: that would hang the screen
            return subprocess.run([*command, str(path)], check=False).returncode
    except SuspendNotSupported as error:
        raise Unsupported("", "this terminal cannot be handed to an editor") from error
    except OSError as error:
        raise Unsupported(command[0], "it cannot be started", advice=_ADVICE) from error
