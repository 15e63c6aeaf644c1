"""The part of a Nextcloud that chunked uploads need, after its developer manual. An emulator.

    with ScriptedHttp(Nextcloud()) as server:
        … dav://127.0.0.1:{server.port}/remote.php/dav/files/ann/file …

Files and folders of the user "ann" in memory; `uploads` are the folders of chunks. It refuses what
version 2 refuses: no Destination, another than at the beginning, chunks of a wrong name or size.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from tests.servers.scripted_http import Ask, Wire, answer

FILES = "/remote.php/dav/files/ann"
UPLOADS = "/remote.php/dav/uploads/ann"


class Nextcloud:
    """`smallest`: bytes of a chunk that is not the last. `before` may answer in its place.

    `refuses`: the status of every answer about chunks, where there are none. `damage` is done to
    what comes in, before it is digested (X-Hash) and stored.
    """

    def __init__(self, *, smallest: int = 5 << 20, refuses: int = 0) -> None:
        self.files: dict[str, bytes] = {}
        self.folders = {FILES}
        self.uploads: dict[str, dict[str, bytes]] = {}
        self.times: dict[str, str] = {}
        self.smallest, self.refuses = smallest, refuses
        self.damage: Callable[[bytes], bytes] = lambda body: body
        self.before: Callable[[Ask, Wire], bool] = lambda ask, wire: False
        self._destinations: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._next = itertools.count(1)

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if self.before(ask, wire):
            return
        path = unquote(ask.target).rstrip("/")
        body = ask.body
        if ask.headers.get("expect") == "100-continue":
            wire.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = wire.body(ask.headers)
        if self.refuses and path.startswith(f"{UPLOADS}/"):
            wire.say(answer(self.refuses))
            return
        methods: Mapping[str, Callable[[str, Ask, bytes], bytes]] = {
            "PROPFIND": self._propfind,
            "PUT": self._put,
            "MKCOL": self._mkcol,
            "MOVE": self.move,
            "DELETE": self._delete,
            "GET": self._get,
        }
        wire.say(methods[ask.method](path, ask, body))

    # Chunks ----------------------------------------------------------------------------------

    def _mkcol(self, path: str, ask: Ask, body: bytes) -> bytes:
        if not path.startswith(f"{UPLOADS}/"):
            self.folders.add(path)
            return answer(201)
        if "destination" not in ask.headers:
            return answer(400)
        if path in self.uploads:
            return answer(405)
        self.uploads[path] = {}
        self._destinations[path] = ask.headers["destination"]
        return answer(201)

    def _put(self, path: str, ask: Ask, body: bytes) -> bytes:
        body = self.damage(body)
        folder, _, name = path.rpartition("/")
        if not path.startswith(f"{UPLOADS}/"):
            if folder not in self.folders:
                return answer(409)
            return self.store(path, body, ask)
        if folder not in self.uploads:
            return answer(404)
        if not name.isdigit() or not 1 <= int(name) <= 10_000:
            return answer(400)
        if ask.headers.get("destination") != self._destinations[folder]:
            return answer(400)
        self.uploads[folder][name] = body
        return answer(201, b"", _digests(body, ask))

    def _assembled(self, folder: str, ask: Ask) -> bytes | None:
        """The file, or None for chunks that are refused."""
        chunks = self.uploads[folder]
        ordered = [chunks[name] for name in sorted(chunks, key=int)]
        small = [len(chunk) for chunk in ordered[:-1] if len(chunk) < self.smallest]
        whole = b"".join(ordered)
        wanted = ask.headers.get("oc-total-length", str(len(whole)))
        if small or ask.headers["destination"] != self._destinations[folder]:
            return None
        return whole if int(wanted) == len(whole) else None

    # Files -----------------------------------------------------------------------------------

    def store(self, path: str, data: bytes, ask: Ask) -> bytes:
        new = path not in self.files
        self.files[path] = data
        self._tags[path] = f'"{next(self._next)}"'
        if "x-oc-mtime" in ask.headers:
            self.times[path] = ask.headers["x-oc-mtime"]
        return answer(201 if new else 204, b"", {"X-OC-MTime": "accepted"} | _digests(data, ask))

    def move(self, path: str, ask: Ask, body: bytes) -> bytes:
        target = unquote(urlsplit(ask.headers["destination"]).path)
        there = self._tags.get(target)
        if ask.headers.get("overwrite") == "F" and target in self.files:
            return answer(412)
        if "if" in ask.headers and f"([{there}])" not in ask.headers["if"]:
            return answer(412)
        folder, _, name = path.rpartition("/")
        if name == ".file" and folder in self.uploads:
            whole = self._assembled(folder, ask)
            if whole is None:
                return answer(400)
            del self.uploads[folder]
            return self.store(target, whole, ask)
        if path not in self.files:
            return answer(404)
        return self.store(target, self.files.pop(path), ask)

    def _delete(self, path: str, ask: Ask, body: bytes) -> bytes:
        found = self.files.pop(path, None) is not None
        found = self.uploads.pop(path, None) is not None or found
        return answer(204 if found else 404)

    def _get(self, path: str, ask: Ask, body: bytes) -> bytes:
        if path not in self.files:
            return answer(404)
        return answer(200, self.files[path], {"ETag": self._tags[path]})

    # Looking ---------------------------------------------------------------------------------

    def _propfind(self, path: str, ask: Ask, body: bytes) -> bytes:
        found: list[str] = []
        if path in self.files:
            found.append(_file(path, len(self.files[path]), self._tags[path]))
        elif path in self.uploads or path in self.folders:
            found.append(_folder(path))
            chunks = self.uploads.get(path, {})
            if ask.headers["depth"] == "1":
                found += [_file(f"{path}/{name}", len(data)) for name, data in chunks.items()]
                found += [_file(f"{path}/.file", 0)] if path in self.uploads else []
        else:
            return answer(404)
        return answer(
            207, f'<d:multistatus xmlns:d="DAV:">{"".join(found)}</d:multistatus>'.encode()
        )


def _digests(body: bytes, ask: Ask) -> dict[str, str]:
    if ask.headers.get("x-hash") != "sha256":
        return {}
    return {"X-Hash-SHA256": hashlib.sha256(body).hexdigest()}


def _folder(path: str) -> str:
    return _response(f"{path}/", "<d:resourcetype><d:collection/></d:resourcetype>")


def _file(path: str, size: int, tag: str = "") -> str:
    told = f"<d:getetag>{escape(tag)}</d:getetag>" if tag else ""
    length = f"<d:getcontentlength>{size}</d:getcontentlength>"
    return _response(path, f"<d:resourcetype/>{length}{told}")


def _response(path: str, props: str) -> str:
    stat = f"<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{escape(path)}</d:href>{stat}</d:response>"
