"""One file that is looked into: what is read of it, and the page that shows it. No reading."""

from __future__ import annotations

from collections.abc import Sequence

from providers.base import Entry
from tui.viewing.encodings import ENCODINGS, guess, unit
from tui.viewing.hex_page import HexPage
from tui.viewing.kinds import Shape, shape_of
from tui.viewing.list_page import ListPage
from tui.viewing.ranges import Piece
from tui.viewing.rows import Row
from tui.viewing.text_page import TextPage
from tui.viewing.window import Window

_ALWAYS = "latin-1"
"""An encoding in which any bytes are text."""
_BREAKS = (("\r\n", "CRLF"), ("\n", "LF"), ("\r", "CR"))


class FileView:
    """`text`, `hex` and `contents` are three ways to see it; `page` is the one that is shown."""

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.window = Window()
        self.shape: Shape | None = None  # None until its first bytes are there
        self.text = TextPage(self.window, _ALWAYS)
        self.hex = HexPage(self.window)
        self.contents = ListPage(())
        self.page: TextPage | HexPage | ListPage = self.text

    # Its bytes

    def take(self, piece: Piece) -> bool:
        """Take in what was read; whether there is another page to be shown for it."""
        if not piece.data:
            self.entry = piece.entry
            self._begin(0)
            return True
        new = self.window.end - piece.offset
        if new < 0:
            return False
        forgotten = self.window.append(piece.data[new:])
        for page in (self.text, self.hex):
            page.forgot(forgotten)
            page.grown()
        if self.shape is not None:
            return False
        self._decide()
        return True

    def ended(self) -> bool:
        """All that was to be read at first is there; whether only now it is told what it is."""
        if self.shape is not None or self.window.start:
            return False
        self._decide()
        return True

    def _begin(self, start: int) -> None:
        size = None if self.entry is None else self.entry.size
        self.window = Window(start, size)
        if start == 0:
            self.shape = None
        shown = self.page
        self.hex = HexPage(self.window)
        self._new_text(self.text.encoding, start)
        self.page = self.hex if isinstance(shown, HexPage) else self.text

    def _decide(self) -> None:
        head = bytes(self.window.data)
        name = "" if self.entry is None else self.entry.name
        self.shape = shape_of(name, head)
        self._new_text(guess(head) or _ALWAYS, 0)
        self.contents = ListPage(())
        self.page = self.contents
        if self.shape in (Shape.TEXT, Shape.BYTES):
            self.page = self.text if self.shape is Shape.TEXT else self.hex

    def restart(self, offset: int) -> None:
        """What is read from now on is from `offset` on, in a window of its own."""
        self._begin(offset)

    def put_before(self, data: bytes) -> None:
        """Take in the bytes before the window."""
        offset = self.page.offset
        self.window.prepend(data)
        shown = self.page
        self._new_text(self.text.encoding, offset)
        self.page = self.text if isinstance(shown, TextPage) else shown

    # How it is seen

    def _new_text(self, encoding: str, offset: int) -> None:
        old = self.text
        self.text = TextPage(self.window, encoding, 0 if self.window.start == 0 else None)
        self.text.wraps, self.text.numbered = old.wraps, old.numbered
        self.text.look_for(old.pattern)
        self.text.resize(old.width, old.height)
        self.text.show_offset(offset)

    def next_encoding(self) -> str:
        """Read the text in another encoding, from the same place on."""
        known = ENCODINGS.index(self.text.encoding)
        encoding = ENCODINGS[(known + 1) % len(ENCODINGS)]
        offset = self.text.offset
        self._new_text(encoding, offset - offset % unit(encoding))
        self.page = self.text
        return encoding

    def toggle_hex(self) -> None:
        """Its bytes, and back to what it is; bytes that are nothing else are shown as text."""
        if not isinstance(self.page, HexPage):
            self.hex.show_offset(self.page.offset)
            self.page = self.hex
        elif self.shape in (Shape.TEXT, Shape.BYTES, None) or self.window.start:
            self.text.show_offset(self.hex.offset)
            self.page = self.text
        else:
            self.page = self.contents

    def fill(self, rows: Sequence[Row]) -> None:
        """These are its contents."""
        shown = self.page is self.contents
        self.contents = ListPage(rows)
        if shown:
            self.page = self.contents

    @property
    def facts(self) -> str:
        """How it is shown, for the line below it."""
        if isinstance(self.page, HexPage):
            return "hex"
        if isinstance(self.page, ListPage):
            return str(self.shape or "")
        start = self.text.lines.text(self.text.top) if len(self.text.lines) else ""
        breaks = next((name for end, name in _BREAKS if start.endswith(end)), "")
        wraps = "wrapped" if self.text.wraps else ""
        return "  ".join(part for part in (self.text.encoding, breaks, wraps) if part)
