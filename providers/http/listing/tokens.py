"""Tags and text of an HTML page, one after the other, in time linear in its size.

The standard library's html.parser is quadratic on pages made for it (CVE-2025-6069, in Python 3.11
and others). What is needed here is less: tags with their attributes, text between them. As in the
HTML standard, a comment, a tag or a script that never ends takes the rest of the page with it, so
that nothing is looked at twice.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from providers.text import from_bytes


class Token(NamedTuple):
    """A start tag "td", an end tag "/td" (both lower case), or text (`tag` is "")."""

    tag: str
    raw: bytes  # of a tag: what stands after its name; of text: the text, entities unresolved


_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*+)")
_PLAIN_TAG = re.compile(  # nearly every tag: one step, and none past the next "<"
    rb"""<(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>"']++|"[^"<>]*+"|'[^'<>]*+')*+>)"""
)
_ATTRIBUTE = re.compile(
    rb"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|(?!["'])([^\s>]*+)))?+"""
)
_TAG_END = re.compile(rb"[\s/]*+>")
_LONGEST = 16 << 10  # bytes of an attribute that is looked at: no address is longer
_REFERENCE = re.compile(r"&#?[0-9a-zA-Z]{1,32};")
_RAW = {
    name: re.compile(rb"</%s[\s/>]" % name.encode(), re.IGNORECASE)
    for name in ("script", "style", "title", "textarea")
}


def tokens(page: bytes) -> Iterator[Token]:
    """The tags and texts of `page`; comments, declarations and scripts are left out."""
    at = 0
    while (start := page.find(b"<", at)) >= 0:
        if start > at:
            yield Token("", page[at:start])
        match = _PLAIN_TAG.match(page, start) or _TAG.match(page, start)
        if match is None:
            at = _after_markup(page, start)
            continue
        at = match.end() if match.re is _PLAIN_TAG else _after_tag(page, match.end())
        if at < 0:
            return
        tag = match[2].decode("ascii").lower()
        if match[1]:
            yield Token("/" + tag, b"")
            continue
        yield Token(tag, page[match.end(2) : at])
        if tag in _RAW:
            end = _RAW[tag].search(page, at)
            at = end.start() if end else len(page)
    if at < len(page):
        yield Token("", page[at:])


def attribute(raw: bytes, name: bytes) -> str | None:
    """The value of the attribute `name` (lower case) of a start tag; the first one counts.

    None also for one that is too long to be an address.
    """
    if name not in raw.lower():
        return None
    for match in _attributes(raw, 0):
        if match[1].lower() == name:
            value = next((group for group in match.groups()[1:] if group is not None), b"")
            return text(value) if len(value) <= _LONGEST else None
    return None


def text(raw: bytes) -> str:
    """Text with its entities resolved, each once; bytes that are not UTF-8 survive.

    Only those that end in ";": "&copy" in an address is a name that holds these letters.
    """
    if b"&" not in raw:
        return from_bytes(raw)
    return _REFERENCE.sub(_resolved, from_bytes(raw))


def _resolved(reference: re.Match[str]) -> str:
    """A control character, which HTML does not allow, becomes NUL: no link may hold that."""
    return html.unescape(reference[0]) or "\0"


def _attributes(page: bytes, at: int) -> Iterator[re.Match[bytes]]:
    while (match := _ATTRIBUTE.match(page, at)) is not None:
        yield match
        at = match.end()


def _after_tag(page: bytes, at: int) -> int:
    """Where the tag ends whose attributes begin at `at`; -1: nowhere."""
    for match in _attributes(page, at):
        at = match.end()
    end = _TAG_END.match(page, at)
    return end.end() if end else -1


def _after_markup(page: bytes, start: int) -> int:
    """After what begins at `start` and is no tag: a comment, a declaration, a lone "<"."""
    if page.startswith(b"<!--", start):
        end = page.find(b"-->", start + 4)
        return len(page) if end < 0 else end + 3
    if page.startswith((b"<!", b"<?", b"</"), start):
        end = page.find(b">", start)
        return len(page) if end < 0 else end + 1
    return start + 1
