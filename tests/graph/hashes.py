"""quickXorHash bit by bit, as the documentation describes it: what the tests expect."""

from __future__ import annotations

import base64


def quick_xor(data: bytes) -> str:
    bits = [0] * 160
    for index, byte in enumerate(data):
        for bit in range(8):
            bits[(11 * index + bit) % 160] ^= byte >> bit & 1
    for bit in range(64):
        bits[96 + bit] ^= len(data) >> bit & 1
    value = sum(bit << place for place, bit in enumerate(bits))
    return base64.b64encode(value.to_bytes(20, "little")).decode("ascii")
