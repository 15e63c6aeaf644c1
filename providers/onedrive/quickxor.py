"""quickXorHash: the digest that OneDrive and SharePoint state of every file.

160 bits: byte number i of a file is XORed in at bit 11·i mod 160, and the file's length into the
last eight bytes (onedrive-api-docs, code-snippets/quickxorhash.md, whose C# sample is normative).
It finds damage on the way, not malice: a file of zeros has only its length.

Since 11·160 bytes come back to the same bits, bytes that far apart are XORed with each other first:
as long numbers, tens of kilobytes at a time, which is what Python does fast.
"""

from __future__ import annotations

import base64
import binascii

from providers.base import Buffer, Hasher

NAME = "quickxor"
_BITS = 160
_SHIFT = 11
_CYCLE = _SHIFT * _BITS  # bytes, after which the positions repeat
_STEP = 32 * _CYCLE  # bytes taken in at once; other threads run in between
_SIZE = _BITS // 8


class QuickXor:
    """See `providers.base.Hasher`."""

    def __init__(self) -> None:
        self._folded = 0  # every whole step so far, XORed
        self._rest = b""  # what came after them
        self._length = 0

    def update(self, data: Buffer, /) -> None:
        view = memoryview(data).cast("B")
        self._length += len(view)
        if self._rest:
            missing = _STEP - len(self._rest)
            self._rest += view[:missing]
            view = view[missing:]
            if len(self._rest) < _STEP:
                return
            self._folded ^= int.from_bytes(self._rest, "little")
        whole = len(view) - len(view) % _STEP
        for start in range(0, whole, _STEP):
            self._folded ^= int.from_bytes(view[start : start + _STEP], "little")
        self._rest = bytes(view[whole:])

    def copy(self) -> Hasher:
        other = QuickXor()
        other._folded, other._rest, other._length = self._folded, self._rest, self._length
        return other

    def digest(self) -> bytes:
        folded = self._folded ^ int.from_bytes(self._rest, "little")
        value = 0
        for number, byte in enumerate(_cycle(folded)):
            value ^= byte << (_SHIFT * number) % _BITS
        value = value & (1 << _BITS) - 1 ^ value >> _BITS  # what ran past the end goes on in front
        length = (self._length & (1 << 64) - 1) << _BITS - 64
        return (value ^ length).to_bytes(_SIZE, "little")

    def hexdigest(self) -> str:
        return self.digest().hex()


def _cycle(folded: int) -> bytes:
    """The bytes of a step, those of the same position XORed."""
    cycle = 0
    data = folded.to_bytes(_STEP, "little")
    for start in range(0, _STEP, _CYCLE):
        cycle ^= int.from_bytes(data[start : start + _CYCLE], "little")
    return cycle.to_bytes(_CYCLE, "little")


def hex_of(stated: str) -> str:
    """What Graph states (base64) as `Entry.digests` has it; "" for what is no such digest."""
    try:
        raw = base64.b64decode(stated, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == _SIZE else ""


def base64_of(hexdigest: str) -> str:
    """A digest as Graph writes it."""
    return base64.b64encode(bytes.fromhex(hexdigest)).decode("ascii")
