"""A request before it is known where it goes, and what its answer has to be about."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from providers.base import Body, Buffer, InMemory
from providers.errors import Unsupported
from providers.s3 import keys
from providers.s3.signing import UNSIGNED
from providers.web.exchange import Asked
from providers.web.redirects import Url

_EMPTY = sha256(b"").hexdigest()
_ABOUT_BYTES = frozenset(
    {"uploads", "uploadId", "partNumber", "max-parts", "part-number-marker", "versionId"}
)


class Question:
    """What is asked. `path` is what errors are about."""

    def __init__(
        self,
        method: str,
        bucket: str,
        key: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Buffer | InMemory | None,
    ) -> None:
        self.method = method
        self.bucket = bucket
        self.key = key
        self.path = path
        self.headers = headers
        self.sealed_by_customer = True
        self._query = query
        self._body = body

    @property
    def is_about_bytes(self) -> bool:
        """Of an object, so that the key that it is encrypted with has to go along. A list of parts
        tells their checksums, and Amazon wants the key for those (API reference, ListParts)."""
        if not self.key or self.method not in {"GET", "HEAD", "PUT", "POST"}:
            return False
        return set(self._query) <= _ABOUT_BYTES

    def query_text(self) -> str:
        quoted = ((keys.quoted_value(k), keys.quoted_value(v)) for k, v in self._query.items())
        return "&".join(f"{name}={value}" for name, value in sorted(quoted))

    def need_revision(self, headers: Mapping[str, str]) -> None:
        """Raise Unsupported unless the answer is about the revision that was asked for: a service
        that knows none would answer with what the file is today. What was stored without versions
        is called "null", and need not be called anything."""
        version, told = self._query.get("versionId"), headers.get("x-amz-version-id", "")
        if version is not None and told != version and not (version == "null" and not told):
            what = "the service does not say that its answer is about this version"
            raise Unsupported(self.path, what, advice="It may keep no earlier versions.")

    def sealed(self, url: Url) -> str:
        """What the signature says of the body: over TLS nothing, whose own digests protect it."""
        if self._body is None:
            return _EMPTY
        if url.scheme == "https":
            return UNSIGNED
        return sha256(in_memory(self._body)).hexdigest()

    def request(self) -> Asked:
        body, length = self._body, None
        if body is None or isinstance(body, bytes):
            sent: bytes | Body | None = body
        else:
            sent = body if isinstance(body, InMemory) else [body]
            length = memoryview(in_memory(body)).nbytes
        return Asked(self.method, self.path, self.headers, sent, length, expect_continue=False)


def in_memory(body: Buffer | InMemory) -> Buffer:
    """All bytes of a body."""
    return body.memory if isinstance(body, InMemory) else body
