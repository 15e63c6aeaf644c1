"""A million rows in little memory: what is kept of entries, and how they are ordered."""

from __future__ import annotations

import os
import random
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.base import Entry, Kind
from tui.listing import SortBy, View, arrange
from tui.ordering import Abandoned
from tui.packed import Packed, pack
from tui.rows import BLOCK, Paths, Rows, Table

_PER_ENTRY = 120  # bytes; a million must take much less than 300 MiB (faults.md H2)

_names = st.text(st.characters(exclude_categories=()), min_size=1, max_size=8)  # surrogates, too
_entries = st.builds(
    Entry,
    path=_names,
    name=_names,
    kind=st.sampled_from(Kind),
    size=st.none() | st.integers(-2, 1 << 64),
    modified=st.none() | st.floats(allow_nan=False),
    mode=st.none() | st.integers(0, 0o7777),
    target=st.none() | _names,
    version=st.none() | st.text(max_size=3),
    digests=st.dictionaries(st.sampled_from(["md5", "sha256"]), _names, max_size=2),
)


def key(number: int) -> Entry:
    """An entry as a bucket lists it, with digits that nothing compresses well."""
    digits = f"{random.Random(number).getrandbits(128):032x}"
    name = f"scan-{number:07}.tiff"
    digests = {"md5": digits}
    return Entry(
        f"/bucket/{name}",
        name,
        Kind.FILE,
        number,
        number / 2,
        version=f'"{digits}"',
        digests=digests,
    )


@given(st.lists(_entries, min_size=1, max_size=150))
@settings(max_examples=60, deadline=None)
def test_entries_come_back_as_they_were_whatever_they_hold(entries: list[Entry]) -> None:
    table = Table()
    table.extend(entries)
    block = pack(table.blocks[0])  # type: ignore[arg-type]
    assert list(block) == entries
    assert [block[at] for at in range(len(entries))] == entries
    assert block.names() == [entry.name for entry in entries]
    assert block.paths() == [entry.path for entry in entries]
    assert all(block.may_hold(entry.path) for entry in entries)
    assert all(block.may_match(entry.name.casefold()) for entry in entries)
    for at, entry in enumerate(entries):
        assert block.name(at) == entry.name
        assert block.size(at) == entry.size and block.modified(at) == entry.modified
        assert block.is_directory(at) is (entry.kind is Kind.DIR)


@pytest.mark.parametrize("odd", [{"size": 1 << 63}, {"size": -5}, {"name": "a\0b"}, {"mode": -7}])
def test_values_out_of_all_bounds_are_kept_as_they_are(odd: dict[str, object]) -> None:
    table = Table()
    entries = [replace(key(number), **odd) for number in range(BLOCK + 1)]  # type: ignore[arg-type]
    table.extend(entries)
    assert not isinstance(table.blocks[0], Packed)
    assert list(Rows(table, range(len(table)))) == entries


def test_an_entry_of_a_bucket_takes_a_fifth_of_its_memory() -> None:
    table, count = Table(), 20 * BLOCK
    tracemalloc.start()
    try:
        for start in range(0, count, 1000):
            table.extend([key(number) for number in range(start, min(start + 1000, count))])
        rows = arrange(Rows(table, range(count)), View(sort=SortBy.SIZE))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(rows) == count
    assert taken / count < _PER_ENTRY, taken / count


def test_rows_read_since_are_not_among_those_of_before() -> None:
    table = Table()
    table.extend(key(number) for number in range(3 * BLOCK + 5))
    rows = Rows(table, range(len(table)))
    table.extend(key(number) for number in range(3 * BLOCK + 5, 6 * BLOCK))
    assert len(rows) == len(list(rows)) == len(arrange(rows, View())) == 3 * BLOCK + 5
    assert rows[-1] == key(3 * BLOCK + 4)
    assert rows[BLOCK - 1 : BLOCK + 1] == [key(BLOCK - 1), key(BLOCK)]


