"""What a server-supplied name may do to us: when it may name a file, and what we name ours."""

from __future__ import annotations

import unicodedata

from providers.errors import InvalidName
from providers.text import printable, to_bytes

_NEVER = frozenset({"", ".", ".."})
_KEPT_BYTES = 180  # of the target's name in a temporary one: a 255-byte name still fits


def check_name(directory: str, name: str, *, separators: str = "/") -> None:
    """Raise InvalidName unless `name` can only be an entry of `directory`.

    The gate against path escape (CVE-2019-6111 and its kin, faults.md 3, E1).
    """
    bad = name in _NEVER or "\0" in name
    for separator in separators:  # `any` takes several times as long, and names are many
        bad = bad or separator in name
    if bad:
        shown = printable(name) or "an empty name"
        raise InvalidName(
            directory,
            f"the name “{shown}” could leave this folder and is refused",
            advice="The other side sent it; rename it there if it is really yours.",
        )


def temporary_name(name: str, key: str) -> str:
    """The name of unfinished bytes next to their target: `.name.key.part` (faults.md 5)."""
    while len(to_bytes(name)) > _KEPT_BYTES:
        name = name[:-1]
    return f".{name}.{key}.part"


def is_temporary(name: str) -> bool:
    """Whether `name` is one that `temporary_name` makes: hidden in panes."""
    stem, _, end = name.rpartition(".")
    key = stem.rpartition(".")[2]
    return name.startswith(".") and end == "part" and len(key) == 8 and _is_hex(key)


def _is_hex(text: str) -> bool:
    return all(c in "0123456789abcdef" for c in text)


def folded(name: str) -> str:
    """Equal for names that a place may take for the same: in letter case, and in how letters are
    made (`Capabilities.folds_names`). It may be equal for more than a place does: who relies on it
    asks once too often, never once too seldom."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
