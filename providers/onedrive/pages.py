"""Lists in pages, followed as they are asked for, and their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

from providers.errors import ConnectionLost, Unsupported
from providers.onedrive import faults
from providers.onedrive.answers import Answer
from providers.onedrive.graph import Session

_MOST = 100_000
_MOST_EMPTY = 100  # pages in a row
_NOTHING: Mapping[str, str] = MappingProxyType({})

LARGEST = "1000"
"""`$top`: items of one page at most (onedrive-api-docs #319)."""


def pages(
    session: Session,
    target: str,
    *,
    path: str,
    query: Mapping[str, str] = _NOTHING,
    headers: Mapping[str, str] = _NOTHING,
) -> Iterator[list[dict[str, Any]]]:
    """What each page holds. One may be empty and not the last, and the next have the same address
    then, which is asked for as it came. Raises Unsupported for a list without an end,
    ConnectionLost for an answer that is no page: it would pass for an empty folder."""
    seen: set[str] = set()
    empty = 0
    asking: AbstractContextManager[Answer] = session.ask(
        "GET", target, path=path, query=query, headers=headers
    )
    while True:
        with asking as answer:
            if answer.status != 200:
                raise faults.problem(answer, path, "listing it")
            told = answer.json()
        found = told.get("value")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ConnectionLost(path, "the service's answer cannot be read: it is no list")
        yield found
        empty = 0 if found else empty + 1
        link = told.get("@odata.nextLink")
        if not isinstance(link, str) or not link:
            return
        if (found and link in seen) or len(seen) >= _MOST or empty >= _MOST_EMPTY:
            raise Unsupported(path, "the service's list has no end")
        seen.add(link)
        asking = session.ask_next(link, path=path, headers=headers)