@pytest.mark.parametrize("sort", SortBy)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [3, 40_000])
def test_many_are_ordered_as_few_are(count: int, sort: SortBy, reverse: bool) -> None:
    chance = random.Random(count)
    names = [f"{'aAbB'[i % 4]}{i}{('', '.txt', '.GZ')[i % 3]}" for i in range(count)]
    entries = [
        Entry(
            f"/{n}",
            n,
            chance.choice([Kind.DIR, Kind.FILE]),
            chance.choice(sizes),
            chance.choice(times),
        )
        for n in chance.sample(names, count)
        for sizes, times in [((None, 1, 5, 5000), (None, -1.0, 0.5, 9e9))]
    ]
    rows = arrange(entries, View(sort=sort, reverse=reverse))
    assert list(rows) == _ordered(entries, View(sort=sort, reverse=reverse))


def _ordered(entries: list[Entry], view: View) -> list[Entry]:
    """What `arrange` promises, in few words."""
    found = sorted(entries, key=lambda e: (e.name.casefold(), e.name))
    if view.sort is SortBy.NAME:
        found = found[::-1] if view.reverse else found
    elif view.sort is SortBy.SIZE:
        found.sort(
            key=lambda e: -1 if e.size is None or e.kind is Kind.DIR else e.size,
            reverse=view.descending,
        )
    elif view.sort is SortBy.EXTENSION:
        found.sort(
            key=lambda e: "" if e.kind is Kind.DIR else os.path.splitext(e.name)[1].casefold(),
            reverse=view.descending,
        )
    else:
        found.sort(
            key=lambda e: float("-inf") if e.modified is None else e.modified,
            reverse=view.descending,
        )
    return sorted(found, key=lambda e: e.kind is not Kind.DIR)


def test_what_is_known_of_a_row_decides_where_it_stands() -> None:
    entries = [replace(key(number), size=None) for number in range(3)]
    known = {entries[1].path: replace(entries[1], size=7)}
    rows = arrange(entries, View(sort=SortBy.SIZE), known=known)
    assert rows[0] == entries[1]


@pytest.mark.parametrize("pattern", ["42", "*42.t", "N-00?42", "nothing"])
def test_a_filter_finds_in_packed_rows_what_it_finds_in_few(pattern: str) -> None:
    entries = [key(number) for number in range(3 * BLOCK)]
    whole = [entry.name for entry in arrange(entries, View(filter=pattern))]
    parts = [entries[at : at + 10] for at in range(0, len(entries), 10)]
    assert whole == [e.name for part in parts for e in arrange(part, View(filter=pattern))]


def test_a_path_is_found_wherever_it_stands() -> None:
    entries = [key(number) for number in range(3 * BLOCK + 7)]
    odd = replace(entries[700], path="/elsewhere%20/x")
    entries[700] = odd
    rows = arrange(entries, View(reverse=True))
    for at in (0, 5, BLOCK, len(rows) - 1):
        assert rows.position(rows[at].path) == at
    assert rows[rows.position(odd.path) or 0] == odd
    assert rows.position("/bucket/none") is None
    assert arrange(entries, View(filter="-00000")).position(rows[0].path) is None
    assert odd.path in Paths(rows) and "/bucket/none" not in Paths(rows)


def test_what_was_marked_is_looked_for_in_a_later_listing() -> None:
    rows = Rows.of(key(number) for number in range(2 * BLOCK))
    for asked in (2, 50):  # few and many are looked for in different ways
        wanted = [key(number).path for number in range(asked)]
        found = rows.again([*wanted, "/bucket/gone"])
        assert found.pop("/bucket/gone") is None
        assert found == {path: key(number) for number, path in enumerate(wanted)}


def test_ordering_ends_when_nobody_wants_it_any_more() -> None:
    asked = 0

    def wanted() -> bool:
        nonlocal asked
        asked += 1
        return asked < 5

    entries = Rows.of(key(number) for number in range(100 * BLOCK // 2))
    with pytest.raises(Abandoned):
        arrange(entries, View(), wanted=wanted)
    assert asked == 5
