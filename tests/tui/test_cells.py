"""Cells of plain text are counted without Rich, as Rich does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich import cells as rich_cells

from tui import cells

_plain = st.text(st.characters(max_codepoint=127))


@given(st.one_of(_plain, st.text()))
def test_a_text_takes_the_cells_that_rich_says(text: str) -> None:
    assert cells.cell_len(text) == rich_cells.cell_len(text)


@given(st.text())
def test_letters_are_those_that_rich_tells_apart(text: str) -> None:
    assert cells.split_graphemes(text) == rich_cells.split_graphemes(text)[0]
