"""XML from a server: without a document type, and bounded in size, depth and memory.

A document type is refused before anything in it is read, so that no entity grows and no file or
address is fetched (faults.md C10, C17). Elements are handed out one record at a time and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from providers.base import Buffer

DOCUMENT = 256 << 20  # bytes of a document that is read record by record
_RECORD = 1 << 20  # characters of one record, bytes of a document kept whole
_ELEMENTS = 10_000  # in one record
_DEPTH = 64
_SLICE = 1 << 16
_TOKEN = 1 << 20  # bytes of one tag: older expat reads an unfinished one again and again


class BadXml(ValueError):
    """Not XML that is accepted here. The text says why, as the end of a sentence."""


def records(
    chunks: Iterable[Buffer], roots: frozenset[str], names: frozenset[str], *, limit: int = DOCUMENT
) -> Iterator[Element]:
    """Each outermost element called one of `names`, as it ends, of a document in `roots`.

    Names are "{namespace}local". Raises BadXml: not well-formed, another root, a document type,
    too large, too deep. A document that ends so is not whole: what came before must not be used
    as if it were all.
    """
    reading = _Reading(roots, names)
    for chunk in chunks:
        view = memoryview(chunk)
        if reading.fed + len(view) > limit:
            raise BadXml(f"it is longer than {limit:,} bytes")
        for start in range(0, len(view), _SLICE):
            yield from reading.feed(view[start : start + _SLICE])
    yield from reading.feed(b"", last=True)


def parse(body: bytes, root: str, *, limit: int = _RECORD) -> Element:
    """All of a small document whose outermost element is `root`. Raises BadXml."""
    names = frozenset({root})
    return next(iter([*records([body], names, names, limit=limit)]))


class _Reading:
    """A parser, and the record it is in."""

    def __init__(self, roots: frozenset[str], names: frozenset[str]) -> None:
        self.fed = 0
        self._roots = roots
        self._names = names
        self._depth = 0
        self._open = 0  # elements open in the record, that one included
        self._bytes = self._elements = 0
        self._builder = TreeBuilder()
        self._done: list[Element] = []
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: Buffer, *, last: bool = False) -> list[Element]:
        """Take more of the document; the records that ended in it."""
        try:
            self._parser.Parse(bytes(data), last)
        except BadXml:
            raise
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise BadXml(f"it is not well-formed XML ({error})") from None
        self.fed += len(data)
        if self.fed - self._parser.CurrentByteIndex > _TOKEN and not last:
            raise BadXml(f"a tag in it is longer than {_TOKEN:,} bytes")
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _full(name)
        if self._depth == 0 and name not in self._roots:
            raise BadXml("it is a document of another kind")
        self._depth += 1
        if self._depth > _DEPTH:
            raise BadXml(f"it is nested more than {_DEPTH} deep")
        if self._open or name in self._names:
            self._open += 1
            self._count(elements=1, size=sum(map(len, attributes.values())))
            self._builder.start(name, {_full(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        self._builder.end(_full(name))
        self._open -= 1
        if not self._open:
            self._done.append(self._builder.close())
            self._builder = TreeBuilder()
            self._bytes = self._elements = 0

    def _data(self, text: str) -> None:
        if self._open:
            self._count(elements=0, size=len(text))
            self._builder.data(text)

    def _count(self, *, elements: int, size: int) -> None:
        self._elements += elements
        self._bytes += size
        if self._elements > _ELEMENTS or self._bytes > _RECORD:
            raise BadXml("one record in it is too large")

    def _doctype(self, *declared: object) -> None:
        raise BadXml("it has a document type, which is never read")


def _full(name: str) -> str:
    """expat's "namespace}local" as ElementTree writes it."""
    return "{" + name if "}" in name else name
