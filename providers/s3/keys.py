"""Addresses in buckets, "/bucket/key", and the keys they stand for. Pure.

A key is any text: empty segments, "." and ".." are names like others, and nothing is ever taken
out. A folder is what keys begin with. Its address is that beginning without the last slash, where
only one beginning can be meant by it: "/b/a" is the folder "a/", "/b/a//" the folder "a//". What
ends in a slash is a folder and never a file.

"/?versionId=ID/bucket/key" is one of the contents that the file "/bucket/key" has had, its ID
escaped as in a query: no bucket's name holds a "?". `split` refuses it, so that nothing is done to
the file that was meant for what it has been; `exact` gives what to ask for.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from providers.errors import InvalidName
from providers.names import check_name
from providers.text import printable

MOST_BYTES = 1024  # of a key, in UTF-8; of the ID of a revision as well
_MARK = "/?"
_REVISION = re.compile(r"/\?versionId=([A-Za-z0-9._~%-]+)(/[^/?][^/]*/.*[^/])", re.DOTALL)


def split(path: str) -> tuple[str, str]:
    """The bucket and the key; "" for each that `path` does not name.

    Raises InvalidName for a revision: what would be done to it must not be done to the file.
    """
    if is_revision(path):
        what = "this is what a file has been, and neither written to nor a folder"
        raise InvalidName(path, what, advice="Name the file itself.")
    return _cut(path)


def exact(path: str) -> tuple[str, str, dict[str, str]]:
    """As `split`, also of a revision: what is put into the query for that comes third.

    Raises InvalidName for an address of a revision that is none.
    """
    if not is_revision(path):
        return *_cut(path), {}
    match = _REVISION.fullmatch(path)
    version = _unquoted(match[1]) if match else ""
    if match is None or not version or len(match[1]) > 3 * MOST_BYTES:
        raise InvalidName(path, "this is no address of an earlier version of a file")
    return *_cut(match[2]), {"versionId": version}


def revision(path: str, version: str) -> str:
    """The address of the revision of the file at `path` that the service calls `version`."""
    return f"{_MARK}versionId={quoted_value(version)}{path}"


def is_revision(path: str) -> bool:
    return path.startswith(_MARK)


def file_of(path: str) -> str:
    """The address of the file that a revision is of; any other as it is."""
    match = _REVISION.fullmatch(path)
    return match[2] if match else path


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
    _, key = _cut(file_of(path))
    return not key or key.endswith("/")


def resolve(path: str) -> str:
    """The canonical form. Raises InvalidName for what is no key."""
    path = path if path.startswith("/") else f"/{path}"
    bucket, key, _ = exact(path)
    if not bucket:
        return "/"
    _need_key(path, key)
    return folder(bucket, key) if is_folder(path) else path


def join(directory: str, name: str) -> str:
    check_name(directory, name)
    bucket, prefix = prefix_of(directory)
    path = f"/{bucket}/{prefix}{name}" if bucket else f"/{name}"
    split(path)
    _need_key(path, prefix + name)
    return path


def parent(path: str) -> str:
    bucket, key = _cut(file_of(path))
    if not key:
        return "/"
    head, slash, _ = key.removesuffix("/").rpartition("/")
    return folder(bucket, head + slash)


def name(path: str) -> str:
    bucket, key = _cut(file_of(path))
    return key.removesuffix("/").rpartition("/")[2] if key else bucket


def quoted(key: str) -> str:
    """As it stands in an address that is signed: every byte but the unreserved ones and "/".

    A service may list what is no UTF-8; its bytes are asked for as they came.
    """
    return quote(key, safe="/-_.~", errors="surrogateescape")


def quoted_value(text: str) -> str:
    """As `quoted`, in a query: "/" as well."""
    return quote(text, safe="-_.~", errors="surrogateescape")


def _cut(path: str) -> tuple[str, str]:
    bucket, _, key = path[1:].partition("/")
    return bucket, key


def _unquoted(text: str) -> str:
    """The ID of a revision; "" for what `quoted_value` never makes."""
    try:
        version = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return ""
    return version if quoted_value(version) == text else ""


def _need_key(path: str, key: str) -> None:
    try:
        size = len(key.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InvalidName(path, "keys are UTF-8 text, and this name is not") from error
    if size > MOST_BYTES:
        what = f"the key “{printable(key[:40])}…” would be longer than {MOST_BYTES:,} bytes"
        raise InvalidName(path, what, advice="Choose a shorter name or folder.")
