"""A web server that takes files by a form, and shows its folders as Apache does. An emulator.

    with ScriptedHttp(FormShelf()) as server: …

Files and folders by their decoded paths; what is posted makes its folder, and replaces what was
posted before. It sends no parts of files, and decodes in names what browsers encode there.
"""

from __future__ import annotations

import itertools
import re
import threading
from urllib.parse import quote, unquote_to_bytes

from providers.text import from_bytes, to_bytes
from tests.servers.scripted_http import Ask, Wire, answer

_FILE = re.compile(rb'filename="([^"]*)"[^\0]*?\r\n\r\n(.*)\r\n--', re.DOTALL)
_ENCODED = {b"%22": b'"', b"%0D": b"\r", b"%0A": b"\n"}
_HTML = {"Content-Type": "text/html"}


class FormShelf:
    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}  # content, entity tag
        self.folders = {""}
        self._next = itertools.count()
        self._lock = threading.Lock()

    def __call__(self, ask: Ask, wire: Wire) -> None:
        body = ask.body
        if ask.headers.get("expect") == "100-continue":
            wire.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = wire.body(ask.headers)
        with self._lock:
            said = self._answer(ask, from_bytes(unquote_to_bytes(ask.target)), body)
        wire.say(said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if ask.method == "HEAD" else said)

    def _answer(self, ask: Ask, path: str, body: bytes) -> bytes:
        folder = path.rstrip("/")
        if ask.method == "POST":
            return self._take(folder, body)
        if ask.method == "DELETE":
            return answer(204 if self.files.pop(path, None) else 404)
        if ask.method not in {"GET", "HEAD"}:
            return answer(405)
        if path in self.files:
            data, tag = self.files[path]
            kind = {"Content-Type": "application/octet-stream"}
            return answer(200, data, kind | {"ETag": tag, "Content-Length": str(len(data))})
        if folder not in self.folders:
            return answer(404)
        if not path.endswith("/"):
            return answer(301, b"", {"Location": f"{ask.target}/"})
        page = self._page(folder)
        return answer(200, page, _HTML | {"Content-Length": str(len(page))})

    def _take(self, folder: str, body: bytes) -> bytes:
        """The last part of a form, under its name in `folder`."""
        found = _FILE.search(body)
        if found is None:
            return answer(400)
        name, content = found.groups()
        for encoded, char in _ENCODED.items():
            name = name.replace(encoded, char)
        self.files[f"{folder}/{from_bytes(name)}"] = content, f'"{next(self._next)}"'
        while folder not in self.folders:
            self.folders.add(folder)
            folder = folder.rpartition("/")[0]
        return answer(201)

    def _page(self, folder: str) -> bytes:
        inside = [
            path for path in (*self.files, *self.folders) if path.rpartition("/")[0] == folder
        ]
        links = "".join(
            f'<a href="{quote(to_bytes(path.rpartition("/")[2]), safe="")}'
            f'{"/" * (path in self.folders)}">x</a>\n'
            for path in inside
            if path
        )
        return f"<html><title>Index of /</title><pre>{links}</pre></html>".encode()
