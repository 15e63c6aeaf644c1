"""Addresses on a web server: percent-encoded paths in one canonical form. Pure.

A path starts with "/", has no empty, "." or ".." segment and no slash at its end; "/" is the root.
Each segment is its bytes, quoted where RFC 3986 3.3 asks for it and nowhere else, so that two
addresses of one file are one text. A path may end with a query reference ("/file.zip?~1a2b3c4d"):
"?" in a name is always quoted, so the first one begins it.
"""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from providers.errors import InvalidName
from providers.names import check_name
from providers.text import from_bytes, printable, to_bytes

_SAFE = "-._~!$&'()*+,;=:@"  # pchar of RFC 3986, but for what is quoted


def quote_segment(name: str) -> str:
    """`name` as one segment. Raises UnicodeEncodeError for one that has no bytes (a surrogate)."""
    return quote(to_bytes(name), safe=_SAFE)


def unquote_segment(segment: str) -> str:
    """The name that a segment stands for: decoded once, bytes that are not UTF-8 survive."""
    return from_bytes(unquote_to_bytes(to_bytes(segment)))


def canonical(path: str) -> str:
    """`path`, percent-encoded in any way and without a query, in the one form used here.

    Dot segments are resolved as in RFC 3986 5.2.4, also written "%2e"; the root is its own parent.
    A quoted slash stays quoted: it is part of a name that `join` would refuse.
    """
    kept: list[str] = []
    for segment in path.split("/"):
        name = unquote_segment(segment)
        if name == "..":
            del kept[-1:]
        elif name not in ("", "."):
            kept.append(quote_segment(name))
    return "/" + "/".join(kept)


def join(directory: str, name: str) -> str:
    """The address of `name` in `directory`. Raises InvalidName for one that could leave it."""
    check_name(directory, name)
    try:
        return child(directory, name)
    except UnicodeEncodeError:
        raise InvalidName(directory, f"the name “{printable(name)}” has no bytes") from None


def child(directory: str, name: str) -> str:
    """As `join`, for a name that is known to be good."""
    return f"{without_query(directory).rstrip('/')}/{quote_segment(name)}"


def parent(path: str) -> str:
    """The directory that holds `path`; the root is its own parent."""
    return without_query(path).rpartition("/")[0] or "/"


def name(path: str) -> str:
    """The last segment of `path`, decoded once; "" for the root."""
    return unquote_segment(without_query(path).rpartition("/")[2])


def without_query(path: str) -> str:
    return path.partition("?")[0]
