"""Names that a drive cannot keep, written in other letters where the site says so. Pure.

The letters are rclone's: "a:b" is stored as "a：b", a space at an end as "␠", a dot at the end as
"．". A name that has such a letter itself gets a "‛" before it, so that every name comes back as it
was. Another program sees the stored one.
"""

from __future__ import annotations

from dataclasses import dataclass

_QUOTE = "‛"
_ANYWHERE = {
    **{char: chr(ord(char) + 0xFEE0) for char in '"*:<>?\\|'},
    **{chr(code): chr(0x2400 + code) for code in range(1, 0x20)},
    "\x7f": "␡",
}
_BACK = {letter: char for char, letter in _ANYWHERE.items()}
_SPACE, _DOT, _TILDE = "␠", "．", "～"
_LETTERS = frozenset({*_BACK, _SPACE, _DOT, _TILDE, _QUOTE})


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
    letters = [_QUOTE + char if char in _LETTERS else _ANYWHERE.get(char, char) for char in name]
    if letters[0] == " ":
        letters[0] = _SPACE
    if name.startswith("~$"):
        letters[0] = _TILDE
    if letters[-1] in (" ", "."):
        letters[-1] = _SPACE if letters[-1] == " " else _DOT
    return "".join(letters)


def _shown(name: str) -> str:
    found, at, last = "", 0, len(name) - 1
    while at <= last:
        char = name[at]
        if char == _QUOTE and at < last and name[at + 1] in _LETTERS:
            found, at = found + name[at + 1], at + 2
            continue
        if char == _SPACE and at in (0, last):
            char = " "
        elif char == _DOT and at == last:
            char = "."
        elif char == _TILDE and at == 0 and name[1:2] == "$":
            char = "~"
        found, at = found + _BACK.get(char, char), at + 1
    return found
