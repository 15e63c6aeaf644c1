"""The last look at every line before it reaches the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("─━═╌╍┄┅┈┉▁▔‾—–", "-"),
        **dict.fromkeys("│┃║╎╏┆┇┊┋▏▕▌▐▎▍▋▊▉", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
        **dict.fromkeys("█▀▄▂▃▅▆▇■▪▓▒░", "#"),
        **dict.fromkeys("●•◆", "*"),
        **dict.fromkeys("·∙○", "."),
        **dict.fromkeys("↑▲△⌃", "^"),
        **dict.fromkeys("↓▼▽⌄", "v"),
        **dict.fromkeys("←‹«◀◂", "<"),
        **dict.fromkeys("→›»▶▸", ">"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‘’‚", "'"),
        "…": "~",
        "×": "x",
        "⇄": "=",
        "≠": "#",
        "✓": "v",
        "✗": "x",
        "\u00a0": " ",
    }
)
"""What the screen itself draws, in ASCII; each takes one cell, as before."""


class VisibleText(LineFilter):
    """Nothing that steers a terminal leaves the screen as text (faults.md 3): the dam behind
    `providers.text.printable`, which has made such text readable where it came in."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [_with(segment, _visible) for segment in segments]


class PlainGlyphs(LineFilter):
    """ASCII alone, for a terminal that reads another encoding than UTF-8; widths stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [_with(segment, plain) for segment in segments]


def _with(segment: Segment, change: Callable[[str], str]) -> Segment:
    text, style, control = segment
    return (
        segment
        if control or (text.isascii() and text.isprintable())
        else Segment(change(text), style)
    )


@lru_cache(4096)
def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " * cell_len(c) for c in text)


@lru_cache(4096)
def plain(text: str) -> str:
    """`text` in ASCII: accents go, what is not known becomes "?" for each cell it takes."""
    return "".join(map(_plain_character, text.translate(_PLAIN)))


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    base = unicodedata.normalize("NFKD", character)[:1]
    width = cell_len(character)
    return base if base.isascii() and base.isprintable() and width == 1 else "?" * width
