"""What a shell's words name: as `providers.location` reads them, and surely what was meant."""

from __future__ import annotations

import os
import re

from providers.base import Place
from providers.errors import InvalidName
from providers.location import LOCAL, parse
from providers.sites import Sites
from providers.text import printable

_SITE = re.compile(r"([^/\\:]{2,}):")  # one letter is a disk of Windows


def typed(text: str, sites: Sites) -> Place:
    """The Place that `text` names. Raises InvalidName as `parse`, and for “box:/srv” where neither
    a site nor a file here is called that.

    To ssh, scp and rsync that is a host. Taken for a file's name here, a copy would be made on this
    computer, proven, and said to be done.
    """
    place, match = parse(text, sites), _SITE.match(text)
    if place.endpoint != LOCAL or match is None or text.startswith("file:"):
        return place
    if os.path.lexists(text) or os.path.lexists(text.partition("/")[0]):
        return place
    name = printable(match[1])
    raise InvalidName(
        text,
        f"no saved site is called “{name}”",
        advice=f"“wharfie sites” lists them; sftp://{name} is the host of that name, also of"
        f" ~/.ssh/config; ./{printable(text)} is a file here.",
    )
