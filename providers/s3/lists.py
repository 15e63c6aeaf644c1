"""Lists that come in pages, and have an end (faults.md C17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from providers.base import Buffer
from providers.errors import Unsupported
from providers.s3.documents import Page
from providers.s3.faults import problem
from providers.s3.session import Session
from providers.web.xml import BadXml

_MOST_PAGES = 100_000  # of 1,000 keys each, as a rule; some are empty


class Turns:
    """What the pages of one list were asked for with."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._taken: set[str] = set()

    def take(self, more: Mapping[str, str]) -> None:
        """Raises Unsupported for a list that goes round in circles, or has too many pages."""
        token = "\0".join(more.values())
        if token in self._taken:
            raise Unsupported(self._path, "the service's list has no end: it repeats itself")
        self._taken.add(token)
        if len(self._taken) >= _MOST_PAGES:
            what = f"its list has more than {_MOST_PAGES:,} pages"
            raise Unsupported(self._path, what, advice="Open a folder in it.")


def pages(
    session: Session,
    path: str,
    bucket: str,
    asking: Mapping[str, str],
    reading: Callable[[Iterable[Buffer]], Page],
    doing: str,
) -> Iterator[Page]:
    """What `reading` makes of each page of a bucket's list. `doing` as for `faults.problem`.

    Raises Unsupported for an answer that is no such list: a service that does not know what it was
    asked may answer something else.
    """
    turns, more = Turns(path), dict[str, str]()
    while True:
        query = {"encoding-type": "url", **asking, **more}
        with session.send("GET", bucket, path=path, query=query) as answer:
            if answer.status != 200:
                raise problem(answer, path, doing)
            try:
                page = reading(answer.document())
            except BadXml as error:
                what = f"the service's answer to {doing} cannot be read: {error}"
                raise Unsupported(path, what, advice="It may not know such lists.") from error
        yield page
        if not page.more:
            return
        turns.take(page.more)
        more = page.more
