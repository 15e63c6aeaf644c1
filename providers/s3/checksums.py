"""Checksums that go along with what is stored: the service looks at every byte (faults.md C13).

Parts go with CRC64NVME, of which a service makes that of the whole object (FULL_OBJECT). One that
refuses it is given SHA-256 of each part, of which a service makes a digest of digests; one that
refuses that as well, nothing. A small file goes with its SHA-256.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import md5, sha256
from typing import Literal, TypeAlias

from providers.base import Buffer
from providers.s3.faults import Answer

Sums: TypeAlias = Literal["crc64nvme", "sha256", ""]
"""Which checksum parts have; "" for none."""

MD5 = "md5"
CRC64: Sums = "crc64nvme"
SHA256: Sums = "sha256"
WEAKER: Mapping[Sums, Sums] = {CRC64: SHA256, SHA256: ""}
"""What is tried where a service refuses one."""

_REFUSED = frozenset({"InvalidRequest", "InvalidArgument", "NotImplemented"})


class Refused(Exception):
    """The service takes no such checksums."""


class Crc64:
    """CRC64NVME in the making: see `providers.base.Hasher`. Lets other threads run meanwhile."""

    def __init__(self, value: int = 0) -> None:
        self._value = value

    def update(self, data: Buffer, /) -> None:
        self._value = _crc64(data, self._value)

    def copy(self) -> Crc64:
        return Crc64(self._value)

    def hexdigest(self) -> str:
        return f"{self._value:016x}"


class Md5:
    """The MD5 of a small file in the making; given up beyond `most` bytes, of which a service makes
    none. See `providers.base.Hasher`."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._made = md5(usedforsecurity=False)

    def update(self, data: Buffer, /) -> None:
        self._left -= memoryview(data).nbytes
        if self._left >= 0:
            self._made.update(data)

    def copy(self) -> Md5:
        made = Md5(self._left)
        made._made = self._made.copy()
        return made

    def hexdigest(self) -> str:
        return self._made.hexdigest() if self._left >= 0 else ""


def checksum(sums: Sums, data: Buffer) -> str:
    """As headers have it; "" for none."""
    if sums == CRC64:
        return b64encode(_crc64(data).to_bytes(8, "big")).decode("ascii")
    return b64encode(sha256(data).digest()).decode("ascii") if sums else ""


def headers_for(sums: Sums, told: str) -> dict[str, str]:
    """What goes along with bytes whose `checksum` is `told`."""
    if not sums:
        return {}
    return {f"x-amz-checksum-{sums}": told, "x-amz-sdk-checksum-algorithm": sums.upper()}


def beginning(sums: Sums) -> dict[str, str]:
    """What is said when an upload in parts is begun: which checksums its parts will have."""
    return {"x-amz-checksum-algorithm": sums.upper(), **completing(sums)} if sums else {}


def completing(sums: Sums) -> dict[str, str]:
    """What is said when its parts are put together: which checksum the object is to have."""
    return {"x-amz-checksum-type": "FULL_OBJECT"} if sums == CRC64 else {}


def refused(answer: Answer) -> bool:
    """Whether the refusal may be of the checksums that went along."""
    return answer.status in {400, 501} and answer.fault.code in _REFUSED


def of_digests(told: Sequence[str]) -> str:
    """The digest of the SHA-256 of each part, as a service tells it before "-" and their count.
    "" where a part has none."""
    if not all(told):
        return ""
    return checksum(SHA256, b"".join(b64decode(each) for each in told))


def _crc64(data: Buffer, before: int = 0) -> int:
    from awscrt.checksums import crc64nvme

    return int(crc64nvme(data, before))
