"""How the service behaves where sources differ, or only sometimes."""

from __future__ import annotations

from providers.records import dataclass, field


@dataclass(slots=True)
class Habits:
    """A test may set each, at any time.

    `page_sizes`: the next pages hold that many (0: an empty page with a nextLink).
    `reverse_pages`: listings go backwards. `simple_put_limit`, bytes; more is 400.
    `copy_seconds`: a copy takes that long. `copy_error`: copies end with this errorCode.
    `copy_ends_with_303`: the monitor redirects at the end. `omit_hashes`, `omit_own_drive`.
    `quota`: "normal", "absent", "zero" or "negative". `ignore_ranges`: downloads come whole.
    `sessions_change_etag`: beginning one does, and a late 412 follows. `anonymous_links`.
    `closed_ranges`: nextExpectedRanges as "5-9" instead of "5-".
    `damage_uploads`: that many of the next uploads are stored with a bit flipped.
    """

    page_sizes: list[int] = field(default_factory=list)
    reverse_pages: bool = False
    simple_put_limit: int = 250_000_000
    copy_seconds: float = 0.0
    copy_error: str = ""
    copy_ends_with_303: bool = False
    omit_hashes: bool = False
    omit_own_drive: bool = False
    quota: str = "normal"
    ignore_ranges: bool = False
    sessions_change_etag: bool = False
    anonymous_links: bool = True
    closed_ranges: bool = False
    damage_uploads: int = 0
