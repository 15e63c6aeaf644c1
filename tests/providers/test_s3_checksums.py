"""What checksums are, and how they stand in headers."""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest

from providers.errors import UploadExpired
from providers.s3 import checksums
from providers.s3.checksums import CRC64, SHA256, Crc64
from providers.s3.uploads import from_token

CHECK = b"123456789"
CHECK_SUM = "ae8b14860a799888"
"""Of it, by the catalogue of parametrised CRC algorithms (CRC-64/NVME)."""


def test_crc64nvme_is_what_the_catalogue_says() -> None:
    assert checksums.checksum(CRC64, CHECK) == b64encode(bytes.fromhex(CHECK_SUM)).decode()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_it_is_made_piece_by_piece_of_any_buffer_and_a_copy_goes_its_own_way(kind: type) -> None:
    made = Crc64()
    made.update(kind(CHECK[:4]))
    other = made.copy()
    made.update(kind(CHECK[4:]))
    assert made.hexdigest() == CHECK_SUM
    assert other.hexdigest() != CHECK_SUM
    other.update(memoryview(CHECK)[4:])
    assert other.hexdigest() == CHECK_SUM
    assert Crc64().hexdigest() == "0" * 16


@pytest.fixture
def patient() -> Iterator[None]:
    """A thread runs until it lets go of Python's lock itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(120)
    yield
    sys.setswitchinterval(before)


def test_others_run_while_it_is_made(patient: None) -> None:
    data, made = bytes(16 << 20), Crc64()
    made.update(b"")  # imports what makes it
    asked, ran = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asked.wait() and ran.set())
    thread.start()
    asked.set()
    for _ in range(100):
        if ran.is_set():
            break
        made.update(data)
    assert ran.is_set(), "it holds Python's lock meanwhile"
    thread.join()


def test_each_checksum_has_its_headers_and_none_has_none() -> None:
    assert checksums.headers_for(CRC64, "sum") == {
        "x-amz-checksum-crc64nvme": "sum",
        "x-amz-sdk-checksum-algorithm": "CRC64NVME",
    }
    assert checksums.beginning(CRC64) == {
        "x-amz-checksum-algorithm": "CRC64NVME",
        "x-amz-checksum-type": "FULL_OBJECT",
    }
    assert checksums.beginning(SHA256) == {"x-amz-checksum-algorithm": "SHA256"}
    assert checksums.completing(SHA256) == {}
    assert checksums.headers_for("", "") == checksums.beginning("") == {}
    assert checksums.checksum("", CHECK) == ""


def test_a_digest_of_digests_is_of_each_in_its_order() -> None:
    one, two = (b64encode(sha256(each).digest()).decode() for each in (b"1", b"2"))
    both = sha256(sha256(b"1").digest() + sha256(b"2").digest()).digest()
    assert checksums.of_digests([one, two]) == b64encode(both).decode()
    assert checksums.of_digests([two, one]) != checksums.of_digests([one, two])
    assert checksums.of_digests([one, ""]) == ""


@pytest.mark.parametrize("sums", [True, "crc32", None, []])
def test_a_token_with_another_kind_of_checksums_is_begun_again(sums: object) -> None:
    token = {"path": "/b/k", "size": 1, "modified": None, "mark": "m", "upload": "u"}
    assert from_token(json.dumps(token | {"sums": "sha256"})).sums == "sha256"
    with pytest.raises(UploadExpired):
        from_token(json.dumps(token | {"sums": sums}))
