"""What a look at a place found, step by step: what `wharfie doctor` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One step. `ok` None: a remark, neither good nor bad. `seconds`: how long it took.

    Texts are safe for a terminal. `advice` is what to do when it is not `ok`.
    """

    step: str
    ok: bool | None
    what: str
    advice: str = ""
    seconds: float = 0.0
