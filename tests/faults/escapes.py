"""Text that would steer a terminal if it reached it raw: each payload has a number of its own, by
which it is found in what was written (vercel/ai #20052 has the list of kinds)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_KINDS: Sequence[Callable[[int], str]] = (
    lambda n: f"\x1b]0;own{n}\x07",  # title
    lambda n: f"\x1b]2;own{n}\x1b\\",
    lambda n: f"\x1b]52;c;b3du{n}\x07",  # clipboard
    lambda n: f"\x1b]8;;http:own{n}\x07x\x1b]8;;\x07",  # link
    lambda n: f"\x1b]9;own{n}\x07",  # notification
    lambda n: f"\x1b]1337;File=own{n}:\x07",
    lambda n: f"\x1b]4;{n};rgb:ff\x07",  # palette
    lambda n: f"\x1b]777;notify;own{n};x\x1b\\",
    lambda n: f"\x1bPq#own{n}\x1b\\",  # DCS: sixel
    lambda n: f"\x1bP+q{n:06x}\x1b\\",
    lambda n: f"\x1b_Gown{n}\x1b\\",  # APC
    lambda n: f"\x1b^own{n}\x1b\\",  # PM
    lambda n: f"\x1bXown{n}\x1b\\",  # SOS
    lambda n: f"\x1b[{9000 + n}n",  # reports
    lambda n: f"\x1b[{9000 + n}c",
    lambda n: f"\x1b[{9000 + n}t",
    lambda n: f"\x1b[?{9000 + n}h",  # modes
    lambda n: f"\x1b[{9000 + n};1H",  # position
    lambda n: f"\x1b[{9000 + n}m",
    lambda n: f"\x1b[>{9000 + n}u",
    lambda n: f"\x1bcown{n}",  # reset
    lambda n: f"\x1b(0own{n}",  # character set
    lambda n: f"\x1b]0;own{n}",  # unterminated
    lambda n: f"\x9b{9000 + n}m",  # C1
    lambda n: f"\x9d0;own{n}\x9c",
    lambda n: f"\x90own{n}\x9c",
    lambda n: f"\u202eown{n}\u202c",  # bidi
    lambda n: f"\u2066own{n}\u2069",
    lambda n: f"a\rown{n}",
    lambda n: f"a\bown{n}\x7f",
)
COUNT = 300
PAYLOADS: tuple[str, ...] = tuple(_KINDS[n % len(_KINDS)](n) for n in range(COUNT))


def raw_in(written: bytes) -> list[str]:
    """The payloads that are in `written` as they are."""
    return [payload for payload in PAYLOADS if payload.encode() in written]
