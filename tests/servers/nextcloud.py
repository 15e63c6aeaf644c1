"""A Nextcloud after its developer manual, as far as files and chunked uploads go. An emulator.

    with ScriptedHttp(Nextcloud()) as server:
        … dav://127.0.0.1:{server.port}/remote.php/dav/files/ann/file …

Files and folders of the user "ann" in memory; `uploads` are the folders of chunks. It refuses what
version 2 refuses: no Destination, another than at the beginning, chunks of a wrong name or size.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Mapping
from email.utils import formatdate
from urllib.parse import quote, unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape

from providers.text import from_bytes, to_bytes
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
        self._lock = threading.RLock()

    def __call__(self, ask: Ask, wire: Wire) -> None:
        if self.before(ask, wire):
            return
        path = _decoded(ask.target)
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
            "COPY": self._copy,
            "DELETE": self._delete,
            "GET": self._get,
            "HEAD": self._head,
        }
        with self._lock:
            said = methods[ask.method](path, ask, body)
        wire.say(said)

    # Chunks ----------------------------------------------------------------------------------

    def _mkcol(self, path: str, ask: Ask, body: bytes) -> bytes:
        if not path.startswith(f"{UPLOADS}/"):
            return self._make(path)
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
            if folder not in self.folders or path in self.folders:
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
        target = _decoded(urlsplit(ask.headers["destination"]).path)
        there = self._tags.get(target)
        taken = target in self.files or target in self.folders
        if ask.headers.get("overwrite") == "F" and taken:
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
        if path not in self.files and path not in self.folders:
            return answer(404)
        if target.rpartition("/")[0] not in self.folders:
            return answer(409)
        return self._moved(path, target)

    def _copy(self, path: str, ask: Ask, body: bytes) -> bytes:
        target = _decoded(urlsplit(ask.headers["destination"]).path)
        if path not in self.files:
            return answer(404)
        if target.rpartition("/")[0] not in self.folders:
            return answer(409)
        return self.store(target, self.files[path], ask)

    def _moved(self, path: str, target: str) -> bytes:
        new = target not in self.files

        def to(old: str) -> str:
            below = old == path or old.startswith(f"{path}/")
            return target + old.removeprefix(path) if below else old

        self._forget(target)
        self.files = {to(old): data for old, data in self.files.items()}
        self._tags = {to(old): tag for old, tag in self._tags.items()}
        self.times = {to(old): time for old, time in self.times.items()}
        self.folders = {to(old) for old in self.folders}
        return answer(201 if new else 204)

    def _forget(self, path: str) -> None:
        def stays(one: str) -> bool:
            return not f"{one}/".startswith(f"{path}/")

        self.files = {one: data for one, data in self.files.items() if stays(one)}
        self._tags = {one: tag for one, tag in self._tags.items() if stays(one)}
        self.times = {one: time for one, time in self.times.items() if stays(one)}
        self.folders = {one for one in self.folders if stays(one)}

    def _make(self, path: str) -> bytes:
        if path in self.folders or path in self.files:
            return answer(405)
        if path.rpartition("/")[0] not in self.folders:
            return answer(409)
        self.folders.add(path)
        return answer(201)

    def _delete(self, path: str, ask: Ask, body: bytes) -> bytes:
        found = path in self.files or path in self.folders or path in self.uploads
        self.uploads.pop(path, None)
        self._forget(path)
        return answer(204 if found else 404)

    def _get(self, path: str, ask: Ask, body: bytes) -> bytes:
        if path not in self.files:
            return answer(404)
        data, said = self.files[path], {"ETag": self._tags[path]}
        if ask.range is None or ask.headers.get("if-range", said["ETag"]) != said["ETag"]:
            return answer(200, data, said)
        first, last = ask.range
        if first >= len(data):
            return answer(416, b"", said | {"Content-Range": f"bytes */{len(data)}"})
        last = len(data) - 1 if last is None else min(last, len(data) - 1)
        part = f"bytes {first}-{last}/{len(data)}"
        return answer(206, data[first : last + 1], said | {"Content-Range": part})

    def _head(self, path: str, ask: Ask, body: bytes) -> bytes:
        return self._get(path, ask, body).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    # Looking ---------------------------------------------------------------------------------

    def _propfind(self, path: str, ask: Ask, body: bytes) -> bytes:
        deep = ask.headers["depth"] == "1"
        found: list[str] = []
        if path in self.files:
            found.append(self._file(path))
        elif path in self.folders:
            found.append(_folder(path))
            if deep:
                found += [self._file(each) for each in self.files if _in(each, path)]
                found += [_folder(each) for each in self.folders if _in(each, path)]
        elif path in self.uploads:
            found.append(_folder(path))
            chunks = self.uploads[path] | {".file": b""}
            if deep:
                found += [_chunk(f"{path}/{name}", len(data)) for name, data in chunks.items()]
        else:
            return answer(404)
        return answer(
            207, f'<d:multistatus xmlns:d="DAV:">{"".join(found)}</d:multistatus>'.encode()
        )

    def _file(self, path: str) -> str:
        told = f"<d:getetag>{escape(self._tags.get(path, ''))}</d:getetag>"
        if path in self.times:
            when = formatdate(int(self.times[path]), usegmt=True)
            told += f"<d:getlastmodified>{when}</d:getlastmodified>"
        return _chunk(path, len(self.files[path]), told)


def _decoded(target: str) -> str:
    return from_bytes(unquote_to_bytes(target)).rstrip("/")


def _in(path: str, folder: str) -> bool:
    return path.rpartition("/")[0] == folder


def _digests(body: bytes, ask: Ask) -> dict[str, str]:
    if ask.headers.get("x-hash") != "sha256":
        return {}
    return {"X-Hash-SHA256": hashlib.sha256(body).hexdigest()}


def _folder(path: str) -> str:
    return _response(f"{path}/", "<d:resourcetype><d:collection/></d:resourcetype>")


def _chunk(path: str, size: int, more: str = "") -> str:
    length = f"<d:getcontentlength>{size}</d:getcontentlength>"
    return _response(path, f"<d:resourcetype/>{length}{more}")


def _response(path: str, props: str) -> str:
    stat = f"<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    href = quote(to_bytes(path), safe="/")
    return f"<d:response><d:href>{href}</d:href>{stat}</d:response>"
