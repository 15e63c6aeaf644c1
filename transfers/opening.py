"""A source that is opened instead of looked at, where that tells as much: a request less for each
of many small files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from providers.base import Entry, Reader
from providers.errors import NotFound
from providers.records import dataclass
from transfers.run import Run


@dataclass(frozen=True, slots=True)
class Opened:
    """A reader at the beginning of its file; `stack` closes it."""

    reader: Reader
    stack: ExitStack


def look(run: Run) -> Entry:
    """What the source is. Of one in a batch the bytes may be on their way then: `reading` has them.

    Not where something stands at the destination: they may not be wanted. Raises ProviderError.
    """
    if run.opened is not None:
        return run.opened.reader.entry
    source, path = run.source(), run.job.source.path
    if run.alone or not source.caps.told_when_read or not wanted(run):
        return source.stat(path)
    with ExitStack() as stack:
        reader = stack.enter_context(source.read(path))
        run.opened = Opened(reader, stack.pop_all())
    return reader.entry


def wanted(run: Run) -> bool:
    """Whether nothing stands at the destination, as far as that is told at no cost."""
    target = run.target()
    if not target.caps.near:
        return False
    try:
        target.stat(run.job.target.path)
    except NotFound:
        return True
    return False


@contextmanager
def reading(run: Run, offset: int, version: str | None) -> Iterator[Reader]:
    """The source from `offset` on, as `Provider.read`."""
    opened, run.opened = run.opened, None
    if opened is not None and not offset and opened.reader.entry.version == version:
        with opened.stack:
            yield opened.reader
        return
    if opened is not None:
        opened.stack.close()
    with run.source().read(run.job.source.path, offset=offset, version=version) as reader:
        yield reader


def let_go(run: Run) -> None:
    """Close what was opened and not read."""
    opened, run.opened = run.opened, None
    if opened is not None:
        opened.stack.close()
