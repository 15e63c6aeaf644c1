"""Identifiers in the shapes that each kind of account has; the same in each run."""

from __future__ import annotations

import base64
import itertools
from random import Random


class Ids:
    """Each call gives the next one. The shapes: Business `b!…` and `01…`, Personal `CID!s…`."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # no secret: the emulator guards nothing

    def guid(self) -> str:
        digits = self.hex(32)
        ends = (0, 8, 12, 16, 20, 32)
        return "-".join(digits[a:b] for a, b in itertools.pairwise(ends))

    def hex(self, length: int) -> str:
        return f"{self._random.getrandbits(length * 4):0{length}x}"

    def opaque(self, size: int = 32) -> str:
        """`size` bytes of base64, with the "+", "/" and "=" that a careless client breaks."""
        return base64.b64encode(self._random.randbytes(size)).decode("ascii")

    def safe(self, size: int = 32) -> str:
        """`size` bytes of base64url."""
        return base64.urlsafe_b64encode(self._random.randbytes(size)).decode("ascii").rstrip("=")

    def business_item(self) -> str:
        return "01" + base64.b32encode(self._random.randbytes(20)).decode("ascii")

    def business_drive(self) -> str:
        return "b!" + self.safe(48)

    def personal_item(self, drive: str) -> str:
        """As accounts have them that were migrated in 2025."""
        return f"{drive.upper()}!s{self.hex(32)}"


def same_drive(one: str, other: str) -> bool:
    """Personal ids come in either case and without a leading zero (onedrive-api-docs #1902)."""
    return one == other or one.lower().rjust(16, "0") == other.lower().rjust(16, "0")
