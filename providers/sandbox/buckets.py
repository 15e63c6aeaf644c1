"""A service of buckets on 127.0.0.1, as Amazon S3 answers: signed, ranged, conditional, in parts.

What it does not know is refused (501) and never passed over: a condition or a checksum that was
sent along is heeded, or the request is not carried out.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import IO

from providers.sandbox import bucket_xml as xml
from providers.sandbox.bucket_request import Request, address
from providers.sandbox.bucket_store import Content, Fault, Part, Store, Stored
from providers.sandbox.web import HOST, Server

_PIECE = 1 << 20  # bytes
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SUM = "x-amz-checksum-sha256"
_COPY = "x-amz-copy-source"
_COPIED = {_COPY, f"{_COPY}-if-match", f"{_COPY}-range"}
_KNOWN = {
    *("list-type", "prefix", "delimiter", "max-keys", "start-after", "continuation-token"),
    *("encoding-type", "fetch-owner", "uploads", "uploadId", "partNumber", "delete", "x-id"),
    *("max-uploads", "key-marker", "upload-id-marker", "max-parts", "part-number-marker"),
}
_SUBJECTS = ("list-type", "uploads", "uploadId", "delete")


class Handler(Request):
    """One connection: what there is to be done."""

    def act(self) -> None:
        level = "object" if self.key else "bucket" if self.bucket else "service"
        subject = next((each for each in _SUBJECTS if each in self.query), "")
        action = _ACTIONS.get((level, self.command, subject))
        if action is None or not self.query.keys() <= _KNOWN:
            raise Fault(501, "NotImplemented", "this service does not know that")
        action(self)

    # Buckets and lists -----------------------------------------------------------------------

    def list_buckets(self) -> None:
        self.say(xml.buckets(self.store.buckets()))

    def make_bucket(self) -> None:
        if not _BUCKET.fullmatch(self.bucket):
            raise Fault(400, "InvalidBucketName", "no bucket can have this name")
        self.question()
        self.store.make_bucket(self.bucket)
        self.say()

    def look_at_bucket(self) -> None:
        self.store.need(self.bucket)
        self.say()

    def remove_bucket(self) -> None:
        self.store.remove_bucket(self.bucket)
        self.say()

    def list_objects(self) -> None:
        query = xml.Query(self.query)
        below = self.store.below(self.bucket, query.raw("prefix"), query.after)
        self.say(xml.listing(self.bucket, query, below))

    def list_uploads(self) -> None:
        query = xml.Query(self.query)
        found = self.store.uploads(self.bucket, query.raw("prefix"))
        self.say(xml.uploads(self.bucket, query, found))

    def remove_objects(self) -> None:
        keys = xml.asked_keys(self.question())
        for key in keys:
            self.store.remove(self.bucket, key)
        self.say(xml.removed(keys))

    # Objects ---------------------------------------------------------------------------------

    def give(self) -> None:
        stored, file = self.store.open(self.bucket, self.key)
        with file:
            if self.headers.get("If-Match", stored.etag) not in {stored.etag, "*"}:
                raise Fault(412, "PreconditionFailed", "it is another one")
            size = stored.content.size
            start, end = _range(self.headers.get("Range", ""), size)
            partly = (start, end) != (0, size)
            told = {**stored.headers, "ETag": stored.etag, "Accept-Ranges": "bytes"}
            told["Last-Modified"] = formatdate(stored.modified, usegmt=True)
            told["Content-Length"] = str(end - start)
            if partly:
                told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            elif stored.told and self.headers.get("x-amz-checksum-mode") == "ENABLED":
                told |= {_SUM: stored.told, "x-amz-checksum-type": "FULL_OBJECT"}
            self.send(206 if partly else 200, b"", told)
            if self.command != "HEAD":
                for piece in _pieces(file, start, end):
                    self.wfile.write(piece)

    def take(self) -> None:
        content, told, source = self._given()
        replaces = self.headers.get("x-amz-metadata-directive", "COPY") == "REPLACE"
        kept = self.kept() if source is None or replaces else source.headers
        stored = Stored(content, f'"{content.md5}"', time.time(), kept, told)
        self.store.put(self.bucket, self.key, stored, self.agreed)
        self._taken("CopyObjectResult" if source else "", stored.etag, told)

    def remove(self) -> None:
        self.store.need(self.bucket)
        self.store.remove(self.bucket, self.key)
        self.say()

    # Uploads in parts ------------------------------------------------------------------------

    def begin(self) -> None:
        self.question()
        if self.headers.get("x-amz-checksum-algorithm", "SHA256") != "SHA256":
            raise Fault(400, "InvalidRequest", "the checksum that is known here is SHA256")
        number = self.store.begin(self.bucket, self.key, self.kept())
        key = self.key.decode("utf-8", "replace")
        told = xml.tags(Bucket=self.bucket, Key=key, UploadId=number)
        self.say(xml.document("InitiateMultipartUploadResult", told))

    def take_part(self) -> None:
        number = xml.Query(self.query).count("partNumber", 10_001)
        if not 1 <= number <= 10_000:
            raise Fault(400, "InvalidArgument", "a part has a number from 1 to 10,000")
        content, told, source = self._given()
        part = Part(content, told, time.time())
        self.store.put_part(self.bucket, self.key, self._upload, number, part)
        self._taken("CopyPartResult" if source else "", f'"{content.md5}"', told)

    def list_parts(self) -> None:
        found = self.store.parts(self.bucket, self.key, self._upload)
        self.say(xml.parts(xml.Query(self.query), found))

    def complete(self) -> None:
        asked = xml.asked_parts(self.question())
        made = self.store.complete(self.bucket, self.key, self._upload, asked, self.agreed)
        told = xml.tags(Bucket=self.bucket, ETag=made.etag)
        self.say(xml.document("CompleteMultipartUploadResult", told))

    def abort(self) -> None:
        self.store.abort(self.bucket, self.key, self._upload)
        self.say()

    @property
    def _upload(self) -> str:
        return self.query["uploadId"].decode("latin-1")

    # What is stored: what came, or a copy ------------------------------------------------------

    def _given(self) -> tuple[Content, str, Stored | None]:
        """The bytes, their SHA-256 where it came along, and the object that they are a copy of."""
        copied = {name.lower() for name in self.headers if name.lower().startswith(_COPY)}
        if not copied:
            return *self.received(), None
        self.question()
        if not copied <= _COPIED or "?" in self.headers[_COPY]:
            raise Fault(501, "NotImplemented", "this service does not copy that")
        source, file = self.store.open(*address(self.headers[_COPY]))
        with file:
            if self.headers.get(f"{_COPY}-if-match", source.etag) != source.etag:
                raise Fault(412, "PreconditionFailed", "the source is another one")
            bounds = _range(self.headers.get(f"{_COPY}-range", ""), source.content.size)
            self.store.need(self.bucket)
            return self.store.receive(_pieces(file, *bounds)), "", source

    def _taken(self, copied: str, etag: str, told: str) -> None:
        if copied:
            said = xml.tags(ETag=etag, LastModified=xml.when(time.time()))
            self.say(xml.document(copied, said))
        else:
            self.say(headers={"ETag": etag, **({_SUM: told} if told else {})})


def _range(text: str, size: int) -> tuple[int, int]:
    """From which byte up to which. Raises Fault."""
    match = _RANGE.fullmatch(text)
    if match is None:
        if text:
            raise Fault(501, "NotImplemented", "a range is bytes=first-last here")
        return 0, size
    start, end = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
    if start >= size or start >= end:
        raise Fault(416, "InvalidRange", "it is not as long as that")
    return start, end


def _pieces(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end and (piece := file.read(min(_PIECE, end - start))):
        start += len(piece)
        yield piece


_ACTIONS: dict[tuple[str, str, str], Callable[[Handler], None]] = {
    ("service", "GET", ""): Handler.list_buckets,
    ("bucket", "PUT", ""): Handler.make_bucket,
    ("bucket", "HEAD", ""): Handler.look_at_bucket,
    ("bucket", "DELETE", ""): Handler.remove_bucket,
    ("bucket", "GET", "list-type"): Handler.list_objects,
    ("bucket", "GET", "uploads"): Handler.list_uploads,
    ("bucket", "POST", "delete"): Handler.remove_objects,
    ("object", "GET", ""): Handler.give,
    ("object", "HEAD", ""): Handler.give,
    ("object", "PUT", ""): Handler.take,
    ("object", "DELETE", ""): Handler.remove,
    ("object", "POST", "uploads"): Handler.begin,
    ("object", "PUT", "uploadId"): Handler.take_part,
    ("object", "GET", "uploadId"): Handler.list_parts,
    ("object", "POST", "uploadId"): Handler.complete,
    ("object", "DELETE", "uploadId"): Handler.abort,
}


class Buckets:
    """Serves `store` from construction until `close`, to who has the keys. Raises OSError."""

    def __init__(self, store: Store) -> None:
        self.key_id = secrets.token_hex(10).upper()
        self.secret = secrets.token_urlsafe(30)
        about = {"store": store, "key_id": self.key_id, "secret": self.secret}
        self._server = Server((HOST, 0), type("Handler", (Handler,), about))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def store_of(folder: Path, bucket: str, samples: Path | None = None) -> Store:
    """A store in `folder`, which is made, with one bucket: what is in `samples`, or nothing."""
    folder.mkdir()
    store = Store(folder)
    store.make_bucket(bucket)
    if samples is not None:
        store.take_in(bucket, samples, lambda when: {"x-amz-meta-mtime": f"{when:.9f}"})
    return store
