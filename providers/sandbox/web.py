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


class Web:
    """Serves `root` from construction until `close`, to `USER` with `password`. Raises OSError."""

    def __init__(self, root: Path) -> None:
        self.password = secrets.token_urlsafe(16)
        login = base64.b64encode(f"{USER}:{self.password}".encode()).decode("ascii")
        handler = type("Handler", (_Handler,), {"root": os.fsencode(root), "login": login})
        self._server = _Server((HOST, 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://{USER}@{HOST}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


class _Refused(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """One connection. Class attributes are set by `Web`."""

    root: bytes
    login: str
    protocol_version = "HTTP/1.1"
    server_version = "wharfie-sandbox"
    timeout = 60

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal belongs to the panes."""

    def do_HEAD(self) -> None:
        self._answered(self._give)

    def do_GET(self) -> None:
        self._answered(self._give)

    def do_PUT(self) -> None:
        self._answered(self._take)

    def do_DELETE(self) -> None:
        self._answered(self._remove)

    def _answered(self, action: Callable[[], None]) -> None:
        try:
            self._sign_in()
            action()
        except _Refused as refused:
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
            raise _Refused(HTTPStatus.UNAUTHORIZED)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True  # a body may still be on its way
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="Wharfie demo", charset="UTF-8"')
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def _path(self) -> bytes:
        """The file that is meant. Raises _Refused for one outside of the folder."""
        parts = [unquote_to_bytes(p) for p in self.path.partition("?")[0].split("/") if p]
        if any(part in (b".", b"..") or b"/" in part or b"\0" in part for part in parts):
            raise _Refused(HTTPStatus.BAD_REQUEST)
        path = os.path.join(self.root, *parts)
        inside = os.path.realpath(self.root)
        if os.path.commonpath([os.path.realpath(path), inside]) != inside:
            raise _Refused(HTTPStatus.FORBIDDEN)
        return path

    # Giving ----------------------------------------------------------------------------------

    def _give(self) -> None:
        path = self._path()
        info = os.stat(path)
        if not stat.S_ISDIR(info.st_mode):
            self._give_file(path)
        elif self.path.endswith("/"):
            self._send(HTTPStatus.OK, _page(path), {"Content-Type": "text/html; charset=utf-8"})
        else:
            self._send(HTTPStatus.MOVED_PERMANENTLY, b"", {"Location": f"{self.path}/"})

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
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
            tag = _tag(info)
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
        path = self._path()
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or self.path.endswith("/"):
            raise _Refused(HTTPStatus.LENGTH_REQUIRED)
        replaces = os.path.lexists(path)
        self._check_agreed(path, replaces)
        os.makedirs(os.path.dirname(path), exist_ok=True)
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
        self._send(status, b"", {"ETag": _tag(os.stat(path))})

    def _check_agreed(self, path: bytes, replaces: bool) -> None:
        agreed = self.headers.get("If-Match")
        changed = agreed is not None and not (replaces and agreed in ("*", _tag(os.stat(path))))
        if changed or (replaces and self.headers.get("If-None-Match") == "*"):
            raise _Refused(HTTPStatus.PRECONDITION_FAILED)

    def _fill(self, file: IO[bytes], length: int) -> None:
        while length > 0:
            piece = self.rfile.read(min(_PIECE, length))
            if not piece:
                raise ConnectionResetError
            file.write(piece)
            length -= len(piece)

    def _remove(self) -> None:
        os.unlink(self._path())
        self._send(HTTPStatus.NO_CONTENT, b"", {})


def _tag(info: os.stat_result) -> str:
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
