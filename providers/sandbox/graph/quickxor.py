"""quickXorHash, written for clearness, apart from the client's: the two check each other."""

from __future__ import annotations

import base64

_BITS = 160
_STEP = 11  # bits that each byte is shifted further than the one before
_ROUND = 160  # bytes after which the shifts begin anew: 160 steps of 11 bits are 11 whole turns
_MASK = (1 << _BITS) - 1


def quick_xor_hash(data: bytes) -> str:
    """In base64, as `file.hashes.quickXorHash` has it (onedrive-api-docs, quickxorhash.md)."""
    column = 0
    for start in range(0, len(data), _ROUND):
        column ^= int.from_bytes(data[start : start + _ROUND], "little")
    value = 0
    for index, byte in enumerate(column.to_bytes(_ROUND, "little")):
        shifted = byte << (_STEP * index % _BITS)
        value ^= (shifted & _MASK) ^ (shifted >> _BITS)
    value ^= len(data) << (_BITS - 64)
    return base64.b64encode(value.to_bytes(_BITS // 8, "little")).decode("ascii")
