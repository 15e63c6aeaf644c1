"""One request to the service of buckets: who asks, for what, with which bytes; and the answer."""

from __future__ import annotations

import hashlib
import time
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote_to_bytes

from providers.sandbox import bucket_xml as xml
from providers.sandbox.bucket_store import Content, Fault, Store, Stored, discard
from providers.sandbox.signature import UNSIGNED, Asked, BadSignature, check

_PIECE = 1 << 20  # bytes
_LONGEST_KEY = 1024  # bytes
_LONGEST_QUESTION = 4 << 20  # bytes of XML
_MOST_UNREAD = 64 << 20  # bytes of a refused body that are waited for
_KEPT = ("content-type", "cache-control", "content-disposition", "content-encoding")
_SUMS = ("x-amz-checksum-sha256", "x-amz-checksum-crc32")
_STATUS = {"NotImplemented": 501, "AuthorizationHeaderMalformed": 400}


class Request(BaseHTTPRequestHandler):
    """One connection. `store`, `key_id` and `secret` are set by `Buckets`; `act` by who knows
    what there is to be done."""

    store: Store
    key_id: str
    secret: str
    protocol_version = "HTTP/1.1"
    server_version = "wharfie-sandbox"
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal belongs to the panes."""

    def do_GET(self) -> None:
        self._answered()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - as http.server calls them

    def act(self) -> None:
        """Do what is asked for. Raises Fault."""
        raise NotImplementedError

    def _answered(self) -> None:
        length = self.headers.get("Content-Length", "0")
        self._left = int(length) if length.isdecimal() else 0  # bytes of the body
        try:
            self._understand()
            self.act()
        except BadSignature as bad:
            self._refuse(_STATUS.get(bad.code, 403), bad.code, str(bad))
        except Fault as refused:
            self._refuse(refused.status, refused.code, str(refused))
        except OSError:
            self.close_connection = True  # the visitor has left, or the disk refuses

    def _understand(self) -> None:
        """Who asks, for what. Raises BadSignature, Fault."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, path, query, headers)
        self._sealed = check(asked, self.key_id, self.secret, time.time())
        self.bucket, self.key = address(path)
        pairs = (part.partition("=")[::2] for part in query.split("&") if part)
        self.query = {
            unquote_to_bytes(name).decode("latin-1"): unquote_to_bytes(value)
            for name, value in pairs
            if not name.startswith("X-Amz-")  # of the signature
        }

    # Answering -------------------------------------------------------------------------------

    def say(self, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send(200 if body or self.command != "DELETE" else 204, body, headers or {})

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/xml")
        if "Content-Length" not in headers and status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str, why: str) -> None:
        try:
            if self._left > _MOST_UNREAD:
                self.close_connection = True
            else:
                for _ in self._body():
                    pass
            told = {"Connection": "close"} if self.close_connection else {}
            self.send(status, b"" if self.command == "HEAD" else xml.fault(code, why), told)
        except OSError:
            self.close_connection = True

    # What came -------------------------------------------------------------------------------

    def _body(self) -> Iterator[bytes]:
        while self._left > 0:
            piece = self.rfile.read(min(_PIECE, self._left))
            if not piece:
                self.close_connection = True
                raise ConnectionResetError
            self._left -= len(piece)
            yield piece

    def question(self) -> bytes:
        """The body, which is no object."""
        if self._left > _LONGEST_QUESTION:
            raise Fault(400, "MalformedXML", "this is longer than any such question")
        body = b"".join(self._body())
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self._need_sound(md5, hashlib.sha256(body).hexdigest(), zlib.crc32(body))
        return body

    def received(self) -> tuple[Content, str]:
        """The body, which is what it was said to be, and its SHA-256 where that came along."""
        self.store.need(self.bucket)
        if not self.headers.get("Content-Length", "").isdecimal():
            raise Fault(411, "MissingContentLength", "nobody said how long it is")
        content = self.store.receive(self._body())
        try:
            self._need_sound(content.md5, content.sha256, content.crc32)
        except Fault:
            discard(content)
            raise
        return content, self.headers.get(_SUMS[0], "")

    def _need_sound(self, md5: str, sha256: str, crc32: int) -> None:
        """Raise Fault when the body, whose sums these are, is not what was sent."""
        told = {name.lower(): value for name, value in self.headers.items()}
        sums = {name for name in told if name.startswith("x-amz-checksum-")}
        if not sums <= {*_SUMS}:
            raise Fault(400, "InvalidRequest", "the checksums that are known here: SHA256, CRC32")
        if self._sealed not in {UNSIGNED, sha256}:
            raise Fault(400, "XAmzContentSHA256Mismatch", "what came is not what was signed")
        right = {"content-md5": bytes.fromhex(md5), _SUMS[0]: bytes.fromhex(sha256)}
        right[_SUMS[1]] = crc32.to_bytes(4, "big")
        for name, digest in right.items():
            if told.get(name, b64encode(digest).decode("ascii")) != b64encode(digest).decode(
                "ascii"
            ):
                raise Fault(400, "BadDigest", "what came is not what was sent")

    def kept(self) -> dict[str, str]:
        """The headers that are kept with an object."""
        found = ((name, name.lower(), value) for name, value in self.headers.items())
        return {
            name: value
            for name, lower, value in found
            if lower in _KEPT or lower.startswith("x-amz-meta-")
        }

    def agreed(self, there: Stored | None) -> None:
        """Raise Fault when what stands there must not be replaced."""
        only_new, only = self.headers.get("If-None-Match"), self.headers.get("If-Match")
        if only_new not in {None, "*"}:
            raise Fault(501, "NotImplemented", "the condition that is known here is *")
        if only_new is not None and there is not None:
            raise Fault(412, "PreconditionFailed", "something is there")
        if only is not None and there is None:
            raise Fault(404, "NoSuchKey", "there is no such object")
        if only is not None and there is not None and only != there.etag:
            raise Fault(412, "PreconditionFailed", "it is another one")


def address(path: str) -> tuple[str, bytes]:
    """Bucket and key of a percent-encoded path. Raises Fault for what is no key."""
    name, _, quoted = path.removeprefix("/").partition("/")
    key = unquote_to_bytes(quoted)
    if len(key) > _LONGEST_KEY:
        raise Fault(400, "KeyTooLongError", "a key has 1,024 bytes at most")
    try:
        key.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(400, "InvalidURI", "a key is UTF-8") from None
    return unquote_to_bytes(name).decode("latin-1"), key
