"""How many cells of a terminal a text takes. Rich knows it; plain text takes one a character, and
most commands that print need not import Rich for it."""

from __future__ import annotations


def cell_len(text: str) -> int:
    """As `rich.cells.cell_len`."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich import cells

    return cells.cell_len(text)


def split_graphemes(text: str) -> list[tuple[int, int, int]]:
    """The start, end and cells of each letter with its marks."""
    from rich import cells

    return cells.split_graphemes(text)[0]
