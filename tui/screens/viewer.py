"""Looking into a file: text, bytes, a picture or the list of an archive, on the whole screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType

from providers.text import printable
from tui import format as fmt
from tui.background import in_thread
from tui.key_map import BarItem
from tui.screens.viewer_reading import ALIGNED, ReadingScreen
from tui.viewing import search
from tui.viewing.hex_page import HexPage
from tui.viewing.kinds import Shape
from tui.viewing.ranges import FIRST
from tui.viewing.source import Source
from tui.viewing.text_page import TextPage
from tui.viewing.window import MOST
from tui.widgets.filter_input import FilterInput
from tui.widgets.key_bar import KeyBar

_BEFORE = 1 << 16  # bytes that are read before the place a person goes to
_FINDING = "finding"
_SEARCH, _GO_TO = "Search", "Go to"
_HINTS = {_SEARCH: "text, or bytes as 0x1f8b", _GO_TO: "line 120, byte @4096 or 0x1000, 50%"}

_KEYS = (
    BarItem("Esc", "Close", "escape", 1),
    BarItem("h", "Hex", "h", 2),
    BarItem("/", "Search", "slash", 3),
    BarItem("n", "Next", "n", 6),
    BarItem(":", "Go to", "colon", 5),
    BarItem("w", "Wrap", "w", 4),
    BarItem("#", "Numbers", "number_sign", 8),
    BarItem("e", "Encoding", "e", 7),
    BarItem("r", "Reread", "r", 9),
    BarItem("p", "Picture", "p", 10),
)


class ViewerScreen(ReadingScreen):
    """The keys; `wanted` is what was looked for last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f3,f10,3,0", "close", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j,enter", "move(1)", show=False),
        Binding("pageup,b", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("left", "sideways(-1)", show=False),
        Binding("right", "sideways(1)", show=False),
        Binding("home,g", "start", show=False),
        Binding("end,G", "end", show=False),
        Binding("h", "hex", show=False),
        Binding("w", "wrap", show=False),
        Binding("number_sign", "numbers", show=False),
        Binding("e", "encoding", show=False),
        Binding("slash,f7,7", "ask('Search')", show=False),
        Binding("colon,ctrl+g", "ask('Go to')", show=False),
        Binding("n", "find(1)", show=False),
        Binding("N", "find(-1)", show=False),
        Binding("p", "picture", show=False),
        Binding("r,ctrl+r", "reread", show=False),
    ]

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.wanted = ""
        self._asks = _SEARCH
        self._found_at: int | None = None  # a stretch, a byte, a row: of the page that is shown
        self._ran_out = False  # it is in nothing that is read; there is more

    def on_mount(self) -> None:
        self._ask_line.display = False
        self.query_one(KeyBar).show(_KEYS)

    @property
    def _ask_line(self) -> FilterInput:
        return self.query_one("#ask", FilterInput)

    def action_picture(self) -> None:
        if self.view.shape is Shape.PICTURE:
            self._fill(partial(self._draw, asked=True))
        else:
            self.say("This is no picture that can be drawn here.")

    def on_resize(self, event: events.Resize) -> None:
        if self.view.shape is Shape.PICTURE and not self.reading:
            self.call_after_refresh(self._look_into)
        self._show_lines()

    # Moving

    def action_move(self, rows: int) -> None:
        self.body.move(rows)

    def action_page(self, pages: int) -> None:
        self.body.move_pages(pages)

    def action_sideways(self, steps: int) -> None:
        self.body.move_sideways(steps)

    def action_start(self) -> None:
        if self.view.window.start and self.view.page is not self.view.contents:
            self._jump(0, FIRST, self._at_start)
        else:
            self._at_start()

    def _at_start(self) -> None:
        self.view.page.to_start()
        self._shown_again()

    def action_end(self) -> None:
        """To the end of the file; what lies between is not read."""
        window = self.view.window
        if self.view.page is self.view.contents or not window.goes_on:
            self._at_end()
        elif window.size is None or window.size - FIRST <= window.end:
            self.stop_reading()
            self._read_on(FIRST, self._at_end)
        else:
            self._jump(window.size - FIRST + ALIGNED, FIRST, self._at_end)

    def _at_end(self) -> None:
        self.view.page.to_end()
        self._shown_again()

    def _shown_again(self) -> None:
        self.body.changed()
        self._show_lines()

    # Looks

    def action_hex(self) -> None:
        self.view.toggle_hex()
        self._found_at = None
        self.body.show(self.view.page)
        self._show_lines()

    def action_wrap(self) -> None:
        self._change_text(self.view.text.toggle_wrap)

    def action_numbers(self) -> None:
        self._change_text(self.view.text.toggle_numbers)

    def _change_text(self, change: Callable[[], None]) -> None:
        if isinstance(self.view.page, TextPage):
            change()
            self._shown_again()
        else:
            self.say("That is for text: h goes between text and bytes.")

    def action_encoding(self) -> None:
        self.view.next_encoding()
        self._found_at = None
        self.body.show(self.view.page)
        self._show_lines()

    # Searching, and going to a place

    def action_ask(self, what: str) -> None:
        self._asks = what
        line = self._ask_line
        line.placeholder = f"{what}: {_HINTS[what]}"
        line.value = self.wanted if what == _SEARCH else ""
        line.display = True
        line.focus()

    @on(FilterInput.Left)
    def _answered(self, event: FilterInput.Left) -> None:
        event.stop()
        text = self._ask_line.value
        self._ask_line.display = False
        self.body.focus()
        if not (event.kept and text):
            return
        if self._asks == _GO_TO:
            self._go_to(text)
            return
        self.wanted, self._found_at, self._ran_out = text, None, False
        self.action_find(1)

    def action_find(self, step: int) -> None:
        """The next one, or the one before."""
        if not self.wanted:
            self.say("Nothing was looked for yet: / asks.")
        elif step > 0 and self._ran_out and self.view.window.goes_on:
            self._ran_out = False
            self._read_on(FIRST, lambda: self.action_find(step))
        else:
            self._find_from(search.next_start(self.view.page, self._found_at, step), step)

    def _find_from(self, start: int, step: int) -> None:
        self.say("")
        self.start(lambda: self._find(start, step), _FINDING)

    async def _find(self, start: int, step: int) -> None:
        page, wanted = self.view.page, self.wanted
        try:
            found = await in_thread(search.finder(page, wanted, step, start))
        except ValueError as error:
            self.say(f"{error}.")
            return
        if page is not self.view.page:
            return
        if found is None:
            self._say_not_found(step)
            return
        self._found_at, self._ran_out = found, False
        search.reveal(page, wanted, found)
        self._shown_again()

    def _say_not_found(self, step: int) -> None:
        window, wanted = self.view.window, printable(self.wanted)
        on_page = self.view.page is self.view.contents
        self._ran_out = step > 0 and window.goes_on and not on_page
        if self._ran_out:
            read = fmt.size(window.end)
            self.say(f"“{wanted}” is not found up to {read}: n reads on.")
        else:
            self.say(f"“{wanted}” is not found {'after' if step > 0 else 'before'} this.")

    def _go_to(self, text: str) -> None:
        window = self.view.window
        place = search.place_typed(text, window.size)
        if place is None:
            self.say(f"“{printable(text)}” is no place: type a {_HINTS[_GO_TO]}.")
        elif place[0] == "line" and isinstance(self.view.page, TextPage):
            self._go_to_line(place[1])
        elif self.view.page is not self.view.contents:
            self._go_to_byte(place[1])

    def _go_to_line(self, number: int) -> None:
        """Lines are counted from the beginning: what lies before it is read, up to a limit."""
        lines, window = self.view.text.lines, self.view.window
        index = lines.of_number(number)
        if index is not None:
            self.view.text.show(index)
            self._shown_again()
        elif lines.before is None:
            self.say("Lines are not counted here, behind a jump: Home, then go to the line.")
        elif window.goes_on and window.end < MOST:
            self._read_on(FIRST, lambda: self._go_to_line(number))
        else:
            self._at_end()
            self.say(f"There is no line {number:,} in what is read of it.")

    def _go_to_byte(self, offset: int) -> None:
        window = self.view.window
        if window.size is not None:
            offset = min(offset, max(0, window.size - 1))
        if window.start <= offset < window.end:
            self._show_byte(offset)
        else:
            self._jump(max(0, offset - _BEFORE), FIRST, lambda: self._show_byte(offset))

    def _show_byte(self, offset: int) -> None:
        if isinstance(self.view.page, (TextPage, HexPage)):
            self.view.page.show_offset(offset)
            self._shown_again()

    def action_close(self) -> None:
        """Whatever is being read is given up."""
        self.dismiss()
