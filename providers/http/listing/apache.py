"""Apache's mod_autoindex: a plain list, FancyIndexing as preformatted text, and HTMLTable.

Sizes below 973 bytes are exact, greater ones rounded ("4.9K") and so unknown here. Times are in
the server's own zone, to the minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from providers.http.listing import shapes
from providers.http.listing.address import Folder, Found

NAME = "Apache"

_SORTED = re.compile(rb"<a href=\"\?C=N;O=[AD]\">")
_TITLE = re.compile(rb"<title>\s*Index of /", re.IGNORECASE)


def is_page(page: bytes) -> bool:
    return _SORTED.search(page) is not None or _TITLE.search(page) is not None


def read(page: bytes, folder: Folder) -> Iterator[Found]:
    in_table = re.search(rb"<th[ >]", page) is not None
    return shapes.table(page, folder) if in_table else shapes.lines(page, folder)
