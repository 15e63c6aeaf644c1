"""Objects in buckets: their bytes in files of one folder, all else in memory. Thread-safe.

Keys are bytes and are never changed. What stands under a key is swapped in one step, under the
condition that was asked for.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from providers.records import dataclass, field

SMALLEST_PART = 5 << 20  # bytes, of each part but the last
_PIECE = 1 << 20


class Fault(Exception):
    """`code`: as Amazon names it; the text is a sentence."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that came whole. Digests in hex."""

    file: Path
    size: int
    md5: str
    sha256: str
    crc32: int


@dataclass(frozen=True, slots=True)
class Stored:
    """An object. `etag` with its quotes; `modified` in Unix seconds; `headers` are said again."""

    content: Content
    etag: str
    modified: float
    headers: Mapping[str, str]
    told: str = ""  # the SHA-256 that came along, as headers have it


@dataclass(frozen=True, slots=True)
class Part:
    content: Content
    told: str
    modified: float


@dataclass(slots=True)
class Upload:
    """One in parts that is not complete."""

    key: bytes
    number: str
    headers: Mapping[str, str]
    begun: float
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass(slots=True)
class Bucket:
    made: float
    objects: dict[bytes, Stored] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)


Agreed = Callable[[Stored | None], None]
"""Raises Fault when what stands there must not be replaced."""


