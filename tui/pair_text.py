"""A pair of a comparison in the cells of a row, and in words. Pure; text is made safe here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from rich.cells import cell_len

from providers.base import Entry, Kind
from providers.records import dataclass
from providers.text import printable
from transfers.mirror.model import Action, Mark, Pair
from tui import format as show
from tui.pair_table import Tally

Part: TypeAlias = tuple[str, str]
"""A text, and what it is: a mark's name, "right", "left", "delete", "faint", or "" """

SIGNS: Mapping[Mark, str] = {
    Mark.NEW: "+",
    Mark.NEWER: "▲",
    Mark.OLDER: "▼",
    Mark.DIFFERENT: "≠",
    Mark.SAME: "=",
    Mark.ONLY_RIGHT: "-",
    Mark.TYPE: "!",
    Mark.NAME: "!",
    Mark.UNKNOWN: "?",
    Mark.LEFT_OUT: "·",
}
WORDS: Mapping[Mark, str] = {
    **{mark: str(mark) for mark in Mark},
    Mark.TYPE: "type",
    Mark.NAME: "name",
    Mark.UNKNOWN: "unknown",
}
_ROLES: Mapping[Mark, str] = {
    Mark.NEW: "good",
    Mark.NEWER: "good",
    Mark.OLDER: "warning",
    Mark.DIFFERENT: "warning",
    Mark.SAME: "faint",
    Mark.ONLY_RIGHT: "accent",
    Mark.TYPE: "bad",
    Mark.NAME: "bad",
    Mark.UNKNOWN: "bad",
    Mark.LEFT_OUT: "faint",
}
_ARROWS: Mapping[Action, str] = {
    Action.RIGHT: " → ",
    Action.LEFT: " ← ",
    Action.DELETE_RIGHT: "  ✗",
    Action.DELETE_LEFT: "✗  ",
    Action.RENAME: " → ",
    Action.MAKE_DIR: " → ",
    Action.SKIP: " - ",
}
_ARROW_ROLES: Mapping[Action, str] = {
    Action.RIGHT: "good",
    Action.MAKE_DIR: "good",
    Action.RENAME: "good",
    Action.LEFT: "accent",
    Action.DELETE_RIGHT: "bad",
    Action.DELETE_LEFT: "bad",
    Action.SKIP: "faint",
}
_KINDS = {Kind.DIR: "folder", Kind.LINK: "link", Kind.OTHER: "special file"}
_SAME = " = "
_WORD, _SIZE, _TIME, _ARROW = 10, 9, 11, 3  # cells
BOX = 3  # cells, the first of a row
_ROOM_FOR_SIZES, _ROOM_FOR_TIMES = 58, 104  # cells of a row
_DATE = 10  # characters of a time: its day


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0: not shown. `side` is that of each side's facts."""

    word: int
    name: int
    side: int
    times: bool


def columns(width: int) -> Columns:
    """How a row of `width` cells is divided."""
    word = _WORD if width >= _ROOM_FOR_SIZES else 0
    times = width >= _ROOM_FOR_TIMES
    side = 0
    if width >= _ROOM_FOR_SIZES:
        side = _SIZE + (1 + _TIME if times else 0)
    taken = BOX + 1 + 1 + 1 + (word + 1 if word else 0) + 2 * side + 1 + _ARROW
    return Columns(word, max(0, width - taken - (1 if side else 0)), side, times)


def name(pair: Pair) -> str:
    """The way below the tops; a folder's ends in "/". Not yet safe for a terminal."""
    one = pair.left or pair.right
    return "/".join(pair.relative) + ("/" if one is not None and one.kind is Kind.DIR else "")


def arrow(mark: Mark, action: Action) -> str:
    return _SAME if mark is Mark.SAME and action is Action.SKIP else _ARROWS[action]


def parts(pair: Pair, action: Action, width: int, now: float) -> list[Part]:
    """A row of the list."""
    widths, mark = columns(width), pair.mark
    box = "[ ]" if action is Action.SKIP else "[x]"
    plain = "faint" if action is Action.SKIP else ""
    word = f" {show.fit(WORDS[mark], widths.word)}" if widths.word else ""
    shown = show.clip_middle(name(pair), widths.name)
    return [
        (f"{box} ", plain),
        (f"{SIGNS[mark]}{word} ", _ROLES[mark]),
        (shown + " " * (widths.name - cell_len(shown) + 1), plain),
        (_facts(pair.left, widths, now), "faint"),
        (arrow(mark, action), _ARROW_ROLES[action]),
        (_facts(pair.right, widths, now), "faint"),
    ]


