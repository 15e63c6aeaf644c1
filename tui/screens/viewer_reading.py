"""The viewer as far as it reads and shows; what its keys do is in `tui.screens.viewer`."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from providers import location
from providers.errors import ProviderError, SourceChanged
from providers.text import printable
from tui import format as fmt
from tui.viewing import contents
from tui.viewing.file_view import FileView
from tui.viewing.hex_page import HexPage
from tui.viewing.kinds import Shape
from tui.viewing.ranges import Piece
from tui.viewing.rows import Row
from tui.viewing.source import Source
from tui.viewing.text_page import TextPage
from tui.widgets.filter_input import FilterInput
from tui.widgets.key_bar import KeyBar
from tui.widgets.viewer_body import ViewerBody

_STEP = 1 << 18  # bytes that are read on when a person comes to the end
ALIGNED = 1 << 12
"""Bytes: a window begins at a multiple of it."""
_READING, _CONTENTS, _COLOURS = "reading", "contents", "colours"

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Raises ProviderError."""


class ReadingScreen(Screen[None]):
    """Reads the beginning of `source` at once, and more only when a person goes there."""

    AUTO_FOCUS = "ViewerBody"
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ReadingScreen { background: $background; }
    #viewed { height: 1; background: $primary; color: $background; text-style: bold; }
    #viewed:ansi, #viewed:nocolor {
        background: $background; color: $foreground; text-style: bold reverse;
    }
    #ask { height: 1; border: none; padding: 0 1; background: $surface; }
    #viewer-said { height: auto; max-height: 3; padding: 0 1; color: $error; background: $surface; }
    #viewer-facts { height: 1; background: $panel; color: $text-muted; }
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.view = FileView()
        self.reading = False
        self._turn = 0  # of reading: an older one that ends late says nothing

    def compose(self) -> ComposeResult:
        yield Static("", id="viewed", markup=False)
        yield ViewerBody()
        yield FilterInput(id="ask", compact=True)
        yield Static("", id="viewer-said", markup=False)
        yield Static("", id="viewer-facts", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.say("")
        self.action_reread()

    @property
    def body(self) -> ViewerBody:
        return self.query_one(ViewerBody)

    # Reading

    def action_reread(self) -> None:
        """From its beginning, whatever it is by now."""
        self._read(partial(self.source.beginning, self._take), self._look_into)

    def _read(self, work: Work, after: Callable[[], None]) -> None:
        """Give up what is being read, do `work`, and then `after` unless there was an error."""
        self.say("")
        self._turn += 1
        self.reading = True
        self.workers.cancel_group(self, _CONTENTS)
        turn = self._turn
        self.start(lambda: self._reading(work, after, turn), _READING)
        self._show_lines()

    async def _reading(self, work: Work, after: Callable[[], None], turn: int) -> None:
        fine = await self._saying_errors(work)  # cancelled: whoever cancelled it goes on
        if turn != self._turn:
            return
        self.reading = False
        self._show_lines()
        if fine:
            after()

    def start(self, work: Work, group: str) -> Worker[None]:
        """Do `work` in place of what was begun in that group."""

        async def worker() -> None:
            await work()

        return self.run_worker(worker, group=group, exclusive=True)

    def stop_reading(self) -> None:
        """Give up what is being read; what came of it stays."""
        self._turn += 1
        self.reading = False
        self.workers.cancel_group(self, _READING)

    async def _saying_errors(self, work: Work) -> bool:
        try:
            await work()
        except SourceChanged as error:
            where = printable(error.path)
            self.say(f"{where}: it was changed since it was opened here. r reads it anew.")
        except ProviderError as error:
            self.say(str(error))
        else:
            return True
        return False

    def _take(self, piece: Piece) -> None:
        if self.view.take(piece):
            self.body.show(self.view.page)
            self._show_lines()
        else:
            self.body.changed()

    def _read_on(self, length: int, after: Callable[[], None] = lambda: None) -> None:
        """Read what follows the window, if nothing else is read just now."""
        entry, window = self.view.entry, self.view.window
        if entry is not None and window.goes_on and not self.reading:
            work = partial(self.source.more, entry, window.end, length, self._take)
            self._read(work, after)

    def _read_back(self) -> None:
        """Read what comes before the window."""
        entry, window = self.view.entry, self.view.window
        length = min(_STEP, window.start)
        start, found = window.start - length, bytearray()
        if entry is None or self.reading:
            return

        def take(piece: Piece) -> None:
            del found[piece.offset - start :]
            found.extend(piece.data)

        def after() -> None:
            self.view.put_before(bytes(found))
            self.body.show(self.view.page)

        self._read(partial(self.source.more, entry, start, length, take), after)

    def _jump(self, offset: int, length: int, after: Callable[[], None]) -> None:
        """Forget what is read, and read from `offset` on."""
        if self.view.entry is not None:
            self.view.restart(max(0, offset - offset % ALIGNED))
            self.body.show(self.view.page)
            start = self.view.window.start
            work = partial(self.source.more, self.view.entry, start, length, self._take)
            self._read(work, after)

    @on(ViewerBody.Scrolled)
    def _scrolled(self) -> None:
        page, window = self.view.page, self.view.window
        if isinstance(page, (TextPage, HexPage)):
            if page.at_end:
                self._read_on(_STEP)
            elif window.start and page.offset <= window.start:
                self._read_back()
        self._show_lines()

    # What is in it

    def _look_into(self) -> None:
        """Its beginning is there: find out more."""
        if self.view.ended():
            self.body.show(self.view.page)
            self._show_lines()
        shape = self.view.shape
        if shape is Shape.TEXT:
            self.start(self._colour, _COLOURS)
        elif shape in (Shape.ZIP, Shape.TAR):
            self._fill(partial(self._list, shape))
        elif shape is Shape.PICTURE:
            self._fill(partial(self._draw, asked=False))

    def _fill(self, work: Work) -> None:
        async def filling() -> None:
            await self._saying_errors(work)

        self.start(filling, _CONTENTS)

    async def _colour(self) -> None:
        page = self.view.text
        await contents.colour(page, self.source.name, goes_on=self.view.window.goes_on)
        self.body.changed()

    async def _list(self, shape: Shape) -> None:
        if self.view.entry is not None:
            entry, window = self.view.entry, self.view.window
            self._show_contents(await contents.members(self.source, entry, window, shape))

    async def _draw(self, *, asked: bool) -> None:
        if self.view.entry is not None:
            entry, window, room = self.view.entry, self.view.window, self.body.size
            rows = await contents.picture(self.source, entry, window, room, asked=asked)
            self._show_contents(rows)

    def _show_contents(self, rows: list[Row]) -> None:
        self.view.fill(rows)
        self.body.show(self.view.page)
        self._show_lines()

    # The lines around the page

    def say(self, text: str) -> None:
        """Show a sentence below the page; it is safe where it was built."""
        said = self.query_one("#viewer-said", Static)
        said.update(Content(text))
        said.display = bool(text)

    def _show_lines(self) -> None:
        entry, width = self.view.entry, self.size.width
        facts = "" if entry is None else fmt.size(entry.size)
        if entry is not None and entry.modified is not None:
            facts += "  " + fmt.when(entry.modified, time.time()).strip()
        room = max(0, width - len(facts) - 4)
        head = fmt.fit(fmt.clip_left(location.show(self.source.place), room), room)
        self.query_one("#viewed", Static).update(Content(f" {head}  {facts} "), layout=False)
        left, right = self.view.facts, self._position()
        room = max(0, width - len(right) - 4)
        line = f" {fmt.fit(left, room)}  {right} "
        self.query_one("#viewer-facts", Static).update(Content(line), layout=False)

    def _position(self) -> str:
        """Where the page is, and how much of the file is read."""
        window, page = self.view.window, self.view.page
        words = [page.where]
        if page is not self.view.contents and window.size:
            end = window.end >= window.size and page.at_end
            words.append("end" if end else f"{page.offset * 100 // window.size}%")
        if not window.whole and self.view.shape not in (Shape.ZIP, None):
            words.append(f"{fmt.size(len(window.data))} read")
        if self.reading:
            words.append("reading…")
        return "  ".join(word for word in words if word)
