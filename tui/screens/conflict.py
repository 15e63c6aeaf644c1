"""The destination exists: both sides beside each other, and what to do."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from providers.base import Entry
from providers.errors import ProviderError
from providers.records import dataclass
from transfers.model import Conflict, Policy
from tui import format as show
from tui.comparing import Compare, told
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, Tick, line

_SAME_TIME = 1.0  # SFTP tells whole seconds

_CHOICES = (
    Choice(Policy.SKIP, "s", "Skip it"),
    Choice(Policy.OVERWRITE, "o", "Overwrite", dangerous=True),
    Choice(Policy.RENAME, "r", "Keep both"),
    Choice(Policy.NEWER, "n", "If newer"),
    Choice(Policy.DIFFERENT, "d", "If different"),
    Choice(CANCEL, "escape", "Later"),
)


@dataclass(frozen=True, slots=True)
class ConflictAnswer:
    """`whole_batch`: for every other job enqueued with it, too."""

    policy: Policy
    whole_batch: bool


def compare(new: Entry, old: Entry) -> str:
    """How the two sides differ, as far as their entries tell, in one sentence."""
    same = [name for name, digest in new.digests.items() if old.digests.get(name) == digest]
    if same:
        return f"Both have the same content ({same[0]})."
    if any(name in old.digests for name in new.digests):
        return "Their content differs."
    size = _word(new.size, old.size, 0, "larger", "smaller", "size")
    age = _word(new.modified, old.modified, _SAME_TIME, "newer", "older", "time")
    known = [word for word in (age, size) if word]
    if known == ["same time", "same size"]:
        return "Both have the same size and time."
    return f"The new one: {', '.join(known)}." if known else "Nothing more is known about them."


def _word(
    new: float | None, old: float | None, tolerance: float, more: str, less: str, name: str
) -> str:
    if new is None or old is None:
        return ""
    if abs(new - old) <= tolerance:
        return f"same {name}"
    return more if new > old else less


class ConflictScreen(Dialog[ConflictAnswer | None]):
    """What to do with `conflict`; None: later. `others`: jobs of the same batch still to be done,
    of which those that meet a conflict may follow suit. `compare_contents` is begun at once."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "for_all", "For all", show=False)]

    def __init__(
        self,
        conflict: Conflict,
        others: int,
        *,
        compare_contents: Compare | None = None,
        quiet: float = 0.0,
    ) -> None:
        super().__init__("Already there", _CHOICES, focus=Policy.SKIP, tone="warning", quiet=quiet)
        self.conflict = conflict
        self.others = others
        self.compare_contents = compare_contents

    def body(self) -> ComposeResult:
        new, old = self.conflict.source, self.conflict.target
        yield line(old.name, "strong")
        yield line(_facts("new", new), "gap")
        yield line(_facts("old", old))
        yield line(compare(new, old), "strong")
        yield Says(id="contents")
        yield line(f"from {new.path}", "dim gap")
        yield line(f"to   {old.path}", "dim")
        if self.others > 0:
            label = f"the same for whatever else is there already ({self.others:,} to go)"
            yield Tick("a", label, id="all")

    def on_mount(self) -> None:
        if self.compare_contents is not None:
            self.run_worker(self._compare(self.compare_contents), group="compare")

    async def _compare(self, compare_contents: Compare) -> None:
        says = self.query_one("#contents", Says)

        def report(count: int) -> None:
            if self.is_attached:
                says.say(f"The contents are compared … {show.size(count)} are equal")

        says.say("The contents are compared …")
        try:
            finding = await compare_contents(report)
        except ProviderError as error:
            says.say(f"The contents were not compared. {error.path}: {error.what}.")
        else:
            says.say(told(finding), "strong")

    def action_for_all(self) -> None:
        for tick in self.query(Tick):
            tick.action_tick()

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        else:
            self.dismiss(ConflictAnswer(Policy(choice), any(t.value for t in self.query(Tick))))


def _facts(side: str, entry: Entry) -> str:
    size = show.fit(show.size(entry.size) or "size ?", 9, "right")
    exact = f"  {entry.size:,} bytes" if entry.size is not None and entry.size >= 1024 else ""
    return f"{side} {size}  {show.when(entry.modified, time.time())}{exact}"
