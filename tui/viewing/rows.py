"""Text as it is drawn: everything that could steer a terminal is written out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells

from providers.records import dataclass
from providers.text import printable

TAB = 8  # cells
CONTROL, FAINT, FOUND = "control", "faint", "found"


@dataclass(frozen=True, slots=True)
class Run:
    """So many characters in one look; "" is plain, "#rrggbb on #rrggbb" a colour of its own."""

    length: int
    look: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the screen, or one that is yet to be cut: safe text; `runs` cover its beginning."""

    text: str = ""
    runs: tuple[Run, ...] = ()

    def part(self, start: int, end: int) -> Row:
        """Some of its characters."""
        return Row(self.text[start:end], tuple(_clipped(self.runs, start, end)))


def visible(text: str, runs: Sequence[Run] = ()) -> Row:
    """`text` without its line end. `runs`: of its characters."""
    text = text.removesuffix("\n").removesuffix("\r")
    if text.isprintable():
        return Row(text, tuple(_clipped(runs, 0, len(text))))
    shown: list[str] = []
    looks: list[Run] = []
    column = 0
    for char, look in zip(text, _each(runs, len(text)), strict=True):
        piece = " " * (TAB - column % TAB) if char == "\t" else printable(char)
        shown.append(piece)
        looks.append(Run(len(piece), look if piece == char or char == "\t" else CONTROL))
        column += len(piece) if piece.isascii() else cell_len(piece)
    return Row("".join(shown), tuple(joined(looks)))


def wrapped(row: Row, width: int) -> list[Row]:
    """`row` in pieces of at most `width` cells; one at least."""
    ends: list[int] = []
    if row.text.isascii():
        ends = list(range(width, len(row.text), width))
    else:
        at = 0
        for piece in chop_cells(row.text, width)[:-1]:
            at += len(piece)
            ends.append(at)
    starts = [0, *ends]
    return [row.part(a, b) for a, b in zip(starts, [*ends, len(row.text)], strict=True)]


def marked(row: Row, pattern: re.Pattern[str] | None) -> Row:
    """`row` with every match of `pattern` shown."""
    spans = [] if pattern is None else [m.span() for m in pattern.finditer(row.text)]
    if not any(end > start for start, end in spans):
        return row
    looks = list(_each(row.runs, len(row.text)))
    for start, end in spans:
        looks[start:end] = [FOUND] * (end - start)
    return Row(row.text, tuple(joined(Run(1, look) for look in looks)))


def joined(runs: Iterable[Run]) -> list[Run]:
    """Neighbours of one look as one run."""
    result: list[Run] = []
    for run in runs:
        if result and result[-1].look == run.look:
            result[-1] = Run(result[-1].length + run.length, run.look)
        else:
            result.append(run)
    return result


def _each(runs: Sequence[Run], count: int) -> Iterable[str]:
    """The look of each of `count` characters."""
    for run in runs:
        for _ in range(min(run.length, count)):
            yield run.look
        count -= min(run.length, count)
    for _ in range(count):
        yield ""


def _clipped(runs: Iterable[Run], start: int, end: int) -> Iterable[Run]:
    at = 0
    for run in runs:
        first, last = max(at, start), min(at + run.length, end)
        if first < last:
            yield Run(last - first, run.look)
        at += run.length