def heading(width: int, only: str = "") -> str:
    """The names of the columns. `only`: the kind of pairs that is shown, where not all are."""
    widths = columns(width)
    if not widths.word:
        return " " * (BOX + 3) + "Name"
    left, right = (_titles(side, widths) for side in ("Left", "Right"))
    word = show.fit("Mark", widths.word + 2)
    return (
        f"{' ' * BOX} {word} {show.fit(f'Name{only}', widths.name + 1)}{left}{' ' * _ARROW}{right}"
    )


def _titles(side: str, widths: Columns) -> str:
    time = f" {show.fit('Changed', _TIME, 'right')}" if widths.times else ""
    return f"{show.fit(side, _SIZE, 'right')}{time}"


def _facts(entry: Entry | None, widths: Columns, now: float) -> str:
    if not widths.side or entry is None:
        return " " * widths.side
    size = show.size(entry.size) if entry.kind is Kind.FILE else ""
    text = show.fit(size, _SIZE, "right")
    return f"{text} {_short(entry.modified, now)}" if widths.times else text


def _short(modified: float | None, now: float) -> str:
    """As panes show it: the time of today's, the date of others."""
    text = show.when(modified, now).strip()
    return (text if text.startswith("today") else text[:_DATE]).rjust(_TIME)


def described(pair: Pair, now: float) -> str:
    """What a row has no room for, in one line: both sides, and what told the mark."""
    sides = [_side("left", pair.left, now), _side("right", pair.right, now)]
    why = f"; {printable(pair.why)}" if pair.why else ""
    return f"{'  '.join(sides)}  {pair.mark}{why}"


def _side(which: str, entry: Entry | None, now: float) -> str:
    if entry is None:
        return f"{which}: nothing"
    if entry.kind is Kind.LINK and entry.target:
        return f"{which}: link to “{printable(entry.target)}”"
    if entry.kind is not Kind.FILE:
        return f"{which}: {_KINDS[entry.kind]}"
    size = show.size(entry.size) or "size ?"
    return f"{which}: {size}, {show.when(entry.modified, now).strip() or 'time ?'}"


def words(pair: Pair, action: Action, at: int, count: int, now: float) -> str:
    """A row for who listens: `at` counts from 0."""
    done = "nothing is done" if action is Action.SKIP else str(action)
    told = f"{printable(name(pair))}, {described(pair, now)}, {done}"
    return f"{told}, {at + 1:,} of {count:,}"


def totals(found: Mapping[Action, Tally]) -> str:
    """What is to be done, all in all: "→ 12 files, 1.4 MiB   ← 1 file, 3 B   ✗ 2"."""
    said = []
    if (right := found.get(Action.RIGHT)) and right.count:
        said.append(f"→ {_files(right.count)}, {show.size(right.left)}")
    if (folders := found.get(Action.MAKE_DIR)) and folders.count:
        said.append(f"→ {_folders(folders.count)}")
    if (left := found.get(Action.LEFT)) and left.count:
        said.append(f"← {_files(left.count)}, {show.size(left.right)}")
    gone = [found.get(each, Tally()) for each in (Action.DELETE_RIGHT, Action.DELETE_LEFT)]
    if gone[0].count:
        said.append(f"✗ {gone[0].count:,} right, {show.size(gone[0].right)}")
    if gone[1].count:
        said.append(f"✗ {gone[1].count:,} left, {show.size(gone[1].left)}")
    return "   ".join(said) or "Nothing is to be done."


def refusal(pair: Pair, what: str) -> str:
    """Why that cannot be done about a pair, as a sentence; `what` as keys ask for it."""
    if pair.mark is Mark.SAME:
        return "Both sides are the same: there is nothing to do."
    if pair.mark not in (Mark.NEW, Mark.NEWER, Mark.OLDER, Mark.DIFFERENT, Mark.ONLY_RIGHT):
        return f"This is left alone: {printable(pair.why) or pair.mark}."
    if what == "delete":
        return "It is on both sides: only what one side alone has is deleted here."
    return f"There is nothing on the {'left' if pair.left is None else 'right'} to copy."


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _folders(count: int) -> str:
    return "1 folder" if count == 1 else f"{count:,} folders"
