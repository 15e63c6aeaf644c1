"""Names that a drive cannot keep, written in other letters where the site says so. Pure.

The letters are rclone's: "a:b" is stored as "a：b", a space at an end as "␠", a dot at the end as
"．". A name that has such a letter itself, where it would be read as another, gets a "‛" before it,
so that every name comes back as it was. Another program sees the stored one, and names that it made
("1～2") are shown and found as they are.
"""

from __future__ import annotations

import re

from providers.records import dataclass

_QUOTE = "‛"
_ANYWHERE = {
    **{char: chr(ord(char) + 0xFEE0) for char in '"*:<>?\\|'},
    **{chr(code): chr(0x2400 + code) for code in range(1, 0x20)},
    "\x7f": "␡",
}
_BACK = {letter: char for char, letter in _ANYWHERE.items()}
_SPACE, _DOT, _TILDE = "␠", "．", "～"
_GROUP = re.compile(f"({_QUOTE}*)([^{_QUOTE}])", re.DOTALL)  # quotes, and what they are before


@dataclass(frozen=True, slots=True)
class Names:
    """`mapped`: whether letters are changed at all."""

    mapped: bool = False

    def stored(self, name: str) -> str:
        """As the service has it."""
        return _stored(name) if self.mapped and name else name

    def shown(self, name: str) -> str:
        """As it was before; the inverse of `stored`."""
        return _shown(name) if self.mapped and name else name


def _stored(name: str) -> str:
    def written(match: re.Match[str]) -> str:
        quotes, char = match.groups()
        letter = _letter_for(name, match.start(2))
        if letter:
            return quotes * 2 + letter
        return (quotes * 2 + _QUOTE if _read_as(name, match.start(2)) else quotes) + char

    return _GROUP.sub(written, name)


def _shown(name: str) -> str:
    def read(match: re.Match[str]) -> str:
        quotes, char = match.groups()
        meant = _read_as(name, match.start(2))
        if not meant:
            return quotes + char
        return quotes[: len(quotes) // 2] + (char if len(quotes) % 2 else meant)

    found = _GROUP.sub(read, name)
    ours = _stored(found) == name and found not in (".", "..")  # which no folder keeps
    return found if ours else name


def _letter_for(name: str, at: int) -> str:
    """How the character at `at` is stored, where it cannot be kept there; "" where it can."""
    char, last = name[at], len(name) - 1
    if char == " " and at in (0, last):
        return _SPACE
    if char == "." and at == last:
        return _DOT
    if at == 0 and name.startswith("~$"):
        return _TILDE
    return _ANYWHERE.get(char, "")


def _read_as(name: str, at: int) -> str:
    """What the letter at `at` of a stored name stands for, quotes before it aside; "" for one that
    is itself."""
    char, first, last = name[at], not name[:at].strip(_QUOTE), at == len(name) - 1
    if char == _SPACE and (first or last):
        return " "
    if char == _DOT and last:
        return "."
    if char == _TILDE and first and name[at + 1 : at + 2] == "$":
        return "~"
    return _BACK.get(char, "")
