"""Uploads: a small file in one request, a larger one in fragments that survive a restart.

A small file is held in memory until it gets its name: then one request stores it, whole and under
the condition that was agreed on. After a crash it is sent again. A larger one goes to a session of
its own, whose commit is put off until `finish`: nobody sees the file before that.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any

from providers.base import ANY_VERSION, Body, Entry, InMemory, Kind
from providers.errors import (
    AlreadyExists,
    AuthRequired,
    ConnectionLost,
    Denied,
    InvalidName,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.onedrive import copying, fragments, journaled, naming, paths, rewriting
from providers.onedrive.held import Held
from providers.onedrive.items import Item, entry_of
from providers.onedrive.journaled import Upload, from_token
from providers.onedrive.look import Look
from providers.onedrive.naming import FAIL, REPLACE
from providers.onedrive.sending import Sending
from providers.onedrive.spots import Spot
from providers.records import replace
from providers.seal import CannotOpen, Seal
from providers.text import printable

WHOLE_MOST = 4 << 20
"""Bytes of a file that is stored by one request (every mature client; more may be refused)."""

_SAME_TIME = 2.0  # seconds that a time may differ from the one that was given: whole ones are kept


class Uploads:
    """The uploads of one provider. Thread-safe."""

    def __init__(self, look: Look, seal: Seal) -> None:
        self._look = look
        self._session = look.session
        self._seal = seal
        self._held = Held()
        self._sending = Sending(look.session)
        self._lock = threading.Lock()
        self._begun: dict[str, Upload] = {}  # by mark, in this process
        self._lost_copies: set[tuple[str, str]] = set()  # path and key: the service may make them

    def begin(
        self,
        path: str,
        size: int | None,
        *,
        key: str,
        part_size: int,
        modified: float | None,
        within: str,
    ) -> str:
        name = self._session.names.stored(_need_file(path, within))
        paths.need_storable(path, name)
        self._forget(path, key)
        folder = self._look.folder(paths.parent(path))
        if within and self._look.anchors.within_shortcut(path, within):
            what = "a shortcut to somebody's folder lies on the way there"
            raise WrongKind(path, what, advice="Go there first, and choose that folder.")
        upload = Upload(
            path=path,
            name=name,
            drive=folder.drive,
            folder=folder.id,
            size=size,
            modified=modified,
            part_size=part_size,
            mark=f"{key}-{secrets.token_hex(8)}",
            sealed="",
            personal=self._look.anchors.drive_of(self._look.spot(path), path).personal,
            replaces=False,
        )
        if size is not None and size > min(part_size, WHOLE_MOST):
            upload = self._with_session(upload)
            self._sending.begun(upload)
        with self._lock:
            self._begun[upload.mark] = upload
        return upload.token()

    def abandon(self, path: str, *, key: str) -> None:
        """What a session of another process holds ends by itself, and is nowhere to be seen."""
        self._forget(path, key)
        copying.remove_staged(self._look, path, key)

    def put_part(self, token: str, index: int, offset: int, body: Body) -> str:
        """The bytes are gathered first, where they are not in memory: how many there are must be
        known before they are sent."""
        upload = from_token(token)
        sent = body if isinstance(body, InMemory) else _gathered(body, upload, offset)
        count = len(sent.memory) if isinstance(sent, InMemory) else len(sent)
        _need_within(upload, offset + count)
        if upload.sealed:
            self._sending.send(upload, self._address(upload), offset, sent)
            return journaled.receipt(offset, offset + count)
        if index:
            what = "its size is not known, and more of it came than can be sent at once"
            raise Unsupported(upload.path, what, advice="Copy it to this computer first.")
        data = b"".join(bytes(piece) for piece in sent) if isinstance(sent, InMemory) else sent
        self._held.keep(upload.mark, bytes(data))
        return _receipt_of(bytes(data))

    def copy_into(self, token: str, source: str, version: str | None) -> Sequence[str]:
        """As `Copier.copy_into`."""
        upload = from_token(token)
        try:
            copy = copying.copied(self._look, upload, source, version)
        except (AuthRequired, ConnectionLost, Throttled):
            with self._lock:
                self._lost_copies.add((upload.path, upload.key))
            raise
        self._held.keep_copy(upload.mark, copy)
        return [journaled.receipt(0, copy.size or 0)]

    def parts(self, token: str) -> Mapping[int, str] | None:
        upload = from_token(token)
        copy = self._held.copy_of(upload.mark)
        if copy is not None:
            return {0: journaled.receipt(0, copy.size or 0)}
        if not upload.sealed:
            held = self._held.of(upload.mark)
            return {} if held is None else {0: _receipt_of(held)}
        found = fragments.received(self._session, self._address(upload), upload.path)
        return self._sending.parts(upload, found)

    def finish(
        self, token: str, receipts: Sequence[str], *, replacing: str | None, again: bool
    ) -> Entry:
        upload = from_token(token)
        made = self._finished(upload, replacing, again)
        copied = self._held.copy_of(upload.mark) is not None
        lost = self._lost_copy(upload) and not copied
        self._done(upload)
        with self._lock:
            self._lost_copies.discard((upload.path, upload.key))
        with suppress(ProviderError):  # the file has its name, whatever is left
            if copied and upload.sealed:
                fragments.cancel(self._session, self._address(upload), upload.path)
            if lost:
                copying.remove_staged(self._look, upload.path, upload.key)
        return made

    def _finished(self, upload: Upload, replacing: str | None, again: bool) -> Entry:
        waits = again and self._waits(upload)
        made = self._made(upload, replacing) if again and not waits else None
        if made is not None:
            return made
        try:
            return self._name(upload, replacing)
        except (AlreadyExists, NotFound, TargetChanged, UploadExpired) as error:
            others = waits and isinstance(error, AlreadyExists | TargetChanged)
            made = self._made(upload, replacing) if again and not others else None
            if made is None:
                raise
            return made

    def abort(self, token: str) -> None:
        upload = from_token(token)
        with self._lock:
            known = upload.mark in self._begun
        copied = self._held.copy_of(upload.mark) is not None
        self._done(upload)
        if upload.sealed:
            with suppress(UploadExpired):
                fragments.cancel(self._session, self._address(upload), upload.path)
        if copied or not known or self._lost_copy(upload):
            copying.remove_staged(self._look, upload.path, upload.key)

    def _lost_copy(self, upload: Upload) -> bool:
        """Whether the service was told to make a copy that nobody waited for."""
        with self._lock:
            return (upload.path, upload.key) in self._lost_copies

    # Naming ----------------------------------------------------------------------------------

    def _name(self, upload: Upload, replacing: str | None) -> Entry:
        with self._session.gives_name():
            conflict = FAIL if replacing is None else REPLACE
            if replacing not in (None, ANY_VERSION):
                self._need_version(upload, replacing)
            if self._held.copy_of(upload.mark) is not None:
                told = copying.named(self._look, upload, conflict)
            elif upload.sealed:
                told = self._committed(upload, conflict)
            else:
                told = self._stored(upload, conflict)
            item = self._look.read(told, upload.drive) or self._there(upload)
            _need_name(item, upload)
            return entry_of(item, upload.path)

    def _stored(self, upload: Upload, conflict: str) -> Mapping[str, Any]:
        data = self._held.of(upload.mark)
        if data is None and upload.size == 0:
            data = b""
        if data is None:
            raise UploadExpired(upload.path)
        if upload.size not in (None, len(data)):
            raise SourceChanged(upload.path, "fewer bytes came than the file had")
        if data and upload.modified is not None:
            keep = partial(self._held.keep_session, upload.mark)
            return naming.put_dated(self._session, upload, data, conflict, keep)
        told = naming.put_whole(self._session, upload, data, conflict)
        item = self._look.read(told, upload.drive)
        if item is None or upload.modified is None:
            return told
        target = copying.by_id(item)
        return naming.dated(self._session, target, upload.path, upload.modified) or told

    def _committed(self, upload: Upload, conflict: str) -> Mapping[str, Any]:
        made = self._sending.made(upload)
        if made is not None:  # the service did not put it off
            return made
        return naming.committed(self._session, upload, self._address(upload), conflict)

    def _need_version(self, upload: Upload, replacing: str | None) -> None:
        """A session changes the tag of what it is to replace, so that `If-Match` fails at the end
        (abraunegg/onedrive): it is looked at just before."""
        try:
            there = self._there(upload)
        except NotFound:
            raise TargetChanged(upload.path, "it is gone") from None
        if there.version != replacing:
            raise TargetChanged(upload.path)

    def _made(self, upload: Upload, replacing: str | None) -> Entry | None:
        """What stands there and may be what an earlier `finish` made: its caller proves it."""
        try:
            item = self._there(upload)
        except NotFound:
            return None
        old = replacing is not None and item.version == replacing
        if item.kind is not Kind.FILE or old or not _may_be(upload, item):
            return None
        return entry_of(item, upload.path)

    def _waits(self, upload: Upload) -> bool:
        """Whether a document's bytes still wait in their session, so that none of them has its
        name: of what a library changed neither size nor digest would tell."""
        if upload.personal or not rewriting.is_rewritten(upload.name):
            return False
        if self._held.copy_of(upload.mark) is not None:
            return False
        try:
            address = self._held.session_of(upload.mark)
            address = self._address(upload) if upload.sealed else address
            if not address:
                return False
            told = fragments.received(self._session, address, upload.path)
        except UploadExpired:
            return False
        # One whose name is not put off has ended when nothing more is expected.
        return bool(upload.sealed) or told.received is not None

    def _there(self, upload: Upload) -> Item:
        """What has the name in the folder that it was begun in, which may be called something else
        by now: the file goes there."""
        return self._look.at(Spot(upload.drive, upload.folder, (upload.name,)), upload.path)

    # Sessions --------------------------------------------------------------------------------

    def _with_session(self, upload: Upload) -> Upload:
        """Begun so that nothing is replaced, where nothing is in the way."""
        replaces = False
        try:
            address = naming.begun(self._session, upload, FAIL, deferred=True)
        except AlreadyExists:
            replaces = True
            address = naming.begun(self._session, upload, REPLACE, deferred=True)
        return replace(upload, sealed=self._seal.sealed(address), replaces=replaces)

    def _address(self, upload: Upload) -> str:
        try:
            return self._seal.opened(upload.sealed)
        except CannotOpen:
            what = "what it needs to go on was sealed with another key"
            raise UploadExpired(upload.path, what) from None

    def _forget(self, path: str, key: str) -> None:
        with self._lock:
            left = [one for one in self._begun.values() if (one.path, one.key) == (path, key)]
        for upload in left:
            self._done(upload)
            if upload.sealed:
                with suppress(ProviderError):
                    fragments.cancel(self._session, self._address(upload), path)

    def _done(self, upload: Upload) -> None:
        with self._lock:
            self._begun.pop(upload.mark, None)
        self._held.drop(upload.mark)
        self._sending.forget(upload)


def _need_name(item: Item, upload: Upload) -> None:
    """What stands under the name that was asked for is another file then."""
    told, asked = (paths.composed(name) for name in (item.name, paths.name(upload.path)))
    if told.casefold() != asked.casefold():
        what = f"the service says that it stored it as “{printable(item.name)}”"
        raise Denied(upload.path, what, advice="Look at both, and give it its name.")


def _may_be(upload: Upload, item: Item) -> bool:
    """Of a document that a library changed only its time is left to tell."""
    known = upload.modified is not None and item.modified is not None
    if known and abs((item.modified or 0.0) - (upload.modified or 0.0)) > _SAME_TIME:
        return False
    same = upload.size in (None, item.size)
    return same or (known and not upload.personal and rewriting.is_rewritten(upload.name))


def _need_file(path: str, within: str) -> str:
    """The name of what is to be stored. Raises WrongKind, InvalidName."""
    revision, names = paths.split(path)
    if revision or not names:
        raise WrongKind(path, "is an earlier version" if revision else "is the drive itself")
    above = paths.segments(within)
    if within and names[: len(above)] != above:
        raise InvalidName(path, "it is not in the folder that was chosen")
    return names[-1]


def _gathered(body: Body, upload: Upload, offset: int) -> bytearray:
    data = bytearray()
    for chunk in body:
        data += chunk
        _need_within(upload, offset + len(data))
    return data


def _need_within(upload: Upload, end: int) -> None:
    if upload.size is not None and end > upload.size:
        raise SourceChanged(upload.path, "more bytes came than the file had")


def _receipt_of(data: bytes) -> str:
    return sha256(data).hexdigest()
