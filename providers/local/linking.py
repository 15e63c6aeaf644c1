"""Links of this computer: made in a folder held open; symbolic ones followed to their end."""

from __future__ import annotations

import os
from contextlib import suppress

from providers.base import ANY_VERSION, Kind
from providers.errors import TargetChanged, WrongKind
from providers.local.entries import kind_of, version_of
from providers.local.faults import system_errors
from providers.local.folder import Folder, open_folder
from providers.names import temporary_name


def make(path: str, target: str, within: str) -> None:
    """See `providers.extras.Linker.make_link`."""
    above, name = os.path.split(path)
    with open_folder(above, within) as folder, system_errors(path):
        folder.make_link(name, target)
        folder.sync()


def make_hard(path: str, existing: str) -> None:
    """See `providers.extras.HardLinker`."""
    above, name = os.path.split(path)
    with open_folder(above) as folder:
        with system_errors(existing):
            if kind_of(os.lstat(existing)) is not Kind.FILE:
                raise WrongKind(existing, "only a file can have another name", advice="")
        with system_errors(path):
            folder.add_name(existing, name)
            folder.sync()


def replace(path: str, target: str, key: str, replacing: str, within: str) -> None:
    """See `providers.extras.Linker.replace_link`: a link of another name, and one rename."""
    above, name = os.path.split(path)
    unfinished = temporary_name(name, key)
    with open_folder(above, within) as folder, system_errors(path):
        folder.unlink(unfinished)
        folder.make_link(unfinished, target)
        try:
            _need_version(folder, path, replacing)
            folder.name_over(unfinished, name)
        except BaseException:
            with suppress(OSError):
                folder.unlink(unfinished)
            raise
        folder.sync()


def _need_version(folder: Folder, path: str, replacing: str) -> None:
    there = folder.look(os.path.basename(path))
    if there is not None and kind_of(there) is Kind.DIR:
        raise WrongKind(path, "is a directory")
    if replacing != ANY_VERSION and (there is None or version_of(there) != replacing):
        raise TargetChanged(path)


def leads_to(path: str) -> str:
    """See `providers.extras.Linker.leads_to`."""
    with system_errors(path):
        return os.path.realpath(path, strict=True)
