"""What a person reads: sizes, times and names in a few cells."""

from __future__ import annotations

import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui import format as show

NOW = datetime(2026, 11, 22, 18, 0).timestamp()


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (512, "512 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_503_238_553, "1.4 GiB"),
        (1024**2 - 1, "1.0 MiB"),
        (100 * 1024, "100 KiB"),
        (-5, "?"),
    ],
)
def test_a_size_is_short_and_friendly(n: int | None, text: str) -> None:
    assert show.size(n) == text


@given(st.integers(min_value=0, max_value=10**40))
def test_a_size_never_needs_more_than_nine_cells(n: int) -> None:
    assert len(show.size(n)) <= 9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (math.nan, ""),
        (-3, "0:00"),
        (65, "1:05"),
        (3599.7, "1h 00m"),
        (7_380, "2h 03m"),
        (3 * 86400 + 5, "3d"),
        (math.inf, ">999d"),
    ],
)
def test_a_duration_shows_two_figures_at_most(seconds: float | None, text: str) -> None:
    assert show.duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "eta", "text"),
    [
        *((0.0, None, ""), (71.0, None, "stalled"), (0.001, None, "stalled")),
        *((71.0, 4.0, "71 B/s"), (2048.0, None, "2.0 KiB/s")),
    ],
)
def test_what_stands_still_is_said_to_and_not_how_fast(
    rate: float, eta: float | None, text: str
) -> None:
    assert show.speed(rate, eta) == text


def test_a_rate_is_a_size_a_second_and_survives_a_meter_gone_wild() -> None:
    assert show.rate(2048) == "2.0 KiB/s"
    assert show.rate(math.inf) == "0 B/s"


def test_a_time_takes_sixteen_cells_whatever_it_is() -> None:
    moment = datetime(2026, 3, 4, 5, 6).timestamp()
    assert show.when(moment, NOW) == "2026-03-04 05:06"
    assert show.when(NOW - 60, NOW) == "     today 17:59"
    for odd in (None, math.nan, math.inf, -1e300, 1e20, -62_135_596_800.0, 0.0):
        assert len(show.when(odd, NOW)) == 16


@pytest.mark.parametrize("clipper", [show.clip, show.clip_left, show.clip_middle])
@given(text=st.text(), width=st.integers(min_value=-1, max_value=30))
def test_clipped_text_is_safe_and_fits(clipper: object, text: str, width: int) -> None:
    assert callable(clipper)
    shown = clipper(text, width)
    assert shown.isprintable()
    assert cell_len(shown) <= max(0, width)


@given(text=st.text(), width=st.integers(min_value=0, max_value=30))
def test_fitted_text_fills_its_cells_exactly(text: str, width: int) -> None:
    assert cell_len(show.fit(text, width)) == width
    assert cell_len(show.fit(text, width, "right")) == width


def test_clipping_says_where_something_is_missing() -> None:
    assert show.clip("long-name.txt", 6) == "long-…"
    assert show.clip_left("/var/www/site", 6) == "…/site"
    assert show.clip_middle("report-final.pdf", 9) == "repo….pdf"
    assert show.clip("fits", 4) == "fits"


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert show.clip("日本語", 4) == "日…"
    assert show.fit("日本語", 4) == "日… "


def test_a_name_cannot_steer_the_terminal() -> None:
    assert show.clip("a\x1b[31mb", 40) == "a\\x1b[31mb"
    assert show.clip("exe\u202efdp", 40) == "exe\\u202efdp"


@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.3, 0.999, 1.0, 7.0, math.nan])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_bar_has_its_width(fraction: float, ascii_only: bool) -> None:
    assert cell_len(show.bar(fraction, 10, ascii_only=ascii_only)) == 10


def test_a_bar_is_full_only_at_the_end() -> None:
    assert show.bar(0.999, 10) != "█" * 10
    assert show.bar(1.0, 10) == "█" * 10
    assert show.bar(0.5, 4, ascii_only=True) == "##.."


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10M", 10 << 20),
        ("500K", 500 << 10),
        ("1.5g", 3 << 29),
        ("0", 0),
        ("", 0),
        ("2MiB/s", 2 << 20),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: int) -> None:
    assert show.read_rate(text) == rate
    assert show.read_rate(show.rate_typed(rate)) == rate


@pytest.mark.parametrize("text", ["fast", "10T", "-5M", "1", "nan", "infM", "M"])
def test_what_is_no_rate_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate such as|at least 1K"):
        show.read_rate(text)
