"""Unfinished uploads below a folder: what they are, marked and taken back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from providers.errors import ProviderError
from providers.records import replace
from providers.text import printable
from tui import facts, unfinished
from tui import format as show
from tui.enquiry import Read
from tui.screens.confirm import ConfirmScreen
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line
from tui.unfinished import Left
from tui.widgets.row_list import RowList

Look: TypeAlias = Callable[[Sequence[Left]], Awaitable[list[Left]]]
"""The same uploads, each with whether the queue is on its way there now. Raises ProviderError."""
TakeBack: TypeAlias = Callable[[Left], Awaitable[None]]
"""Raises ProviderError."""

_AROUND = 11  # rows of the screen that are not for the list
_MOST = 16  # rows of the list
_LISTED = 8  # paths that a question names
_OTHERS = "One that another program is working on fails by that. This cannot be undone."
_RESTART = "These transfers lose what they have sent, and begin again or fail:"


class UnfinishedScreen(Dialog[None]):
    """`read` hands over the uploads, `look` asks the queue about some, `take_back` removes one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,insert", "mark", "Mark", show=False),
        Binding("ctrl+a", "mark_all", "Mark all", show=False),
        Binding("f8,delete", "choose('take')", "Take back", show=False),
        Binding("ctrl+r", "reread", "Read again", show=False),
    ]
    DEFAULT_CSS = "UnfinishedScreen #says { height: auto; max-height: 4; }"

    def __init__(self, path: str, read: Read[Left], look: Look, take_back: TakeBack) -> None:
        choices = [
            Choice("take", "x", "Take back", dangerous=True),
            Choice("mark", "space", "Mark"),
            Choice(CANCEL, "escape", "Close"),
        ]
        super().__init__("Unfinished uploads", choices, focus="rows")
        self.path = path
        self.read = read
        self.look = look
        self.take_back = take_back
        self._busy = False

    def body(self) -> ComposeResult:
        yield line(self.path, "strong")
        yield RowList[Left](self._row, marking=True, id="rows")
        yield Static("", id="what", classes="dim", markup=False)
        yield Says(id="says")

    def _row(self, left: Left, width: int) -> str:
        return unfinished.row(left, width, time.time())

    @property
    def rows(self) -> RowList[Left]:
        return self.query_one("#rows", RowList)

    def on_mount(self) -> None:
        self.action_reread()

    def on_resize(self) -> None:
        self.rows.grow_to(min(_MOST, self.size.height - _AROUND))

    def action_mark(self) -> None:
        self.rows.mark()

    def action_mark_all(self) -> None:
        self.rows.mark_all()

    # Reading

    def action_reread(self) -> None:
        if not self._busy:
            self.run_worker(self._read(), group="read", exclusive=True)

    async def _read(self) -> None:
        self._say("")
        self.doing("reading …")
        taken = 0

        def take(page: Sequence[Left], anew: bool) -> None:
            nonlocal taken
            taken = len(page) if anew else taken + len(page)
            (self.rows.show_rows if anew else self.rows.add_rows)(page)
            self.doing(f"reading … {taken:,} so far")

        try:
            await self.read(take)
        except ProviderError as error:
            self._say(str(error), "bad")
            return
        finally:
            self.doing("")
        if not taken:
            self.rows.show_rows((), notice="None: nothing unfinished lies about here.")

    def _say(self, text: str, classes: str = "dim") -> None:
        self.query_one(Says).say(text, classes)

    def on_row_list_moved(self) -> None:
        left = self.rows.current
        text = ""
        if left is not None:
            text = left.error or f"{left.upload.path}, {facts.exact_size(left.upload.size)}"
        self.query_one("#what", Static).update(printable(text))

    # Taking back

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        elif choice == "mark":
            self.rows.mark()
        elif not self._busy and self.rows.targets:
            self.run_worker(self._take_back(self.rows.targets), group="take")

    async def _take_back(self, marked: list[Left]) -> None:
        self._busy = True
        try:
            marked = await self.look(marked)
            if await self._confirmed(marked):
                await self._one_by_one(marked)
        except ProviderError as error:
            self._say(str(error), "bad")
        finally:
            self._busy = False

    async def _confirmed(self, marked: Sequence[Left]) -> bool:
        """Asked once, and once more where transfers of the queue are concerned."""
        size = sum(left.upload.size or 0 for left in marked)
        noun = "upload" if len(marked) == 1 else "uploads"
        lines = [f"{len(marked):,} unfinished {noun} ({show.size(size)})", *_listed(marked)]
        if not await self._asked("Take back?", [*lines, _OTHERS], "Take back"):
            return False
        queued = [left for left in marked if left.in_queue]
        lines = [_RESTART, *_listed(queued)]
        return not queued or await self._asked(
            "Also of the queue?", lines, "Take back all the same"
        )

    async def _asked(self, title: str, lines: list[str], action: str) -> bool:
        return await self.app.push_screen_wait(ConfirmScreen(title, lines, action, dangerous=True))

    async def _one_by_one(self, marked: Sequence[Left]) -> None:
        gone: set[Left] = set()
        wrong: dict[tuple[str, str], Left] = {}
        for count, left in enumerate(marked, 1):
            self.doing(f"taking back {count:,} of {len(marked):,} …")
            try:
                await self.take_back(left)
            except ProviderError as error:
                wrong[_key(left)] = replace(left, error=str(error))
            else:
                gone.add(left)
        done = {_key(left) for left in gone}
        kept = [left for left in self.rows.rows if _key(left) not in done]
        self.rows.show_rows(wrong.get(_key(left), left) for left in kept)
        self.doing("")
        failed = f", {len(wrong):,} could not be" if wrong else ""
        self._say(f"{len(gone):,} taken back{failed}.", "bad" if wrong else "dim")


def _key(left: Left) -> tuple[str, str]:
    return left.upload.path, left.upload.id


def _listed(some: Sequence[Left]) -> list[str]:
    lines = [f"  {left.upload.path}" for left in some[:_LISTED]]
    return [*lines, f"  … and {len(some) - _LISTED:,} more"] if len(some) > _LISTED else lines
