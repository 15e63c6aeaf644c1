"""What a contract test is given: a provider, an empty directory there, and short ways to use it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import pytest

from providers.base import ANY_VERSION, Copier, Digester, Entry, Provider, Writer
from providers.errors import ProviderError, Unsupported
from providers.extras import Linker, Moder

KEY = "0badcafe"
PART = 2 * 327_680
"""Bytes of a part, of uploads that are cut: drives take multiples of 320 KiB."""


class WritableProvider(Provider, Writer, Protocol):
    """What the suite needs: a place that can also be changed."""


def needs(
    what: Literal["folders", "unfinished", "renames", "modes", "links", "copies"],
) -> pytest.MarkDecorator:
    """The test is for places with empty folders; whose unfinished uploads are not at their final
    name; that rename; that set permissions; that make links; that copy files themselves."""
    return pytest.mark.needs(what)


@dataclass(frozen=True)
class Case:
    """One place under test.

    `again` opens another provider on the same tree; `make_link(path, target)` makes a symbolic
    link behind the provider's back. `digests`: whether this very server can do what its
    provider's capabilities say some can; `times`: whether it lets a file's time be set.
    `writes`: whether the provider itself can be changed, and not only what stands behind it;
    `listed_versions`: whether a listing tells versions; `ranges`: whether parts are sent;
    `serves`: whether it shows a file of that name at all; `renames`: whether it renames;
    `tells_empty`: whether it can be sure that a folder is empty, which it removes only then;
    `dots`: whether "." and ".." lead somewhere in an address, and are no names like others;
    `cuts`: whether its parts may be as small as the suite's;
    `modes`, `links`, `copies`: whether this very server keeps permissions, makes links, and
    copies files itself.
    """

    provider: WritableProvider
    root: str
    again: Callable[[], WritableProvider]
    make_link: Callable[[str, str], None]
    digests: bool = True
    times: bool = True
    writes: bool = True
    listed_versions: bool = True
    ranges: bool = True
    serves: Callable[[str], bool] = lambda name: True
    renames: bool = True
    tells_empty: bool = True
    dots: bool = True
    cuts: bool = True
    modes: bool = True
    links: bool = True
    copies: bool = True

    @property
    def lacks(self) -> set[str]:
        """What `needs` may name that is not to be had here."""
        caps = self.provider.caps
        found = {
            "folders": caps.real_directories,
            "unfinished": not caps.in_place,
            "modes": self.modes and isinstance(self.provider, Moder),
            "links": self.links and isinstance(self.provider, Linker),
            "copies": self.copies and isinstance(self.provider, Copier),
        }
        return {what for what, has in found.items() if not has} | (
            set() if self.renames else {"renames"}
        )

    @property
    def takes_parts(self) -> bool:
        """Whether a file may be sent in more than one part."""
        parts = self.provider.caps.parts
        return self.cuts and parts is not None and parts.max_count != 1

    @property
    def _part_size(self) -> int:
        parts = self.provider.caps.parts
        return 1 << 20 if parts is None else min(1 << 20, parts.max_size)

    def at(self, *names: str) -> str:
        path = self.root
        for name in names:
            path = self.provider.join(path, name)
        return path

    def begin(self, path: str, size: int | None, *, key: str = KEY, **more: float | str) -> str:
        return self.provider.begin(path, size, key=key, part_size=self._part_size, **more)  # type: ignore[arg-type]

    def put(
        self,
        path: str,
        data: bytes,
        *,
        key: str = KEY,
        replacing: str | None = None,
        **more: float | str,
    ) -> Entry:
        """Upload `data`, as one part where the place takes that."""
        upload = self.begin(path, len(data), key=key, **more)
        parts = self.provider.caps.parts
        size = len(data) if parts is None else min(len(data), parts.max_size)
        receipts = [
            self.provider.put_part(upload, number, start, [data[start : start + size]])
            for number, start in enumerate(range(0, len(data) or 1, size or 1))
        ]
        return self.provider.finish(upload, receipts, replacing=replacing)

    def overwrite(self, path: str, data: bytes) -> Entry:
        return self.put(path, data, replacing=ANY_VERSION)

    def get(self, path: str, **range_: object) -> bytes:
        return read(self.provider, path, **range_)

    def check_digest(self, path: str, data: bytes) -> None:
        """Every digest the place offers is that of `data`, or is refused if it has none."""
        assert isinstance(self.provider, Digester)
        for algorithm in self.provider.caps.digests or {"sha256"}:
            if self.digests and self.provider.caps.digests:
                expected = hashlib.new(algorithm, data).hexdigest()
                assert self.provider.digest(path, algorithm) == expected
            else:
                with fails(Unsupported):
                    self.provider.digest(path, algorithm)

    def names(self, path: str | None = None) -> list[str]:
        return sorted(e.name for e in self.entries(self.root if path is None else path))

    def entries(self, path: str) -> list[Entry]:
        return [entry for page in self.provider.list_dir(path) for entry in page]


def read(provider: Provider, path: str, **range_: object) -> bytes:
    with provider.read(path, **range_) as reader:  # type: ignore[arg-type]
        return b"".join(bytes(chunk) for chunk in reader.chunks())


@contextmanager
def fails(*kinds: type[ProviderError]) -> Iterator[None]:
    """The block raises one of `kinds`, with a message that is one line and safe for a terminal."""
    with pytest.raises(kinds) as caught:
        yield
    message = str(caught.value)
    assert message and message.isprintable(), f"not safe for a terminal: {message!r}"
