"""Starting the screen: a terminal that can show it, a queue behind it, and a clean end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any, cast

from providers.access import Access
from providers.base import Place
from providers.errors import Unsupported
from transfers.model import Verify
from transfers.queue_api import Queue
from tui import slow_line
from tui.bookmarks import BookmarksFile
from tui.headless.arriving import ArrivingQueue
from tui.headless.attach import attach
from tui.lasting_stream import LastingStream
from tui.own_keys import read_keys
from tui.settings import Home
from tui.settings_file import SettingsFile

# Threads that list and sort give way to who presses a key: of four busy ones it waits a quarter as
# long as with Python's own 0.005 (textual.md).
_SWITCH_SECONDS = 0.0005


def run_screen(
    home: Home, access: Access, left: Place, right: Place, *, env_file: Path | None = None
) -> int:
    """Open the panes at `left` and `right` on the one queue of `home`, and return on quit.

    The queue lives in a process of its own, started here when there is none; the panes do not wait
    for it. Raises Unsupported without a usable terminal, QueueInUse, JournalError, Intruder when
    the queue cannot be reached.
    """
    require_terminal()
    queue = ArrivingQueue(lambda: attach(home, access, env_file=env_file))
    try:
        code = show_panes(
            queue,
            access,
            left,
            right,
            settings=SettingsFile(home.settings_file),
            keys_file=home.keys_file,
            bookmarks=BookmarksFile(home.bookmarks_file),
            pause_and_stop=queue.pause_and_stop,
        )
        queue.raise_failure()
        return code
    finally:
        queue.close()


def show_panes(
    queue: Queue,
    access: Access,
    left: Place,
    right: Place,
    *,
    verify: Verify = Verify.AUTO,
    settings: SettingsFile | None = None,
    keys_file: Path | None = None,
    bookmarks: BookmarksFile | None = None,
    pause_and_stop: Callable[[], object] | None = None,
    recent: Sequence[str] = (),
) -> int:
    """The panes on `queue`, until the person quits; what there is to say then is printed.

    `recent`: addresses that are offered to be opened. Raises KeyboardInterrupt when the system
    told it to end (by a signal); the terminal is as it was, then.
    """
    prepare_textual(os.environ)
    from tui.app import WharfieApp  # Textual reads its environment when it is imported
    from tui.paste_guard import guard_pastes

    guard_pastes()
    app = WharfieApp(
        queue,
        access,
        left,
        right,
        verify=verify,
        settings=settings,
        key_map=None if keys_file is None else read_keys(keys_file),
        keys_file=keys_file,
        bookmarks=bookmarks,
        pause_and_stop=pause_and_stop,
        recent=recent,
    )
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        app.run()
    finally:  # also after a crash: the terminal is a person's own again
        _take_back(app.signs.taken_back())
    if app.leaving.told_to_end:
        raise KeyboardInterrupt
    for line in app.leaving.lines:
        print(line)
    return app.return_code or 0


def _take_back(signs: str) -> None:
    if signs and sys.__stderr__ is not None:
        sys.__stderr__.write(signs)
        sys.__stderr__.flush()


def prepare_textual(environ: MutableMapping[str, str]) -> None:
    """Settings that Textual reads at import, and a stream that can hold any name, and outlives
    its terminal."""
    if slow_line.is_slow(environ):
        environ.setdefault("TEXTUAL_FPS", str(slow_line.FRAMES))
        environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    stream = sys.__stderr__  # Textual draws there; other encodings break the layout
    if stream is None or isinstance(stream, LastingStream):
        return
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="replace")
    cast(Any, sys).__stderr__ = LastingStream(stream)


def require_terminal() -> None:
    """Raise Unsupported unless the panes can be shown here."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Unsupported(
            "",
            "the panes need a terminal",
            advice="Run it in one, or use `wharfie ls` and `wharfie copy`.",
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise Unsupported(
            "",
            "this terminal cannot move its cursor (TERM is dumb or not set)",
            advice="Use another terminal, or `wharfie ls` and `wharfie copy`.",
        )
