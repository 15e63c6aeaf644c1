"""A look at a place on this computer, step by step. Nothing is written, made or renamed."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from providers.access import Access
from providers.base import Entry, Kind
from providers.diagnosis import Finding, Step, in_time, look_alike, odd_names
from providers.errors import Denied, NotFound, ProviderError
from providers.local.provider import LocalProvider

_SECONDS = 15.0  # a disk that answers at all does so by then
_LOOKED_AT = 1000  # entries
_READ = 1 << 20  # bytes
_LITTLE_ROOM = 100 << 20  # bytes
_MIB = 1 << 20
_KINDS = {Kind.DIR: "a folder", Kind.FILE: "a file"}


def diagnose(endpoint: str, path: str, access: Access) -> Iterator[Finding]:
    """See `providers.registry.diagnose`. Ends after a step that makes the next ones impossible."""
    place = LocalProvider()
    step = Step("path", path)
    try:
        path = place.resolve(path)
        found = in_time(_SECONDS, lambda: place.stat(path, follow=True))
    except TimeoutError:
        yield step.wrong(
            f"its disk did not answer within {_SECONDS:g} seconds",
            "It may be a network disk whose server is gone: unmount it, or get its server back.",
        )
    except NotFound:
        yield _missing(step, place, path)
    except ProviderError as error:
        yield step.failed(error, _privacy(error))
    else:
        yield step.fine(_described(place, path, found))
        yield from _inside(place, path, found)


def _inside(place: LocalProvider, path: str, found: Entry) -> Iterator[Finding]:
    yield _permissions(path, found)
    folder, names = place.parent(path), [place.name(path)]
    if found.kind is Kind.DIR:
        listed = yield from _list(place, path)
        if listed is None:
            return
        folder, names = path, listed
    elif found.kind is Kind.FILE:
        yield _read(place, path)
    yield _room(place, folder)
    yield _spelling("capitals", folder, names, str.swapcase, _CAPITALS)
    yield _spelling("accents", folder, names, _other_form, _ACCENTS)


def _missing(step: Step, place: LocalProvider, path: str) -> Finding:
    """Say which part of the path is not there, and what is called nearly so."""
    while not os.path.lexists(path) and not os.path.lexists(place.parent(path)):
        path = place.parent(path)
    if os.path.islink(path):
        return step.wrong(
            f"{path} is a link that leads nowhere", "Correct the link, or give another path."
        )
    above, name = place.parent(path), place.name(path)
    try:
        alike = look_alike(name, os.listdir(above))
    except OSError:
        alike = ""  # a folder that may be entered, not listed
    advice = alike or "Check the path; the disk it is on may have to be mounted first."
    return step.wrong(f"there is no “{name}” in {above}", advice)


def _described(place: LocalProvider, path: str, found: Entry) -> str:
    what = _KINDS.get(found.kind, "neither a file nor a folder (a device, pipe or socket)")
    real = os.path.realpath(path)
    return f"{path} is {what}" + (f", by a link: {real}" if os.path.islink(path) else "")


def _privacy(error: ProviderError) -> str:
    if sys.platform == "darwin" and isinstance(error, Denied):
        return (
            "macOS may keep terminals out of this folder: see System Settings, Privacy & Security, "
            "Files and Folders, or Full Disk Access."
        )
    return ""


def _permissions(path: str, found: Entry) -> Finding:
    """What this user may do, as the system says it: nothing is tried."""
    step = Step("permissions", path)
    needed = os.R_OK | (os.X_OK if found.kind is Kind.DIR else 0)
    mode = "" if found.mode is None else f"mode {found.mode:04o}, "
    told = f"{mode}owned by {_owner(path)}: you may "
    if not os.access(path, needed):
        return step.wrong(
            f"{told}not read it",
            "Have its owner change its mode, or run Wharfie as someone who may read it.",
        )
    if not os.access(path, os.W_OK):
        return step.remark(
            f"{told}read it, but not change it",
            "Nothing can be copied here: choose another folder, or have its owner change its mode.",
        )
    return step.fine(f"{told}read and change it")


def _owner(path: str) -> str:
    try:
        return Path(path).owner()
    except (OSError, KeyError, NotImplementedError):
        return "a user without a name here"


def _list(place: LocalProvider, path: str) -> Generator[Finding, None, list[str] | None]:
    """The names of the first entries; None: it cannot be listed."""
    step = Step("list", path)
    try:
        pages = place.list_dir(path)
        entries: Sequence[Entry] = in_time(_SECONDS, lambda: next(pages, ()))
    except TimeoutError:
        what = f"nothing was listed within {_SECONDS:g} seconds"
        yield step.wrong(what, "Check the disk, and the network when it is a network disk.")
        return None
    except ProviderError as error:
        yield step.failed(error, _privacy(error))
        return None
    names = [entry.name for entry in entries]
    count = f"{len(names)} entries" if len(names) < _LOOKED_AT else f"{_LOOKED_AT} entries or more"
    yield step.fine(count)
    odd = odd_names(names)
    if odd:
        yield Step("names", path).remark(
            f"of these names, {odd}", "Other systems may show or store them differently."
        )
    return names


def _read(place: LocalProvider, path: str) -> Finding:
    step = Step("read", path)
    try:
        with place.read(path) as reader:
            size = reader.entry.size or 0
        with place.read(path, length=min(size, _READ)) as reader:
            count = sum(len(chunk) for chunk in reader.chunks())
    except ProviderError as error:
        return step.failed(error, _privacy(error))
    return step.fine(f"{count} of {size} bytes were read")


def _room(place: LocalProvider, folder: str) -> Finding:
    step = Step("room", folder)
    try:
        free = place.room(folder).free
    except ProviderError as error:
        return step.failed(error)
    if free is None:
        return step.remark("the system does not say how much is free")
    told = f"{free // _MIB} MiB are free for you"
    if free < _LITTLE_ROOM:
        return step.remark(told, "Free some space before you copy here.")
    return step.fine(told)


_CAPITALS = (
    "“a” and “A” are one name here: of files that differ only so, one can be copied here",
    "“a” and “A” are two names here",
    "no name here tells whether capital letters make a difference",
)
_ACCENTS = (
    "composed and decomposed accents (NFC, NFD) are one name here",
    "composed and decomposed accents (NFC, NFD) are two names here",
    "no name here tells whether accents may be written two ways",
)


def _other_form(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    return unicodedata.normalize("NFD", name) if name == composed else composed


def _spelling(
    title: str,
    folder: str,
    names: Sequence[str],
    other: Callable[[str], str],
    texts: tuple[str, str, str],
) -> Finding:
    """Whether two spellings are one name, asked with names that are there: nothing is made."""
    step = Step(title, folder)
    taken = set(names)
    for name in names:
        spelled = other(name)
        if spelled in taken:
            continue
        try:
            there = os.lstat(os.path.join(folder, name))
            same = _is_file(os.path.join(folder, spelled), there)
        except (OSError, ValueError):
            continue
        return step.remark(texts[0] if same else texts[1])
    return step.remark(texts[2])


def _is_file(path: str, there: os.stat_result) -> bool:
    """Whether `path` leads to that very file. Raises OSError."""
    try:
        return os.path.samestat(there, os.lstat(path))
    except FileNotFoundError:
        return False
