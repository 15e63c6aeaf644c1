"""Looking for something in what is read of a file. Pure; `finder` makes what a thread may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from tui.viewing.hex_page import HexPage
from tui.viewing.lines import Lines
from tui.viewing.list_page import ListPage
from tui.viewing.rows import Row
from tui.viewing.text_page import TextPage

_HEX = "0x"
Searched: TypeAlias = TextPage | HexPage | ListPage


def finder(page: Searched, wanted: str, step: int, start: int) -> Callable[[], int | None]:
    """What looks for `wanted` on a copy of what `page` is made of, from `start` on (a stretch, a
    byte of the file, a row), forwards or with `step` -1 backwards. Raises ValueError with a
    sentence."""
    if isinstance(page, HexPage):
        pattern = byte_pattern(wanted, "utf-8")
        first, data = page.window.start, bytes(page.window.data)

        def find() -> int | None:
            at = find_bytes(data, pattern, start - first, step)
            return None if at is None else first + at

        return find
    if isinstance(page, TextPage):
        lines = page.lines.copy()
        return partial(find_line, lines, text_pattern(wanted), start, step, len(wanted))
    return partial(_find_row, page.all_rows, text_pattern(wanted), start, step)


def reveal(page: Searched, wanted: str, at: int) -> None:
    """Bring what was found in sight, and show it there."""
    if isinstance(page, HexPage):
        page.pattern = byte_pattern(wanted, "utf-8")
        if not page.offset <= at < page.offset + page.height * page.per_row:
            page.show_offset(at)
            page.move(-(page.height // 3))
        return
    if isinstance(page, TextPage):
        page.look_for(text_pattern(wanted))
    else:
        page.pattern = text_pattern(wanted)
    page.show(at)


def next_start(page: Searched, found: int | None, step: int) -> int:
    """Where to look from: behind or before what was `found` last, else from what is in sight on.

    A line with several matches is found once.
    """
    if found is None:
        return page.offset if isinstance(page, HexPage) else page.top
    return found if isinstance(page, HexPage) and step < 0 else found + step


def _find_row(rows: list[Row], pattern: re.Pattern[str], start: int, step: int) -> int | None:
    index = start
    while 0 <= index < len(rows):
        if pattern.search(rows[index].text):
            return index
        index += step
    return None


def text_pattern(wanted: str) -> re.Pattern[str]:
    """`wanted` literally; capitals matter only where it has some."""
    flags = re.IGNORECASE if wanted == wanted.lower() else re.NOFLAG
    return re.compile(re.escape(wanted), flags)


def byte_pattern(wanted: str, encoding: str) -> re.Pattern[bytes]:
    """The bytes "0x1f8b", or those of a text. Raises ValueError with a sentence."""
    if wanted.startswith(_HEX):
        try:
            raw = bytes.fromhex(wanted.removeprefix(_HEX))
        except ValueError:
            raise ValueError("not hexadecimal: type bytes as 0x1f8b") from None
        return re.compile(re.escape(raw), re.DOTALL)
    try:
        raw = wanted.encode(encoding)
    except UnicodeEncodeError:
        raise ValueError(f"{encoding} has no such letters") from None
    flags = re.IGNORECASE if wanted == wanted.lower() else re.NOFLAG
    return re.compile(re.escape(raw), flags | re.DOTALL)


def find_line(
    lines: Lines, pattern: re.Pattern[str], start: int, step: int, longest: int
) -> int | None:
    """The first stretch from `start` on that has a match; `step` -1 goes back.

    `longest`: characters of a match. It may begin in one stretch of a long line and end in the
    next.
    """
    index = start
    while 0 <= index < len(lines):
        text = lines.text(index)
        if index + 1 < len(lines) and not lines.begins(index + 1):
            text += lines.text(index + 1)[: longest - 1]
        if pattern.search(text):
            return index
        index += step
    return None


def find_bytes(data: bytes, pattern: re.Pattern[bytes], start: int, step: int) -> int | None:
    """Where in `data` the first match from `start` on begins; `step` -1: the last before it."""
    if step > 0:
        match = pattern.search(data, max(0, start))
        return None if match is None else match.start()
    last = None
    for match in pattern.finditer(data, 0, max(0, start)):
        last = match.start()
    return last


def place_typed(text: str, size: int | None) -> tuple[str, int] | None:
    """What a person means by "120", "0x1f00", "@4096" or "50%": ("line", n) or ("byte", n);
    None for anything else."""
    words = text.strip().replace(",", "").replace("_", "")
    try:
        if words.endswith("%"):
            share = min(100.0, max(0.0, float(words[:-1])))
            return None if size is None else ("byte", int(size * share / 100))
        if words.lower().startswith(_HEX):
            return "byte", int(words, 16)
        if words.startswith("@"):
            return "byte", max(0, int(words[1:]))
        return "line", max(1, int(words))
    except ValueError:
        return None
