"""What the terminal can take, and what is written to it beside what Textual draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import App

from tui.choices import Glyphs

SHOW_CURSOR = "\x1b[?25h"


def wants_ascii(glyphs: Glyphs, environ: Mapping[str, str]) -> bool:
    """Whether only ASCII may be drawn: where a person says so, or where the locale names another
    encoding than UTF-8. "C" names none, and Python takes it for UTF-8 (PEP 538)."""
    if glyphs is not Glyphs.AUTO:
        return glyphs is Glyphs.ASCII
    named = next((v for k in ("LC_ALL", "LC_CTYPE", "LANG") if (v := environ.get(k))), "")
    _, _, encoding = named.partition(".")
    return bool(encoding) and encoding.partition("@")[0].lower().replace("-", "") != "utf8"


def write(app: App[Any], sequence: str) -> None:
    """Send an escape sequence of our own between two frames; nowhere without a terminal.

    Textual has no public way for it: its driver's `write` is what it uses itself.
    """
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(sequence)
        driver.flush()
