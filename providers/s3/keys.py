"""Addresses in buckets, "/bucket/key", and the keys they stand for. Pure.

A key is any text: empty segments, "." and ".." are names like others, and nothing is ever taken
out. A folder is what keys begin with. Its address is that beginning without the last slash, where
only one beginning can be meant by it: "/b/a" is the folder "a/", "/b/a//" the folder "a//". What
ends in a slash is a folder and never a file.
"""

from __future__ import annotations

from urllib.parse import quote

from providers.errors import InvalidName
from providers.names import check_name
from providers.text import printable

MOST_BYTES = 1024  # of a key, in UTF-8


def split(path: str) -> tuple[str, str]:
    """The bucket and the key; "" for each that `path` does not name."""
    bucket, _, key = path[1:].partition("/")
    return bucket, key


def prefix_of(path: str) -> tuple[str, str]:
    """The bucket, and what the keys in the folder at `path` begin with."""
    bucket, key = split(path)
    return bucket, key if not key or key.endswith("/") else f"{key}/"


def folder(bucket: str, prefix: str) -> str:
    """The address of the folder whose keys begin with `prefix`."""
    if not prefix:
        return f"/{bucket}"
    exact = prefix == "/" or prefix.endswith("//")
    return f"/{bucket}/{prefix if exact else prefix[:-1]}"


def is_folder(path: str) -> bool:
    """Whether no object can stand at `path`: the root, a bucket, what ends in a slash."""
    _, key = split(path)
    return not key or key.endswith("/")


def resolve(path: str) -> str:
    """The canonical form. Raises InvalidName for what is no key."""
    path = path if path.startswith("/") else f"/{path}"
    bucket, key = split(path)
    if not bucket:
        return "/"
    _need_key(path, key)
    return folder(bucket, key) if is_folder(path) else path


def join(directory: str, name: str) -> str:
    check_name(directory, name)
    bucket, prefix = prefix_of(directory)
    path = f"/{bucket}/{prefix}{name}" if bucket else f"/{name}"
    _need_key(path, prefix + name)
    return path


def parent(path: str) -> str:
    bucket, key = split(path)
    if not key:
        return "/"
    head, slash, _ = key.removesuffix("/").rpartition("/")
    return folder(bucket, head + slash)


def name(path: str) -> str:
    bucket, key = split(path)
    return key.removesuffix("/").rpartition("/")[2] if key else bucket


def quoted(key: str) -> str:
    """As it stands in an address that is signed: every byte but the unreserved ones and "/".

    A service may list what is no UTF-8; its bytes are asked for as they came.
    """
    return quote(key, safe="/-_.~", errors="surrogateescape")


def quoted_value(text: str) -> str:
    """As `quoted`, in a query: "/" as well."""
    return quote(text, safe="-_.~", errors="surrogateescape")


def _need_key(path: str, key: str) -> None:
    try:
        size = len(key.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InvalidName(path, "keys are UTF-8 text, and this name is not") from error
    if size > MOST_BYTES:
        what = f"the key “{printable(key[:40])}…” would be longer than {MOST_BYTES:,} bytes"
        raise InvalidName(path, what, advice="Choose a shorter name or folder.")
