"""Uploads to a plain web server: PUT of the bytes, or a form that is posted with them.

There is no unfinished file to look at and nothing to give a name: the bytes go straight to theirs
(`Capabilities.in_place`). What stood there when the upload began is noted then, and asked for again
with the bytes; whether a server that is cut off keeps half of them is the server's doing. Nothing
is ever removed after a failure: it could be somebody else's.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from providers.base import Body, Buffer, Entry, Kind
from providers.errors import (
    ConnectionLost,
    Denied,
    NotFound,
    ProviderError,
    TargetChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.http import paths, reading
from providers.http.faults import problem
from providers.http.form_data import Form, form_of
from providers.http.session import Session
from providers.http.target import need_short_name, need_within
from providers.records import dataclass, values_of
from providers.web.headers import strong_etag
from providers.web.response import Response

_ASK_FIRST = 1 << 20  # bytes from which on a refusal is worth waiting for before they are sent
_MOVED = frozenset({301, 302, 307, 308})
_SEE_OTHER = 303  # a form was taken, and there is a page to look at
_NOT_SHOWN = (Denied, NotFound, Unsupported)
_DOING = "storing it"


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token holds. `seen`: the version that stood there at first; "" when none was told,
    None for nothing."""

    path: str
    size: int | None  # bytes it will have
    seen: str | None

    def token(self) -> str:
        return json.dumps(values_of(self))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server took: so many bytes, and where it says that they are."""

    size: int
    at: str

    def text(self) -> str:
        return json.dumps(values_of(self))


def from_token(token: str) -> Upload:
    """Raises UploadExpired for a token of another version of Wharfie."""
    try:
        return Upload(**json.loads(token))
    except (TypeError, ValueError) as error:
        raise UploadExpired("", "the note of the unfinished upload cannot be read") from error


class Uploads:
    """The uploads of one site, in the way that its options say. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._posts = session.options.upload == "post"
        self._with_slash: set[str] = set()  # folders whose form is at the address with one

    def look(self, path: str) -> Entry:
        """What stands at `path`, as `reading.look`.

        Where forms are posted, the page of a form is the folder that takes files, and what the
        server does not show may be called missing: nothing is ever replaced there.
        """
        if not self._posts:
            return reading.look(self._session, path)
        try:
            with self._session.send("HEAD", path) as response:
                page = response.headers.get("Content-Type", "").lower().startswith("text/html")
                if response.status == 200 and page:
                    return Entry(path, paths.name(path), Kind.DIR)
            return reading.look(self._session, path)
        except (Denied, Unsupported) as error:
            raise NotFound(path, "the server does not show it") from error

    def begin(self, path: str, size: int | None, *, within: str) -> str:
        """The token; only looks. Raises WrongKind when a folder stands there."""
        need_within(path, within)
        need_short_name(path)
        there = self._shown(path)
        if there is not None and there.kind is not Kind.FILE:
            raise WrongKind(path, "is a directory")
        seen = None if there is None else there.version or ""
        return Upload(path, size, seen).token()

    def put_part(self, token: str, index: int, offset: int, body: Body) -> str:
        upload = from_token(token)
        if index or offset:
            raise UploadExpired(upload.path, "the server takes a file in one piece only")
        return self._send(upload, body, upload.size).text()

    def finish(self, token: str, receipts: Sequence[str], *, again: bool) -> Entry:
        """What the server shows of the file; of unknown size when it shows nothing."""
        upload = from_token(token)
        if receipts:
            receipt = Receipt(**json.loads(receipts[-1]))
        else:
            there = self._shown(upload.path)
            arrived = there is not None and there.size == upload.size and _changed(upload, there)
            if again and there is not None and arrived:
                return there
            if upload.size not in (0, None):
                raise UploadExpired(upload.path)
            receipt = self._send(upload, b"", 0)
        return self._found(upload, receipt)

    def delete(self, path: str, *, folder: bool) -> None:
        """Remove a file, or a folder that was seen to be empty; servers remove what is in it."""
        with self._session.send("DELETE", f"{path}/" if folder else path) as response:
            if not 200 <= response.status < 300:
                raise problem(response, path, "removing it")

    # Sending ---------------------------------------------------------------------------------

    def _send(self, upload: Upload, body: bytes | Body, size: int | None) -> Receipt:
        there = self._shown(upload.path)
        if (None if there is None else there.version or "") != upload.seen:
            raise UploadExpired(upload.path, "something else stands there by now")
        counted = _Counted([body] if isinstance(body, bytes) else body)
        try:
            at = (self._post if self._posts else self._put)(upload, counted, size)
        except ConnectionLost:
            if not counted.ended or not self._arrived(upload, counted.count):
                raise
            at = upload.path
        return Receipt(counted.count, at)

    def _put(self, upload: Upload, body: _Counted, size: int | None) -> str:
        headers = {"Content-Type": "application/octet-stream", **_only_if(upload)}
        with self._session.send(
            "PUT", upload.path, headers=headers, body=body, length=size,
            expect_continue=size is None or size >= _ASK_FIRST,
        ) as response:  # fmt: skip
            if response.status == 412:
                raise TargetChanged(upload.path)
            if not 200 <= response.status < 300:
                raise problem(response, upload.path, _DOING)
            return self._location(response, upload.path)

    def _post(self, upload: Upload, body: _Counted, size: int | None) -> str:
        form, folder = self._form(upload), paths.parent(upload.path)
        address = f"{folder.rstrip('/')}/" if folder in self._with_slash else folder
        with self._session.send(
            "POST", address, headers={"Content-Type": form.content_type},
            body=form.around(body), length=form.length(size),
            expect_continue=size is None or size >= _ASK_FIRST,
        ) as response:  # fmt: skip
            if _leads_to_slash(response, address):
                self._with_slash.add(folder)
                raise ConnectionLost(upload.path, "the server takes it at the address with a slash")
            if not 200 <= response.status < 300 and response.status != _SEE_OTHER:
                raise problem(response, upload.path, _DOING)
            return self._location(response, upload.path)

    def _form(self, upload: Upload) -> Form:
        options = self._session.options
        return form_of(
            paths.name(upload.path),
            field=options.form_field,
            extra=options.form_extra,
            boundary=secrets.token_hex(16),
        )

    def _location(self, response: Response, path: str) -> str:
        """Where the server says that it put the file: on this server only, else where we said."""
        said = response.headers.get("Location", "")
        try:
            url = urlsplit(urljoin(f"{response.origin}{response.path}", said))
        except ValueError:
            return path
        here = f"{url.scheme}://{url.netloc}".lower() == self._session.base
        return paths.canonical(url.path) if said and here and not url.query else path

    # Looking ---------------------------------------------------------------------------------

    def _shown(self, path: str) -> Entry | None:
        """What stands at `path`; None for nothing, and for what a form's server does not show."""
        try:
            return reading.look(self._session, path)
        except NotFound:
            return None
        except (Denied, Unsupported):
            if not self._posts:
                raise
        return None

    def _arrived(self, upload: Upload, size: int) -> bool:
        """Whether all of it is there although the answer was lost (faults.md A8)."""
        try:
            there = self._shown(upload.path)
        except ProviderError:
            return False
        return there is not None and there.size == size and _changed(upload, there)

    def _found(self, upload: Upload, receipt: Receipt) -> Entry:
        for path in dict.fromkeys((receipt.at, upload.path)):
            with suppress(*_NOT_SHOWN):
                there = reading.look(self._session, path)
                if there.kind is Kind.FILE:
                    return there
        return Entry(upload.path, paths.name(upload.path), Kind.FILE)


class _Counted:
    """A body that tells how many bytes were taken of it, and whether that was all."""

    def __init__(self, body: Body) -> None:
        self.count = 0
        self.ended = False
        self._body = body

    def __iter__(self) -> Iterator[Buffer]:
        for chunk in self._body:
            self.count += memoryview(chunk).nbytes
            yield chunk
        self.ended = True


def _changed(upload: Upload, there: Entry) -> bool:
    """Whether something else stands there than what the upload began with."""
    return upload.seen is None or (there.version or "") != upload.seen


def _only_if(upload: Upload) -> dict[str, str]:
    """Many servers ignore these: one looks as well, and a moment between the two remains."""
    if upload.seen is None:
        return {"If-None-Match": "*"}
    tag = strong_etag(upload.seen)
    return {} if tag is None else {"If-Match": tag}


def _leads_to_slash(response: Response, address: str) -> bool:
    if response.status not in _MOVED:
        return False
    to = urljoin(f"{response.origin}{address}", response.headers.get("Location", ""))
    return to == f"{response.origin}{address}/"
