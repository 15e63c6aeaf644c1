"""Digests in files beside the files they are of: `SHA256SUMS`, `file.sha256` and their kin.

What such a file says was said by who made the files, so it is what copies are held against. It is
looked for where the folder's listing shows one; a folder that is not listed is asked once.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping

from providers.records import dataclass, field
from providers.text import from_bytes

_SIZES = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
_OF_ALL = {
    f"{name}{end}": algorithm
    for algorithm in _SIZES
    for stem in (algorithm.upper(), algorithm)
    for name in (f"{stem}SUMS", f"{stem}sums", f"{stem}sum")
    for end in ("", ".txt")
}
_OF_ONE = {f".{algorithm}{end}": algorithm for algorithm in _SIZES for end in ("", "sum", ".txt")}
_GNU = re.compile(r"(\\?)([0-9A-Fa-f]{32,128}) [ *](.+)")
_BSD = re.compile(r"([A-Za-z0-9-]+) ?\((.+)\) ?= ?([0-9A-Fa-f]{32,128})")
_KEEP_SECONDS = 60.0
_FOLDERS = 256
MOST_BYTES = 4 << 20
"""Of one such file."""


def parse_sums(raw: bytes, algorithm: str) -> dict[str, str]:
    """The digests of an `algorithm` by file name: GNU's and BSD's lines. What is doubtful is left
    out: a name in another folder, one with two digests, a digest of another length."""
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for line in from_bytes(raw).replace("\r\n", "\n").split("\n"):
        name, value = _line(line, algorithm)
        if name and found.setdefault(name, value) != value:
            doubtful.add(name)
    return {name: value for name, value in found.items() if name not in doubtful}


def parse_one(raw: bytes, algorithm: str, name: str) -> str | None:
    """The digest of the file `name` in a file that is for it alone: bare, or in a line."""
    bare = from_bytes(raw).strip()
    if len(bare) == _SIZES[algorithm] and re.fullmatch(r"[0-9A-Fa-f]+", bare):
        return bare.lower()
    return parse_sums(raw, algorithm).get(name)


def _line(line: str, algorithm: str) -> tuple[str, str]:
    gnu, bsd = _GNU.fullmatch(line), _BSD.fullmatch(line)
    if gnu is not None:
        escaped, value, name = gnu.groups()
    elif bsd is not None and bsd[1].lower().replace("-", "") == algorithm:
        escaped, name, value = "", bsd[2], bsd[3]
    else:
        return "", ""
    if escaped:
        name = re.sub(r"\\([\\nr])", lambda found: _UNESCAPED[found[1]], name)
    name = name.removeprefix("./")
    good = "/" not in name and len(value) == _SIZES[algorithm]
    return (name, value.lower()) if good else ("", "")


_UNESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}


@dataclass(slots=True)
class _Folder:
    """What is known of one. `names`: of its sidecars; None: it is not listed."""

    at: float
    names: frozenset[str] | None
    sums: dict[str, dict[str, str]] = field(default_factory=dict)  # by algorithm, by file
    read: bool = False
    alone: bool = True  # whether files of their own are worth asking for


class Sidecars:
    """The digests beside the files of one server, remembered for a minute.

    `fetch(folder, name)` gives such a file's bytes, None when there is none; `listed(folder)` the
    names in a folder, None when it shows none.
    """

    def __init__(
        self,
        fetch: Callable[[str, str], bytes | None],
        listed: Callable[[str], list[str] | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._listed = listed
        self._clock = clock
        self._lock = threading.Lock()
        self._folders: dict[str, _Folder] = {}
        self._busy: dict[str, threading.Lock] = {}

    def saw(self, folder: str, names: list[str]) -> None:
        """A listing was read: what it shows needs no asking."""
        with self._lock:
            self._keep(folder, _Folder(self._clock(), _only_sidecars(names)))

    def of(self, folder: str, name: str) -> Mapping[str, str]:
        """The digests of the file `name` in `folder` that stand beside it. Raises ProviderError."""
        if is_sidecar(name):
            return {}
        with self._lock:
            busy = self._busy.setdefault(folder, threading.Lock())
        with busy:
            known = self._known(folder)
            if not known.read:
                self._read_sums(folder, known)
            found = {a: sums[name] for a, sums in known.sums.items() if name in sums}
            return found or self._alone(folder, name, known)

    def _known(self, folder: str) -> _Folder:
        with self._lock:
            known = self._folders.get(folder)
        if known is None or self._clock() - known.at > _KEEP_SECONDS:
            names = self._listed(folder)
            known = _Folder(self._clock(), None if names is None else _only_sidecars(names))
            with self._lock:
                self._keep(folder, known)
        return known

    def _keep(self, folder: str, known: _Folder) -> None:
        self._folders.pop(folder, None)
        self._folders[folder] = known
        while len(self._folders) > _FOLDERS:
            oldest = next(iter(self._folders))
            del self._folders[oldest]
            self._busy.pop(oldest, None)

    def _read_sums(self, folder: str, known: _Folder) -> None:
        names = {"SHA256SUMS"} if known.names is None else known.names
        for name in sorted(names & _OF_ALL.keys()):
            raw = self._fetch(folder, name)
            if raw is not None:
                sums = known.sums.setdefault(_OF_ALL[name], {})
                sums.update(parse_sums(raw, _OF_ALL[name]))
        known.read = True

    def _alone(self, folder: str, name: str, known: _Folder) -> Mapping[str, str]:
        """From files for this one alone; where nothing is listed, one miss is enough to stop."""
        ends = [".sha256"] if known.names is None else list(_OF_ONE)
        found: dict[str, str] = {}
        for end in ends:
            beside = f"{name}{end}"
            if known.names is None and not known.alone:
                break
            if known.names is not None and beside not in known.names:
                continue
            raw = self._fetch(folder, beside)
            if raw is None:
                known.alone = False
            elif (value := parse_one(raw, _OF_ONE[end], name)) is not None:
                found[_OF_ONE[end]] = value
        return found


def is_sidecar(name: str) -> bool:
    return name in _OF_ALL or any(name.endswith(end) for end in _OF_ONE)


def _only_sidecars(names: list[str]) -> frozenset[str]:
    return frozenset(name for name in names if is_sidecar(name))
