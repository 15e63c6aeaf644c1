"""Links of a listing that lead elsewhere, or would if decoded twice, in many spellings."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from itertools import product
from xml.sax.saxutils import escape

from providers.base import Entry
from providers.http.paths import join

_DOTS = ("..", "%2e%2e", ".%2E", "%252e%252e", "&#46;&#46;", "&period;.", "%c0%ae%c0%ae", "..%00")
_SLASHES = ("/", "%2f", "%5c", "\\", "%252f", "&sol;", "&#92;", "%c0%af", "//", "/./")
_TAILS = ("", "x", "etc/passwd")
_ALONE = (
    *("", ".", "./", "..", "../", "/", "//", "///", "./.", "././", "%2e", "%2e/", "%2E%2E/"),
    *("/etc/passwd", "/treetop", "/tree", "/tree/", "/tree/../x", "/tree/%2e%2e/x", "/TREE/x"),
    *("//other.example/x", "//other.example/tree/x", "http://other.example/tree/x", "http:x"),
    *("https://{host}/tree/x", "http://{host}@other.example/tree/x", "http://ann@{host}/tree/x"),
    *("http:///tree/x", "http:/tree/x", "file:///etc/passwd", "javascript:alert(1)", "data:,x"),
    *("mailto:a@b", "ftp://{host}/tree/x", "C:\\x", "C:/x", "\\\\host\\share\\x", "/\\x", "\\/x"),
    *(
        "?C=N;O=D",
        "?",
        "x?",
        "x?y",
        "#",
        "x#y",
        "?/tree/x",
        "#/tree/x",
        "%00",
        "x%00",
        "x%00/",
        "a/b",
    ),
    *(
        "a/b/",
        "a//",
        "a/..",
        "a/.",
        "a/./",
        "a%2fb",
        "%2fx",
        "x%2f",
        "x\ty",
        "x\ny",
        "x\ry",
        "x\x00y",
    ),
    *("x\x7fy", "x\x1by", "..\t/x", "..\n/x", ".\r./x", "&#0;", "&#10;", "&NewLine;/x", "&Tab;x/y"),
)
LINKS = (
    *(f"{dots}{slash}{tail}" for dots, slash, tail in product(_DOTS, _SLASHES, _TAILS)),
    *_ALONE,
)
"""More than 200. "{host}" stands for the server's own host and port; attributes, not yet quoted."""

NAMES = (
    *("", ".", "..", "/", "\0", "../x", "../../x", "/etc/passwd", "a/b", "x/..", "x\0", "\0/../x"),
    *("./x", "//x", "..//x", "../" * 40 + "x", "sub/../..", "/", "x/", "\ud800", "\udfff"),
)
"""For listings that give names instead of links: each must be left out."""


_PLAIN = tuple(dict.fromkeys(html.unescape(link) for link in LINKS))
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")

HREFS = tuple(
    f"{before}{link}"
    for before, link in product(("", "/tree/", "/", "http://{host}/tree/"), _PLAIN)
    if not _NO_XML.search(link)
)
"""For WebDAV's answers about "/tree": the links, and each behind what an href may begin with."""

KEYS = tuple(
    f"{before}{link}"
    for before, link in product(("", "tree/", "tree//", "/tree/"), (*_PLAIN, *NAMES))
    if not re.search("[\ud800-\udfff]", link)
)
"""For lists of buckets, of what is below "tree/"."""


def html_of(links: Iterable[str], host: str) -> bytes:
    made = (link.replace("{host}", host).replace('"', "&quot;") for link in links)
    lines = "".join(f'<a href="{link}">x</a>\n' for link in made)
    return f"<html><body>{lines}</body></html>".encode()


def json_of(names: Iterable[str]) -> bytes:
    """As nginx writes it."""
    return json.dumps([{"name": name, "type": "file", "mtime": ""} for name in names]).encode()


def multistatus_of(hrefs: Iterable[str], host: str) -> bytes:
    """As a WebDAV server writes it. "/tree" is a folder, as is what ends in a slash."""
    told = ""
    for href in hrefs:
        folder = href.strip().endswith(("/", "/tree"))
        kind = f"<resourcetype>{'<collection/>' if folder else ''}</resourcetype>"
        where = escape(href.replace("{host}", host))
        told += f"<response><href>{where}</href><propstat><prop>{kind}</prop></propstat></response>"
    return f'<multistatus xmlns="DAV:">{told}</multistatus>'.encode()


def is_in(folder: str, entry: Entry) -> bool:
    """Whether `entry` can only be something in `folder`, exactly one level below it."""
    shown = entry.name in ("", ".", "..") or {"/", "\0"} & {*entry.name}
    return not shown and entry.path == join(folder, entry.name)
