"""The dates that listings print, as Unix seconds. Pure.

A date without a zone is read as UTC. nginx means that; Apache and lighttpd print their own clock,
so such a time may be hours off. It is there to be shown: the queue asks the server for each file
(`Last-Modified`, exact) before it compares anything.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_MONTH_NAMES = "|".join(_MONTHS)
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<part>\.\d{1,9})?)?"
_ZONE = r"\ ?(?:Z|UTC|GMT|(?P<zone>[+-]\d\d:?\d\d)(?:\ [A-Z]{1,5})?)?"
_DATES = [
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]{_TIME}{_ZONE}", re.ASCII),
    re.compile(
        rf"(?:\w{{3}},\ )?(?P<day>\d\d)[- ](?P<month>{_MONTH_NAMES})[- ](?P<year>\d{{4}})"
        rf"\ {_TIME}{_ZONE}",
        re.ASCII,
    ),
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>{_MONTH_NAMES})-(?P<day>\d\d) {_TIME}", re.ASCII),
]


@lru_cache(maxsize=1024)  # the files of a folder share their minutes
def seconds(text: str) -> float | None:
    """The moment that `text` names, in any form a listing uses; None: it names none."""
    text = text.strip()
    match = next((m for form in _DATES if (m := form.fullmatch(text))), None)
    if match is None:
        return None
    found = match.groupdict()
    month = _MONTHS.get(found["month"]) or int(found["month"])
    day = (int(found["year"]), month, int(found["day"]))
    clock = (int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    try:
        moment = datetime(*day, *clock, tzinfo=_zone(found.get("zone")))
        return moment.timestamp() + float(found["part"] or 0)
    except (ValueError, OverflowError):  # the 30th of February; before the year 1
        return None


def _zone(offset: str | None) -> timezone:
    if not offset:
        return UTC
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-ahead if offset[0] == "-" else ahead)