class Store:
    """`folder` is its own; it is there, and what is in it may go at any time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    # Buckets ---------------------------------------------------------------------------------

    def buckets(self) -> list[tuple[str, float]]:
        with self._lock:
            return sorted((name, bucket.made) for name, bucket in self._buckets.items())

    def make_bucket(self, name: str) -> None:
        with self._lock:
            if name in self._buckets:
                raise Fault(409, "BucketAlreadyOwnedByYou", "it is there already")
            self._buckets[name] = Bucket(time.time())

    def remove_bucket(self, name: str) -> None:
        with self._lock:
            if self._bucket(name).objects:
                raise Fault(409, "BucketNotEmpty", "it is not empty")
            del self._buckets[name]

    def need(self, name: str) -> None:
        with self._lock:
            self._bucket(name)

    def take_in(
        self, bucket: str, folder: Path, kept: Callable[[float], Mapping[str, str]]
    ) -> None:
        """Make every file below `folder` an object, and each empty folder the mark of one.

        `kept`: what is said again of an object, from the file's time.
        """
        for path in sorted(folder.rglob("*")):
            info, key = path.stat(), os.fsencode(path.relative_to(folder).as_posix())
            if path.is_dir():
                if any(path.iterdir()):
                    continue
                content, key = self.receive([]), key + b"/"
            else:
                with path.open("rb") as file:
                    content = self.receive(iter(lambda: file.read(_PIECE), b""))
            stored = Stored(content, f'"{content.md5}"', info.st_mtime, kept(info.st_mtime))
            with self._lock:
                self._bucket(bucket).objects[key] = stored

    # Objects ---------------------------------------------------------------------------------

    def receive(self, pieces: Iterable[bytes]) -> Content:
        """The bytes as a file of their own. What `pieces` raises is raised, and nothing is left."""
        file = self._folder / secrets.token_hex(16)
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        crc32 = size = 0
        try:
            with file.open("xb") as stream:
                for piece in pieces:
                    md5.update(piece)
                    sha256.update(piece)
                    crc32 = zlib.crc32(piece, crc32)
                    size += len(piece)
                    stream.write(piece)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        return Content(file, size, md5.hexdigest(), sha256.hexdigest(), crc32)

    def open(self, bucket: str, key: bytes) -> tuple[Stored, IO[bytes]]:
        """The object and its bytes, which stay what they are while they are read."""
        with self._lock:
            stored = self._bucket(bucket).objects.get(key)
            if stored is None:
                raise Fault(404, "NoSuchKey", "there is no such object")
            return stored, stored.content.file.open("rb")

    def put(self, bucket: str, key: bytes, stored: Stored, agreed: Agreed) -> None:
        try:
            with self._lock:
                objects = self._bucket(bucket).objects
                old = objects.get(key)
                agreed(old)
                objects[key] = stored
        except Fault:
            discard(stored.content)
            raise
        if old is not None:
            discard(old.content)

    def remove(self, bucket: str, key: bytes) -> None:
        """Nothing there is success."""
        with self._lock:
            old = self._bucket(bucket).objects.pop(key, None)
        if old is not None:
            discard(old.content)

    def below(self, bucket: str, prefix: bytes, after: bytes) -> Sequence[tuple[bytes, Stored]]:
        """The objects whose keys begin with `prefix` and come after `after`, in their order."""
        with self._lock:
            objects = self._bucket(bucket).objects
            names = sorted(key for key in objects if key.startswith(prefix))
            first = bisect_left(names, after + b"\0") if after else 0
            return [(key, objects[key]) for key in names[first:]]

    # Uploads in parts ------------------------------------------------------------------------

    def begin(self, bucket: str, key: bytes, headers: Mapping[str, str]) -> str:
        upload = Upload(key, secrets.token_urlsafe(24), headers, time.time())
        with self._lock:
            self._bucket(bucket).uploads[upload.number] = upload
        return upload.number

    def put_part(self, bucket: str, key: bytes, upload: str, number: int, part: Part) -> None:
        try:
            with self._lock:
                parts = self._upload(bucket, key, upload).parts
                old = parts.get(number)
                parts[number] = part
        except Fault:
            discard(part.content)
            raise
        if old is not None:
            discard(old.content)

    def parts(self, bucket: str, key: bytes, upload: str) -> list[tuple[int, Part]]:
        with self._lock:
            return sorted(self._upload(bucket, key, upload).parts.items())

    def uploads(self, bucket: str, prefix: bytes) -> list[Upload]:
        with self._lock:
            found = self._bucket(bucket).uploads.values()
            chosen = [each for each in found if each.key.startswith(prefix)]
        return sorted(chosen, key=lambda each: (each.key, each.number))

    def complete(
        self,
        bucket: str,
        key: bytes,
        upload: str,
        asked: Sequence[tuple[int, str, str]],
        agreed: Agreed,
    ) -> Stored:
        """`asked`: number, ETag and SHA-256 ("": not told) of each part, as the client has them."""
        with self._lock:
            begun = self._upload(bucket, key, upload)
            agreed(self._bucket(bucket).objects.get(key))
            parts = _chosen(begun, asked)
        whole = self.receive(_pieces(parts))
        sums = b"".join(bytes.fromhex(part.content.md5) for part in parts)
        etag = f'"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(parts)}"'
        stored = Stored(whole, etag, time.time(), begun.headers)

        def still_agreed(there: Stored | None) -> None:
            agreed(there)
            self._upload(bucket, key, upload)
            del self._bucket(bucket).uploads[upload]

        self.put(bucket, key, stored, still_agreed)
        for part in begun.parts.values():
            discard(part.content)
        return stored

    def abort(self, bucket: str, key: bytes, upload: str) -> None:
        with self._lock:
            begun = self._upload(bucket, key, upload)
            del self._bucket(bucket).uploads[upload]
        for part in begun.parts.values():
            discard(part.content)

    # Holding the lock --------------------------------------------------------------------------

    def _bucket(self, name: str) -> Bucket:
        if name not in self._buckets:
            raise Fault(404, "NoSuchBucket", "there is no such bucket")
        return self._buckets[name]

    def _upload(self, bucket: str, key: bytes, number: str) -> Upload:
        found = self._bucket(bucket).uploads.get(number)
        if found is None or found.key != key:
            raise Fault(404, "NoSuchUpload", "there is no such upload")
        return found


def discard(content: Content) -> None:
    with suppress(OSError):  # a visitor may still read it (Windows): it goes with the folder
        content.file.unlink()


def _chosen(begun: Upload, asked: Sequence[tuple[int, str, str]]) -> list[Part]:
    numbers = [number for number, _, _ in asked]
    if not numbers or numbers != sorted({*numbers}):
        raise Fault(400, "InvalidPartOrder", "the parts are not in their order")
    chosen = []
    for number, etag, told in asked:
        part = begun.parts.get(number)
        if part is None or etag.strip('"') != part.content.md5 or told not in {"", part.told}:
            raise Fault(400, "InvalidPart", f"part {number} is not what was stored")
        chosen.append(part)
    if any(part.content.size < SMALLEST_PART for part in chosen[:-1]):
        raise Fault(400, "EntityTooSmall", "a part that is not the last one has less than 5 MiB")
    return chosen


def _pieces(parts: Iterable[Part]) -> Iterator[bytes]:
    for part in parts:
        with part.content.file.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
