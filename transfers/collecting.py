"""Python's garbage collector kept from a hundred thousand jobs: it finds nothing in them.

Jobs form no cycles: what is no longer used is freed without it, and looking through all of them
stops everything for a tenth of a second, again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 20_000  # objects


@contextmanager
def without_collecting() -> Iterator[None]:
    """For work that may make or change many jobs; what it made is not looked through later."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] >= _MANY:
            gc.freeze()
        if enabled:
            gc.enable()
