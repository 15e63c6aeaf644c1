"""Text that is looked into: encodings, lines, what is drawn of hostile ones, moving, searching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.viewing import search
from tui.viewing.encodings import guess
from tui.viewing.lines import LONGEST, Lines
from tui.viewing.rows import CONTROL, FOUND, Run, marked, visible, wrapped
from tui.viewing.text_page import TextPage
from tui.viewing.window import MOST, Window


def window_of(data: bytes, size: int | None = None) -> Window:
    window = Window(0, len(data) if size is None else size)
    window.append(data)
    return window


def page_of(data: bytes, encoding: str = "utf-8", width: int = 20, height: int = 5) -> TextPage:
    page = TextPage(window_of(data), encoding)
    page.resize(width, height)
    return page


def shown(page: TextPage) -> list[str]:
    return [row.text for row in page.rows()]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"", "utf-8"),
        (b"plain\r\n", "utf-8"),
        ("größer".encode(), "utf-8"),
        ("größer".encode()[:3], "utf-8"),  # cut in the middle of a letter
        ("größer".encode("latin-1"), "latin-1"),
        (b"\xef\xbb\xbfx", "utf-8"),
        ("\ufeffhallo".encode("utf-16-le"), "utf-16-le"),
        ("\ufeffhallo".encode("utf-16-be"), "utf-16-be"),
        ("hallo, welt".encode("utf-16-le"), "utf-16-le"),
        ("hallo, welt".encode("utf-16-be"), "utf-16-be"),
        (b"\x1b[31mred\x1b[0m", "utf-8"),
        (b"ELF\x00\x01\x02\x00\x00", None),
        (bytes(range(1, 32)) * 4, None),
        ("\ufeffx".encode("utf-32-le"), None),
    ],
)
def test_an_encoding_is_told_from_how_a_file_begins(head: bytes, encoding: str | None) -> None:
    assert guess(head) == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "latin-1"])
@given(text=st.text(st.sampled_from("aä\n\r日😀Ċ਀"), max_size=60), cuts=st.lists(st.integers(1, 9)))
def test_lines_are_the_same_however_the_bytes_arrive(
    encoding: str, text: str, cuts: list[int]
) -> None:
    raw = text.encode(encoding, "replace")
    window = Window(0, len(raw))
    lines, at = Lines(window, encoding, 0), 0
    for cut in [*cuts, len(raw) or 1]:
        window.append(raw[at : at + cut])
        lines.grown()
        at += cut
    found = [lines.text(index) for index in range(len(lines))]
    assert "".join(found) == raw.decode(encoding)
    assert found == [part + "\n" for part in "".join(found).split("\n")[:-1]] + (
        [last] if (last := "".join(found).split("\n")[-1]) else []
    )
    assert [lines.number(index) for index in range(len(lines))] == [*range(1, len(lines) + 1)]


def test_a_line_without_end_is_cut_between_letters_and_keeps_its_number() -> None:
    window = window_of("日".encode() * 5000 + b"\nnext\n")
    lines = Lines(window, "utf-8", 0)
    cut = [lines.text(index) for index in range(len(lines))]
    assert "".join(cut[:-1]) == "日" * 5000 + "\n" and cut[-1] == "next\n"
    assert max(len(part.encode()) for part in cut) <= LONGEST
    assert lines.number(len(lines) - 2) == 1 and lines.number(len(lines) - 1) == 2


def test_a_mark_of_the_encoding_is_not_shown() -> None:
    assert shown(page_of(b"\xef\xbb\xbfone\ntwo")) == ["one", "two"]
    assert shown(page_of("\ufeffone\n".encode("utf-16-le"), "utf-16-le")) == ["one"]


@given(st.binary(max_size=300))
def test_nothing_in_a_file_reaches_the_terminal_but_printable_letters(data: bytes) -> None:
    for encoding in ("utf-8", "utf-16-le", "latin-1", "cp437", "shift_jis"):
        page = page_of(data, encoding)
        for wraps in (False, True):
            page.wraps = wraps
            page.resize(7, 200)
            assert all(text.isprintable() for text in shown(page))


def test_escapes_are_written_out_and_stand_apart() -> None:
    row = visible("a\x1b[31m\u202e\r\n")
    assert row.text == "a\\x1b[31m\\u202e"
    assert row.runs[1] == Run(4, CONTROL)


def test_a_lone_carriage_return_is_shown_and_one_of_a_line_end_is_not() -> None:
    assert visible("a\rb\r\n").text == "a\\x0db"


def test_tabs_go_to_the_next_eighth_column_also_behind_wide_letters() -> None:
    assert visible("a\tb").text == "a       b"
    assert visible("日本\tb").text == "日本    b"


@given(st.text(st.sampled_from("ab日😀é"), max_size=80), st.integers(2, 12))
def test_wrapping_loses_nothing_and_fits(text: str, width: int) -> None:
    from rich.cells import cell_len

    rows = wrapped(visible(text), width)
    assert "".join(row.text for row in rows) == text
    assert all(cell_len(row.text) <= width for row in rows)


def test_what_was_looked_for_is_marked_within_other_looks() -> None:
    row = marked(visible("def def", (Run(3, "keyword"),)), search.text_pattern("ef d"))
    assert row.runs == (Run(1, "keyword"), Run(4, FOUND), Run(2, ""))


def test_wrapped_text_moves_row_by_row_and_back_to_where_it_was() -> None:
    page = page_of(b"\n".join(b"x" * n for n in range(0, 90, 7)))
    page.toggle_wrap()
    seen = []
    while not page.at_end:
        seen.append(shown(page))
        page.move(1)
    page.move(-1)
    for rows in reversed(seen):
        assert shown(page) == rows
        page.move(-1)
    assert page.top == page.sub == 0


def test_the_end_of_a_text_is_the_last_row_of_the_page() -> None:
    page = page_of(b"".join(b"line %d\n" % n for n in range(50)))
    page.to_end()
    assert shown(page) == [f"line {n}" for n in range(45, 50)]
    assert page.at_end


def test_line_numbers_do_not_count_the_rest_of_a_wrapped_line() -> None:
    page = page_of(b"x" * 30 + b"\nb\n")
    page.toggle_numbers()
    page.toggle_wrap()
    assert shown(page) == ["   1 " + "x" * 15, "     " + "x" * 15, "   2 b"]


def test_a_window_forgets_its_beginning_and_lines_keep_their_numbers() -> None:
    line = b"0123456789abcde\n"
    window = Window(0, None)
    page = TextPage(window, "utf-8")
    page.resize(80, 10)
    total = 0
    while total <= MOST + len(line):
        total += len(line) * 4096
        forgotten = window.append(line * 4096)
        page.forgot(forgotten)
        page.grown()
        page.to_end()
    assert window.start > 0 and len(window.data) <= MOST
    assert page.lines.number(len(page.lines) - 1) == total // len(line)
    assert page.lines.number(page.top) == total // len(line) - 9
    assert shown(page) == ["0123456789abcde"] * 10


def test_searching_goes_both_ways_and_ignores_case_unless_there_is_some() -> None:
    lines = Lines(window_of(b"one\nTwo\nthree two\n"), "utf-8", 0)
    pattern = search.text_pattern("two")
    assert search.find_line(lines, pattern, 0, 1, 3) == 1
    assert search.find_line(lines, pattern, 2, 1, 3) == 2
    assert search.find_line(lines, pattern, 1, -1, 3) == 1
    assert search.find_line(lines, search.text_pattern("Two"), 2, 1, 3) is None
    assert search.find_line(lines, search.text_pattern(".*"), 0, 1, 2) is None


def test_a_match_that_lies_across_a_cut_of_a_long_line_is_found() -> None:
    lines = Lines(window_of(b"x" * (LONGEST - 2) + b"needle" + b"x" * 50), "utf-8", 0)
    assert search.find_line(lines, search.text_pattern("needle"), 0, 1, 6) == 0


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("120", ("line", 120)),
        ("0x1F", ("byte", 31)),
        ("@4,096", ("byte", 4096)),
        ("50%", ("byte", 500)),
        ("", None),
        ("abc", None),
    ],
)
def test_places_are_typed_as_lines_bytes_or_shares(
    typed: str, place: tuple[str, int] | None
) -> None:
    assert search.place_typed(typed, 1000) == place
