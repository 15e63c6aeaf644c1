"""WebDAV on 127.0.0.1 over one folder: what `web` does, and PROPFIND, MKCOL, MOVE (RFC 4918)."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from providers.sandbox.web import Handler, Refused, Web, etag_of

_LONGEST = 1 << 20  # bytes of a question
_ONLY_IF = re.compile(r"<[^>]*> \(\[([^\]]+)\]\)")
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">'


class DavHandler(Handler):
    """One connection. A folder is removed with all that is in it, as RFC 4918 has it."""

    def do_OPTIONS(self) -> None:  # noqa: N802 - as http.server calls it
        self.answered(self._say_what_is_spoken)

    def do_PROPFIND(self) -> None:  # noqa: N802
        self.answered(self._describe)

    def do_MKCOL(self) -> None:  # noqa: N802
        self.answered(self._make)

    def do_MOVE(self) -> None:  # noqa: N802
        self.answered(self._move)

    def _say_what_is_spoken(self) -> None:
        allowed = "OPTIONS, HEAD, GET, PUT, DELETE, PROPFIND, MKCOL, MOVE"
        self.send(HTTPStatus.OK, b"", {"DAV": "1", "Allow": allowed})

    def _describe(self) -> None:
        """Every property, whatever was asked for: there are four."""
        path = self.meant(self.path)
        self._skip_question()
        if self.headers.get("Depth", "infinity") not in ("0", "1"):
            raise Refused(HTTPStatus.FORBIDDEN)
        parts = [_response(self.path.partition("?")[0], os.stat(path))]
        if os.path.isdir(path) and self.headers["Depth"] == "1":
            parts += _children(path, self.path.partition("?")[0])
        body = "".join((_HEAD, *parts, "</D:multistatus>\n")).encode()
        self.send(HTTPStatus.MULTI_STATUS, body, {"Content-Type": "application/xml"})

    def _skip_question(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self.rfile.read(int(length))

    def _make(self) -> None:
        path = self.meant(self.path)
        self.need_folder(path)
        try:
            os.mkdir(path)
        except FileExistsError:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED) from None
        self.send(HTTPStatus.CREATED, b"", {})

    def _move(self) -> None:
        source, target = self.meant(self.path), self.meant(self._destination())
        os.stat(source)
        self.need_folder(target)
        replaces = os.path.lexists(target)
        only_if = _ONLY_IF.search(self.headers.get("If", ""))
        changed = only_if is not None and (not replaces or etag_of(os.stat(target)) != only_if[1])
        if changed or (replaces and self.headers.get("Overwrite") == "F"):
            raise Refused(HTTPStatus.PRECONDITION_FAILED)
        os.replace(source, target)
        self.send(HTTPStatus.NO_CONTENT if replaces else HTTPStatus.CREATED, b"", {})

    def _destination(self) -> str:
        there = urlsplit(self.headers.get("Destination", ""))
        if there.netloc != self.headers.get("Host"):
            raise Refused(HTTPStatus.BAD_GATEWAY)
        return there.path

    def need_folder(self, path: bytes) -> None:
        """The folder that `path` is to be in must be there: none is made on the way."""
        if not os.path.isdir(os.path.dirname(path)):
            raise Refused(HTTPStatus.CONFLICT)

    def stored(self, path: bytes) -> dict[str, str]:
        """The time that the file had where it comes from, as ownCloud and its kin take it."""
        time = self.headers.get("X-OC-Mtime", "")
        if not time.isdecimal():
            return {}
        os.utime(path, (int(time), int(time)))
        return {"X-OC-MTime": "accepted"}

    def remove(self) -> None:
        path = self.meant(self.path)
        if os.path.isdir(path):
            shutil.rmtree(path)
            self.send(HTTPStatus.NO_CONTENT, b"", {})
        else:
            super().remove()


def _children(folder: bytes, address: str) -> Iterator[str]:
    above = address.rstrip("/")
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        yield _response(f"{above}/{quote(item.name)}", item.stat())


def _response(address: str, info: os.stat_result) -> str:
    folder = stat.S_ISDIR(info.st_mode)
    href = quote(f"{address.rstrip('/')}/" if folder else address, safe="/%")
    told = f"<D:getlastmodified>{formatdate(info.st_mtime, usegmt=True)}</D:getlastmodified>"
    if folder:
        told += "<D:resourcetype><D:collection/></D:resourcetype>"
    else:
        told += f"<D:resourcetype/><D:getcontentlength>{info.st_size}</D:getcontentlength>"
        told += f"<D:getetag>{etag_of(info)}</D:getetag>"
    status = "<D:status>HTTP/1.1 200 OK</D:status>"
    props = f"<D:propstat><D:prop>{told}</D:prop>{status}</D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{props}</D:response>\n"


class Dav(Web):
    """See `Web`."""

    scheme = "dav"
    handler = DavHandler
