"""The person's own editor: which one, and how it is given the terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from textual.app import App, SuspendNotSupported

from providers.errors import Unsupported

_NAMED_IN = ("VISUAL", "EDITOR")
_USUAL = ("sensible-editor", "nano", "vim", "vi", "notepad")
_ADVICE = "Set EDITOR to the editor of your choice, such as nano or “code --wait”."
_OURS_TO_LEAVE = [s for s in signal.Signals if s.name == "SIGINT"]
_OURS_TO_STOP = [s for s in signal.Signals if s.name == "SIGTSTP"]
_AFTERWARDS = [s for s in signal.Signals if s.name in ("SIGTERM", "SIGHUP")]

Which = Callable[[str], str | None]


def editor_words(environ: Mapping[str, str], which: Which = shutil.which) -> Sequence[str]:
    """The command of VISUAL, else of EDITOR, else what most systems have. Raises Unsupported."""
    for name in _NAMED_IN:
        if value := environ.get(name, "").strip():
            return _named(name, value, which)
    for word in _USUAL:
        if found := which(word):
            return [found]
    raise Unsupported("", "no editor was found", advice=_ADVICE)


def _named(name: str, value: str, which: Which) -> Sequence[str]:
    if which(value):  # a path with a space in it
        return [value]
    try:
        words = shlex.split(value, posix=os.name != "nt")
    except ValueError:
        words = [value]
    words = [word.strip('"') for word in words] if os.name == "nt" else words
    if not words or which(words[0]) is None:
        what = f"{name} is “{value}”, and there is no such program"
        raise Unsupported("", what, advice=_ADVICE)
    return words


def run_editor(app: App[None], words: Sequence[str], path: Path) -> int:
    """Give the terminal to the editor until it ends; its exit status.

    It blocks the screen, as it must: awaiting while suspended hangs the app. No shell takes part.
    Raises Unsupported where it cannot be started.
    """
    status: int | OSError
    try:
        with app.suspend(), _its_signals():
            status = _run([*words, str(path)])
    except SuspendNotSupported as error:
        what = "this terminal cannot be given to an editor"
        raise Unsupported("", what, advice="Start Wharfie in another one.") from error
    if isinstance(status, OSError):
        what = f"{words[0]} could not be started ({status.strerror})"
        raise Unsupported("", what, advice=_ADVICE) from status
    return status


def _run(command: Sequence[str]) -> int | OSError:
    """What is raised while the screen is put aside leaves it there (Textual 8.2)."""
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as error:
        return error


@contextmanager
def _its_signals() -> Iterator[None]:
    """Keys of the terminal are for the editor: Ctrl+C does not end the screen, Ctrl+Z stops both,
    so that the shell has the terminal then. What ends the screen waits until the editor has ended.
    """
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        yield
        return
    late: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if number in _AFTERWARDS:
            late.append(number)

    wakeup = signal.set_wakeup_fd(-1)  # else the loop hears of them, too
    heard = {number: signal.signal(number, note) for number in (*_OURS_TO_LEAVE, *_AFTERWARDS)}
    heard |= {number: signal.signal(number, signal.SIG_DFL) for number in _OURS_TO_STOP}
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for each in late:
            signal.raise_signal(each)
