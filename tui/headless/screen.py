"""Starting the screen: a terminal that can show it, a queue behind it, and a clean end."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

from providers.access import Access
from providers.base import Place
from providers.errors import Unsupported
from providers.registry import open_provider
from transfers.engine import Engine
from transfers.model import Verify
from tui.settings import Home

_FRAMES_OVER_SSH = "20"  # a second: held keys cost a third of the bytes of 60 (textual.md)


def run_screen(
    home: Home, access: Access, left: Place, right: Place, *, verify: Verify = Verify.AUTO
) -> int:
    """Open the panes at `left` and `right` and return when the person quits.

    Raises Unsupported without a usable terminal, QueueInUse, JournalError.
    """
    _require_terminal()
    prepare_textual(os.environ)
    from tui.app import WharfieApp  # Textual reads its environment when it is imported

    engine = Engine(home.queue, lambda endpoint: open_provider(endpoint, access))
    try:
        app = WharfieApp(engine, access, left, right, verify=verify)
        app.run()
    finally:
        engine.close()
    return app.return_code or 0


def prepare_textual(environ: MutableMapping[str, str]) -> None:
    """Settings that Textual reads at import, and a stream that can hold any name."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        environ.setdefault("TEXTUAL_FPS", _FRAMES_OVER_SSH)
        environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    stream = sys.__stderr__  # Textual draws there; other encodings break the layout
    if stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="replace")


def _require_terminal() -> None:
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
