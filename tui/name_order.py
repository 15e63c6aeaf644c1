"""What names are sorted by: each a text, since texts compare faster than pairs."""

from __future__ import annotations

import re

_NUMBER = re.compile("[0-9]+")


def plain(name: str) -> str:
    """Letter by letter, in any case; two that differ in case only stay apart."""
    return f"{name.casefold()}\0{name}"


def natural(name: str) -> str:
    """As `plain`, a number by what it is worth: "9" before "10"."""
    return f"{_NUMBER.sub(_weighed, name.casefold())}\0{name}"


def _weighed(number: re.Match[str]) -> str:
    """How many digits there are stands before them, so that the longer number is the larger."""
    digits = number[0].lstrip("0")
    return f"{len(digits):04}{digits}"


def extension(name: str) -> str:
    """What follows the last dot, in any case; a dot at the start makes a hidden name, no
    extension."""
    return name[1:].rpartition(".")[2].casefold() if "." in name[1:] else ""
