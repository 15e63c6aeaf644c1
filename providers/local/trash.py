"""The trash of this computer: put into it by send2trash, found again where its place is known.

Where each system keeps it: freedesktop.org's trash specification 1.0 on Linux and the like,
`~/.Trash` and `.Trashes` on macOS. The recycle bin of Windows renames what it holds, so there only
a person takes things out again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from providers.errors import NotFound, Unsupported
from providers.local.faults import system_errors, to_provider_error
from providers.local.folder import Identity, identity_of
from providers.text import printable

_INFO, _FILES, _SUFFIX = "info", "files", ".trashinfo"
_ONE_AT_A_TIME = threading.Lock()
"""send2trash looks for a free name and renames to it, which replaces what came there meanwhile."""


def throw_away(path: str) -> str:
    """See `providers.extras.Trash`."""
    # Where the trash is depends on the home directory and is found out when this is imported.
    from send2trash import send2trash

    with system_errors(path):
        identity = identity_of(os.lstat(path))
    try:
        with _ONE_AT_A_TIME:
            send2trash(path)
    except OSError as error:
        if not os.path.lexists(path):
            raise NotFound(path) from error
        raise _no_trash(path, error) from error
    if os.path.lexists(path) and identity_of(os.lstat(path)) == identity:
        raise Unsupported(path, "it could not be put into the trash")
    return _found(identity, path)


def _no_trash(path: str, error: OSError) -> Unsupported:
    if os.path.islink(path) and not os.path.exists(path):
        said = "it does not take a link that leads nowhere"
    else:
        said = to_provider_error(path, error).what if error.errno else printable(str(error))
    return Unsupported(path, f"it could not be put into the trash ({said})")


def note_taken_out(thrown: str) -> None:
    """Remove what the trash remembers of `thrown`, which is no longer in it."""
    folder, name = os.path.split(thrown)
    if os.path.basename(folder) == _FILES:
        note = os.path.join(os.path.dirname(folder), _INFO, name + _SUFFIX)
        with contextlib.suppress(OSError):
            os.unlink(note)


def _found(identity: Identity, path: str) -> str:
    """Where the thing with that identity is; "" where it is not found. Its own name first: a
    trash may hold a great many."""
    name = os.path.basename(path)
    for folder in _folders(path):
        with contextlib.suppress(OSError):
            first = os.path.join(folder, name)
            if os.path.lexists(first) and identity_of(os.lstat(first)) == identity:
                return first
            with os.scandir(folder) as items:
                for item in items:
                    if item.inode() == identity[1] and _is(item.path, identity):
                        return item.path
    return ""


def _is(path: str, identity: Identity) -> bool:
    return identity_of(os.lstat(path)) == identity


def _folders(path: str) -> Iterator[str]:
    """Where the things are that a trash holds, its own volume's last."""
    if sys.platform == "win32":
        return
    home, user = os.path.expanduser("~"), str(os.getuid())
    top = _mount_point(os.path.dirname(path))
    if sys.platform == "darwin":
        yield os.path.join(home, ".Trash")
        yield os.path.join(top, ".Trashes", user)
        return
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    yield os.path.join(data, "Trash", _FILES)
    yield os.path.join(top, ".Trash", user, _FILES)
    yield os.path.join(top, f".Trash-{user}", _FILES)


def _mount_point(path: str) -> str:
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path
