"""What goes to the clipboard, and what a person is told where it may not get there."""

from __future__ import annotations

from collections.abc import Mapping

from providers.errors import ProviderError
from providers.text import printable

_SCHEMES = ("https://", "http://")


def address_for_clipboard(path: str, url: str) -> str:
    """`url` as it may be put where a person pastes from. Raises ProviderError, without it.

    An address is printable ASCII (RFC 3986): anything else could be a command to a terminal.
    """
    if url.startswith(_SCHEMES) and url.isascii() and url.isprintable() and " " not in url:
        return url
    advice = "It was neither copied nor shown."
    raise ProviderError(path, "the place gave something that is no web address", advice=advice)


def text_for_clipboard(text: str) -> str:
    """`text` as it is shown: what could steer a terminal is written out."""
    return printable(text)


def where_it_may_fail(environ: Mapping[str, str]) -> str:
    """What this terminal needs for OSC 52, by which the clipboard is reached; "" for nothing."""
    if environ.get("TMUX"):
        return "tmux takes it only with “set -g set-clipboard on”."
    if environ.get("STY"):
        return "screen does not pass it on."
    return ""
