"""A comparison of two folders as a person looks at it: what was found, and what is to be done.

It holds what the screen shows, without a screen. The thread that compares adds to `table`;
everything else is for the screen's own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from providers.records import dataclass
from transfers.mirror.model import Action, Mark, Side, Wish
from tui import listing
from tui.pair_table import PairTable, Sort, Tally

_ACTIONS = tuple(Action)
_DELETES = (Action.DELETE_LEFT, Action.DELETE_RIGHT)
_UNDECIDED = 0
_MOST_SORTED = 200_000  # rows
DIFFERING = tuple(mark for mark in Mark if mark is not Mark.SAME)


def usual(sort: Sort, wish: Wish) -> Action:
    """What is done unless a person decides otherwise. A mirror would replace what is newer on the
    right, too; here that is looked at first."""
    if sort.mark is Mark.ONLY_RIGHT:
        deleted = wish.delete and Action.DELETE_RIGHT in sort.allowed
        return Action.DELETE_RIGHT if deleted else Action.SKIP
    return Action.SKIP if sort.mark is Mark.OLDER else sort.allowed[0]


@dataclass(slots=True)
class _Folder:
    """What a person decided of the folder at `at` while what is in it was still being found."""

    at: int
    does: Callable[[int], bool]
    end: int  # pairs that it was done to, where they are in the folder


class Comparison:
    """What was found so far between two sides, and what is decided of it.

    Changed by the screen's own thread; `table` grows in another meanwhile. `complete`: every pair
    is there, and its mark is the last word.
    """

    def __init__(self, left: Side, right: Side, wish: Wish) -> None:
        self.left = left
        self.right = right
        self.wish = wish
        self.table = PairTable()
        self.remarks: tuple[str, ...] = ()
        self.complete = False
        self._alone: set[tuple[str, ...]] = set()
        self._edits = bytearray()
        self._decided: dict[tuple[int, Action], Tally] = {}
        self._folders: list[_Folder] = []

    def begin(self) -> PairTable:
        """Forget what was found; the table that is to be filled.

        Of what was decided only stays, by name, what was to be left alone: all else was decided of
        files that may be others by then.
        """
        table = self.table
        self._alone |= {table[at].relative for at, act in self.edits() if act is Action.SKIP}
        self._start(PairTable())
        return self.table

    def settle(self, table: PairTable, remarks: tuple[str, ...]) -> None:
        """All is found: `table` has it, in the order it came, with marks that may be others than
        before. What was decided stays, where it can."""
        self.catch_up()
        if table is not self.table:
            edits = list(self.edits())
            self._start(table)
            for at, action in edits:
                self.decide(at, action)
        self._leave_alone()
        self.remarks, self.complete = remarks, True

    def _leave_alone(self) -> None:
        """What a person decided so of before it was compared again."""
        for at, pair in enumerate(self.table) if self._alone else ():
            if pair.relative in self._alone and not self.edited(at):
                self.decide(at, Action.SKIP)
        self._alone.clear()

    def _start(self, table: PairTable) -> None:
        self.table, self.remarks, self.complete = table, (), False
        self._edits = bytearray()
        self._decided = {}
        self._folders = []

    # What is decided

    def action(self, at: int) -> Action:
        edit = self._edits[at] if at < len(self._edits) else _UNDECIDED
        return _ACTIONS[edit - 1] if edit else usual(self.table.sort(at), self.wish)

    def edited(self, at: int) -> bool:
        """Whether a person decided of it."""
        return at < len(self._edits) and self._edits[at] != _UNDECIDED

    def decide(self, at: int, action: Action) -> bool:
        """Whether that can be done about the pair."""
        sort = self.table.sort(at)
        if action is Action.RIGHT and sort.folder:
            action = Action.MAKE_DIR
        if action not in sort.allowed:
            return False
        if action not in _DELETES:
            self._keep_above(at)
        self._set(at, action)
        return True

    def _keep_above(self, at: int) -> None:
        """What stays is in no folder that is deleted."""
        for above in self.table.above(at):
            if self.action(above) in _DELETES:
                self._set(above, Action.SKIP)

    def _set(self, at: int, action: Action) -> None:
        if at >= len(self._edits):
            self._edits.extend(bytes(len(self.table) - len(self._edits)))
        if self._edits[at]:
            self._count(at, _ACTIONS[self._edits[at] - 1], -1)
        self._edits[at] = _ACTIONS.index(action) + 1
        self._count(at, action, 1)

    def decide_all(self, at: int, action: Action) -> int:
        """The same, about the pair and all that is below it; of how many that can be done."""
        return self._with_all_below(at, lambda each: self.decide(each, action))

    def tick_all(self, at: int, ticked: bool) -> int:
        """As `tick`, with all that is below it."""
        return self._with_all_below(at, lambda each: self.tick(each, ticked))

    def _with_all_below(self, at: int, does: Callable[[int], bool]) -> int:
        table = self.table
        if not table.sort(at).folder:
            return int(does(at))
        end = len(table)  # before it is asked for what is below: more may come meanwhile
        done = sum(does(each) for each in (at, *table.below(at)) if each < end)
        if not self.complete:
            self._folders.append(_Folder(at, does, end))
        return done

    def catch_up(self) -> None:
        """Decide of what was found since in the folders that a person decided of as a whole."""
        end = len(self.table)
        for folder in self._folders:
            for each in self.table.below(folder.at):
                if folder.end <= each < end:
                    folder.does(each)
            folder.end = end

    def tick(self, at: int, ticked: bool) -> bool:
        """Have something done about the pair, or nothing; whether that is so now."""
        if ticked != (self.action(at) is not Action.SKIP):
            self.decide(at, self._natural(at) if ticked else Action.SKIP)
        return ticked == (self.action(at) is not Action.SKIP)

    def _natural(self, at: int) -> Action:
        """What a tick means: what is usual, else the way that loses nothing."""
        sort = self.table.sort(at)
        first = usual(sort, self.wish)
        return Action.LEFT if first is Action.SKIP and Action.LEFT in sort.allowed else first

    def _count(self, at: int, action: Action, sign: int) -> None:
        place, table = self.table.sort_at[at], self.table
        tally = self._decided.setdefault((place, action), Tally())
        tally.add(table.left_sizes[at], table.right_sizes[at], sign)

    def tallies(self) -> Iterator[tuple[Sort, Tally]]:
        """What was found, whatever is decided of it."""
        return zip(self.table.sorts, self.table.tallies, strict=False)  # it may just grow

    def count(self, *marks: Mark) -> int:
        """How many files have one of `marks`."""
        found = self.tallies()
        return sum(t.count for sort, t in found if sort.mark in marks and not sort.folder)

    def totals(self) -> dict[Action, Tally]:
        """What each action comes to, by the pairs that it is done to."""
        found: dict[Action, Tally] = {}
        for place, (sort, tally) in enumerate(self.tallies()):
            rest = Tally(tally.count, tally.left, tally.right)
            for (of, action), decided in self._decided.items():
                if of == place:
                    _add(rest, decided, -1)
                    _add(found.setdefault(action, Tally()), decided)
            _add(found.setdefault(usual(sort, self.wish), Tally()), rest)
        return found

    def edits(self) -> Iterator[tuple[int, Action]]:
        """What a person decided, by position."""
        return ((at, _ACTIONS[edit - 1]) for at, edit in enumerate(self._edits) if edit)

    def chosen(
        self,
        marks: Iterable[Mark],
        text: str,
        start: int = 0,
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> list[int]:
        """The positions, from `start` on, of pairs with one of `marks` and a name that has `text`
        in it, or is like it (*.txt). Once all are there they are sorted by name, if not too many.

        Ends with what it has when it is not `wanted` any more.
        """
        found = self.table.positions(marks, start)
        if text:
            fits, table = listing.matcher(text), self.table
            names = (
                ("/".join(table[at].relative), at) for at in takewhile(lambda _: wanted(), found)
            )
            found = [at for name, at in names if fits(name)]
        if self.complete and len(found) <= _MOST_SORTED:
            found.sort(key=self._sorting)
        return found

    def _sorting(self, at: int) -> list[tuple[str, str]]:
        return [(name.casefold(), name) for name in self.table[at].relative]


def _add(to: Tally, more: Tally, sign: int = 1) -> None:
    to.count += sign * more.count
    to.left += sign * more.left
    to.right += sign * more.right
