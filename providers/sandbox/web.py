"""A web server on 127.0.0.1 that lists one folder, gives its files in ranges and takes new ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote_to_bytes

HOST = "127.0.0.1"
USER = "demo"
_PIECE = 1 << 20  # bytes
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Server(ThreadingHTTPServer):
    """Its threads end with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


class Refused(Exception):
    """The answer is this status, and nothing more."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """One connection. `root` and `login` are set by `Web`."""

    root: bytes
    login: str
    protocol_version = "HTTP/1.1"
    server_version = "wharfie-sandbox"
    timeout = 60

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal belongs to the panes."""

    def do_HEAD(self) -> None:
        self.answered(self._give)

    def do_GET(self) -> None:
        self.answered(self._give)

    def do_PUT(self) -> None:
        self.answered(self._take)

    def do_DELETE(self) -> None:
        self.answered(self.remove)

    def answered(self, action: Callable[[], None]) -> None:
        """Sign in and do `action`, or say why not."""
        try:
            self._sign_in()
            action()
        except Refused as refused:
            self._refuse(refused.status)
        except FileNotFoundError:
            self._refuse(HTTPStatus.NOT_FOUND)
        except (PermissionError, IsADirectoryError, NotADirectoryError):
            self._refuse(HTTPStatus.FORBIDDEN)
        except OSError:
            self.close_connection = True  # the visitor has left, or the disk refuses

    def _sign_in(self) -> None:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(given.strip(), self.login):
            raise Refused(HTTPStatus.UNAUTHORIZED)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True  # a body may still be on its way
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="Wharfie demo", charset="UTF-8"')
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def meant(self, address: str) -> bytes:
        """The file that `address` is of. Raises Refused for one outside of the folder."""
        parts = [unquote_to_bytes(p) for p in address.partition("?")[0].split("/") if p]
        if any(part in (b".", b"..") or b"/" in part or b"\0" in part for part in parts):
            raise Refused(HTTPStatus.BAD_REQUEST)
        path = os.path.join(self.root, *parts)
        inside = os.path.realpath(self.root)
        if os.path.commonpath([os.path.realpath(path), inside]) != inside:
            raise Refused(HTTPStatus.FORBIDDEN)
        return path

    # Giving ----------------------------------------------------------------------------------

    def _give(self) -> None:
        path = self.meant(self.path)
        info = os.stat(path)
        if not stat.S_ISDIR(info.st_mode):
            self._give_file(path)
        elif self.path.endswith("/"):
            self.send(HTTPStatus.OK, _page(path), {"Content-Type": "text/html; charset=utf-8"})
        else:
            self.send(HTTPStatus.MOVED_PERMANENTLY, b"", {"Location": f"{self.path}/"})

    def send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        """Answer all at once."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _give_file(self, path: bytes) -> None:
        with Path(os.fsdecode(path)).open("rb") as file:
            info = os.fstat(file.fileno())
            tag = etag_of(info)
            start, end, status = self._asked_for(info.st_size, tag)
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", formatdate(info.st_mtime, usegmt=True))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            if status is not HTTPStatus.OK:
                shown = "*" if start > end else f"{start}-{end - 1}"
                self.send_header("Content-Range", f"bytes {shown}/{info.st_size}")
            if "sha-256" in self.headers.get("Want-Repr-Digest", ""):
                digest = base64.b64encode(hashlib.file_digest(file, "sha256").digest())
                self.send_header("Repr-Digest", f"sha-256=:{digest.decode('ascii')}:")
            self.send_header("Content-Length", str(max(0, end - start)))
            self.end_headers()
            if self.command != "HEAD" and end > start:
                file.seek(start)
                self._pour(file, end - start)

    def _asked_for(self, size: int, tag: str) -> tuple[int, int, HTTPStatus]:
        """From which byte up to which, and how that is answered (RFC 9110 section 14)."""
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None or self.headers.get("If-Range", tag) != tag or self.command == "HEAD":
            return 0, size, HTTPStatus.OK
        start = int(match[1])
        end = min(size, int(match[2]) + 1) if match[2] else size
        if start >= size or start >= end:
            return 1, 0, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return start, end, HTTPStatus.PARTIAL_CONTENT

    def _pour(self, file: IO[bytes], length: int) -> None:
        while length > 0:
            piece = file.read(min(_PIECE, length))
            if not piece:
                self.close_connection = True
                return
            self.wfile.write(piece)
            length -= len(piece)

    # Taking ----------------------------------------------------------------------------------

    def _take(self) -> None:
        path = self.meant(self.path)
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or self.path.endswith("/"):
            raise Refused(HTTPStatus.LENGTH_REQUIRED)
        replaces = os.path.lexists(path)
        self._check_agreed(path, replaces)
        self.need_folder(path)
        unfinished = path + b"." + secrets.token_hex(4).encode() + b".upload"
        try:
            with Path(os.fsdecode(unfinished)).open("xb") as file:
                self._fill(file, int(length))
            os.replace(unfinished, path)
        except BaseException:
            if os.path.lexists(unfinished):
                os.unlink(unfinished)
            raise
        status = HTTPStatus.NO_CONTENT if replaces else HTTPStatus.CREATED
        told = self.stored(path)
        self.send(status, b"", {"ETag": etag_of(os.stat(path)), **told})

    def need_folder(self, path: bytes) -> None:
        """Folders appear with what is put in them."""
        os.makedirs(os.path.dirname(path), exist_ok=True)

    def stored(self, path: bytes) -> dict[str, str]:
        """What is done with a file once it is there, and told with the answer."""
        return {}

    def _check_agreed(self, path: bytes, replaces: bool) -> None:
        agreed = self.headers.get("If-Match")
        changed = agreed is not None and not (replaces and agreed in ("*", etag_of(os.stat(path))))
        if changed or (replaces and self.headers.get("If-None-Match") == "*"):
            raise Refused(HTTPStatus.PRECONDITION_FAILED)

    def _fill(self, file: IO[bytes], length: int) -> None:
        while length > 0:
            piece = self.rfile.read(min(_PIECE, length))
            if not piece:
                raise ConnectionResetError
            file.write(piece)
            length -= len(piece)

    def remove(self) -> None:
        """Remove the file that is meant."""
        os.unlink(self.meant(self.path))
        self.send(HTTPStatus.NO_CONTENT, b"", {})


class Web:
    """Serves `root` from construction until `close`, to `USER` with `password`. Raises OSError."""

    scheme = "http"
    handler = Handler

    def __init__(self, root: Path) -> None:
        self.password = secrets.token_urlsafe(16)
        login = base64.b64encode(f"{USER}:{self.password}".encode()).decode("ascii")
        about = {"root": os.fsencode(root), "login": login}
        handler = type("Handler", (self.handler,), about)
        self._server = Server((HOST, 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://{USER}@{HOST}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def etag_of(info: os.stat_result) -> str:
    return f'"{info.st_ino:x}-{info.st_size:x}-{info.st_mtime_ns:x}"'


def _page(folder: bytes) -> bytes:
    """As nginx lists a folder."""
    lines = ["<html>", "<head><title>Index of /</title></head>", "<body>"]
    lines.append('<h1>Index of /</h1><hr><pre><a href="../">../</a>')
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        info = item.stat()
        slash = "/" if item.is_dir() else ""
        size = "-" if slash else str(info.st_size)
        shown = html.escape(item.name.decode("utf-8", "replace"))
        when = time.strftime("%d-%b-%Y %H:%M", time.gmtime(info.st_mtime))
        lines.append(f'<a href="{quote(item.name)}{slash}">{shown}{slash}</a> {when} {size:>19}')
    lines.append("</pre><hr></body>")
    lines.append("</html>\r\n")
    return "\r\n".join(lines).encode()
