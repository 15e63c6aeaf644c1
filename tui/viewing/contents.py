"""What a file is made of: the words of a text, the members of an archive, a picture."""

from __future__ import annotations

import time

from providers.base import Entry
from tui import format as fmt
from tui.background import in_thread
from tui.viewing import pictures
from tui.viewing.child import COLOURED, colours, draw
from tui.viewing.kinds import Shape
from tui.viewing.listing import Listing, NotReadable, member_rows
from tui.viewing.ranges import FIRST
from tui.viewing.rows import Row, visible
from tui.viewing.source import Source
from tui.viewing.tars import list_tar
from tui.viewing.text_page import TextPage
from tui.viewing.window import Window

_DAMAGED = "It could not be drawn: it is damaged, or needs too much. h shows its bytes."


async def colour(page: TextPage, name: str, *, goes_on: bool) -> None:
    """Show the first stretches of `page` in the looks that a file of that name has.

    `goes_on`: the last stretch may be longer by then.
    """
    lines: list[str] = []
    length = 0
    for index in range(len(page.lines)):
        text = page.lines.text(index)
        length += len(text)
        if length > COLOURED:
            break
        lines.append(text)
    found = await in_thread(lambda: colours(name, lines))
    if found and page.lines.offset(0) == 0:
        page.colour(found[:-1] if goes_on else found)


async def members(source: Source, entry: Entry, window: Window, shape: Shape) -> list[Row]:
    """The members of an archive. Raises ProviderError."""
    try:
        if shape is Shape.ZIP:
            listing = await source.zip_listing(entry)
        else:
            head, whole = bytes(window.data), window.whole
            listing = await in_thread(lambda: list_tar(head, whole=whole))
    except NotReadable as error:
        listing = Listing((), f"{error}. h shows its bytes.")
    return member_rows(listing, time.time())


async def picture(
    source: Source, entry: Entry, window: Window, room: tuple[int, int], *, asked: bool
) -> list[Row]:
    """The picture in `room` (columns, rows), where all of it is at hand or was `asked` for; else
    what it says of itself, and why there is no more. Raises ProviderError."""
    facts = pictures.facts_of(bytes(window.data[:FIRST]))
    head = visible(str(facts))
    if why := pictures.why_not_drawn(facts, entry.size):
        return [head, visible(why)]
    if not (window.whole or asked or source.has_all_of(entry)):
        return [head, visible(f"p reads all of it ({fmt.size(entry.size)}) and draws it.")]
    data = bytes(window.data) if window.whole else await source.all_of(entry)
    columns, rows = room[0], max(1, room[1] - 1)
    width, height = pictures.drawn_size(facts.width, facts.height, columns, rows)
    drawn = await in_thread(lambda: draw(data, width, height))
    if drawn is None:
        return [head, visible(_DAMAGED)]
    return [head, *pictures.block_rows(drawn, width, height)]
