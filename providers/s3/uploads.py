"""Uploads: one object in one request, or in parts that survive a restart.

A small file is held in memory until it gets its name: then one request stores it, whole and under
the condition that was agreed on. After a crash it is sent again. A larger one goes in parts; its
token names them to the service, which lists what it has.

Every object of ours says in its metadata which upload made it (`x-amz-meta-wharfie`): a `finish`
whose answer was lost finds its own object by that, and never takes another for it (faults.md A8).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from providers.base import ANY_VERSION, Body, Entry
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    InvalidName,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from providers.s3 import copying, documents, keys, look, pending
from providers.s3.copying import Copy
from providers.s3.describing import MADE_BY, described
from providers.s3.documents import StoredPart
from providers.s3.faults import by_code, problem
from providers.s3.held import Held
from providers.s3.session import Answer, Session
from providers.web.xml import BadXml

WHOLE_MOST = 8 << 20
"""Bytes of a file that is stored by one request."""

_STORING = "storing it"


@dataclass(frozen=True, slots=True)
class Upload:
    """What a token holds. `upload`: the service's name of it; "" for what goes in one request."""

    path: str
    size: int | None
    modified: float | None
    mark: str  # what its object says it was made by
    upload: str
    sums: bool  # each part has a checksum

    def token(self) -> str:
        return json.dumps(asdict(self))


def from_token(token: str) -> Upload:
    """Raises UploadExpired for a token of another version of Wharfie."""
    try:
        return Upload(**json.loads(token))
    except (TypeError, ValueError) as error:
        raise UploadExpired("", "the note of the unfinished upload cannot be read") from error


class Uploads:
    """The uploads of one service. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held = Held()

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
        _need_object(path, within)
        self._held.drop_of(path, key)
        mark = f"{key}-{secrets.token_hex(8)}"
        if size is not None and size <= min(part_size, WHOLE_MOST):
            return Upload(path, size, modified, mark, "", sums=False).token()
        pending.remove_marked(self._session, path, key)
        sums = self._session.sums
        headers = described(self._session.options.storing, path, modified, mark)
        if sums:
            headers["x-amz-checksum-algorithm"] = "SHA256"
        try:
            upload = pending.create(self._session, path, key, headers)
        except NotFound as error:
            raise NotFound(path, "there is no such bucket", advice="Make it first.") from error
        return Upload(path, size, modified, mark, upload, sums).token()

    def abandon(self, path: str, *, key: str) -> None:
        self._held.drop_of(path, key)
        if not keys.is_folder(path):
            pending.remove_marked(self._session, path, key)

    def put_part(self, token: str, index: int, body: Body) -> str:
        """The bytes are gathered first: what is signed, and how long it is, must be known."""
        upload = from_token(token)
        self._drop_copy(upload)
        data = bytearray()
        for chunk in body:
            data += chunk
            if not upload.upload and len(data) > (upload.size or 0):
                raise SourceChanged(upload.path, "more bytes came than the file had")
        if not upload.upload:
            self._held.keep(upload.path, upload.mark, bytes(data))
            return pending.checksum(data)
        part = pending.put(
            self._session, upload.path, upload.upload, index + 1, data, sums=upload.sums
        )
        return _receipt(part)

    def copy_into(self, token: str, source: str, version: str | None) -> Sequence[str]:
        """As `Copier.copy_into`."""
        upload = from_token(token)
        copy = copying.prepared(
            self._session,
            source,
            version=version,
            size=upload.size,
            modified=upload.modified,
            mark=upload.mark,
        )
        if upload.upload:
            key = upload.mark.partition("-")[0]
            copy = copying.in_parts(self._session, copy, upload.path, key)
        self._held.keep_copy(upload.path, upload.mark, copy)
        return [_receipt(part) for part in copy.parts]

    def parts(self, token: str) -> Mapping[int, str] | None:
        upload = self._with_copy(from_token(token))
        if not upload.upload:
            held = self._held.of(upload.mark)
            return {} if held is None else {0: pending.checksum(held)}
        found = pending.parts(self._session, upload.path, upload.upload)
        copy = self._held.copy_of(upload.mark)
        if copy is not None:
            places = {part.number: place for place, part in enumerate(copy.parts)}
            return {places[part.number]: _receipt(part) for part in found if part.number in places}
        key = upload.mark.partition("-")[0]
        sent = (part for part in found if not pending.may_be_mark(part, key))
        return {part.number - 1: _receipt(part) for part in sent}

    def finish(
        self, token: str, receipts: Sequence[str], *, replacing: str | None, again: bool
    ) -> Entry:
        begun = from_token(token)
        upload = self._with_copy(begun)
        made = self._made_before(upload, replacing) if again else None
        try:
            made = made or self._name(upload, receipts, replacing)
        except (AlreadyExists, TargetChanged, UploadExpired):
            made = self._made_meanwhile(upload) if again else None
            if made is None:
                raise
        self._held.drop(upload.mark)
        if begun.upload != upload.upload:
            with suppress(ProviderError):  # it holds a mark only, and the copy has its name
                pending.abort(self._session, begun.path, begun.upload)
        return made

    def abort(self, token: str) -> None:
        upload = from_token(token)
        self._drop_copy(upload)
        self._held.drop(upload.mark)
        if upload.upload:
            pending.abort(self._session, upload.path, upload.upload)
            key = upload.mark.partition("-")[0]
            pending.remove_marked(self._session, upload.path, key)  # of a copy before a restart

    def _drop_copy(self, upload: Upload) -> None:
        copy = self._held.copy_of(upload.mark)
        if copy is None:
            return
        if copy.upload:
            pending.abort(self._session, upload.path, copy.upload)
        self._held.drop(upload.mark)

    def _with_copy(self, upload: Upload) -> Upload:
        """As it is finished: a copy in parts has an upload of its own."""
        copy = self._held.copy_of(upload.mark)
        if copy is None or not copy.upload:
            return upload
        return replace(upload, upload=copy.upload, sums=False)

    # Naming ----------------------------------------------------------------------------------

    def _name(self, upload: Upload, receipts: Sequence[str], replacing: str | None) -> Entry:
        copy = self._held.copy_of(upload.mark)
        if copy is not None or not self._session.certain:
            self._need_agreed(upload.path, replacing)
        with self._session.gives_name():
            if upload.upload:
                self._complete(upload, receipts, replacing)
            elif copy is not None:
                self._copy(upload, copy, replacing)
            else:
                self._store(upload, receipts, replacing)
        made, _ = self._made(upload)
        if made is None:
            raise ConnectionLost(
                upload.path, "the service stored it, and shows another object or none there"
            )
        return made

    def _made_before(self, upload: Upload, replacing: str | None) -> Entry | None:
        """What an earlier `finish` made. While our bytes still wait for their name, an object
        without a mark is somebody else's, and so is the version that is to be replaced."""
        entry, marked = self._made(upload)
        if entry is None or marked:
            return entry
        return None if entry.version == replacing or self._waits(upload) else entry

    def _made_meanwhile(self, upload: Upload) -> Entry | None:
        """What an earlier request made that arrived after it had been looked for."""
        entry, marked = self._made(upload)
        return entry if marked else None

    def _waits(self, upload: Upload) -> bool:
        """Whether its bytes wait for their name, as far as anybody may know."""
        if not upload.upload:
            return self._held.has(upload.mark)
        try:
            next(pending.parts(self._session, upload.path, upload.upload), None)
        except UploadExpired:
            return False
        except (Denied, Unsupported):
            return True
        return True

    def _made(self, upload: Upload) -> tuple[Entry | None, bool]:
        """What stands there, when this very upload made it, and whether it says so.

        Some gateways keep nothing with an object, and change its ETag: there it is one of the same
        size, which may be it.
        """
        told = look.headers_of(self._session, upload.path)
        if told is None:
            return None, False
        entry = look.entry_of(self._session, told, upload.path)
        made_by = told.get(MADE_BY)
        if made_by is not None or self._session.certain:
            marked = made_by == upload.mark
            return entry if marked else None, marked
        return entry if upload.size in {None, entry.size} else None, False

    def _need_agreed(self, path: str, replacing: str | None) -> None:
        """Raise AlreadyExists, TargetChanged for what must not be replaced.

        Amazon decides it itself, together with the naming; others may ignore the condition, and
        that of a copy was heeded nowhere before October 2025.
        """
        if replacing == ANY_VERSION:
            return
        there = look.head(self._session, path)
        if replacing is None and there is not None:
            raise AlreadyExists(path)
        if replacing is not None and (there is None or there.version != replacing):
            raise TargetChanged(path)

    def _conditions(self, replacing: str | None) -> dict[str, str]:
        if replacing == ANY_VERSION or not self._session.conditional:
            return {}
        return {"If-None-Match": "*"} if replacing is None else {"If-Match": replacing}

    def _store(self, upload: Upload, receipts: Sequence[str], replacing: str | None) -> None:
        data = self._held.of(upload.mark)
        if data is None and upload.size == 0 and not receipts:
            data = b""
        if data is None:
            raise UploadExpired(upload.path)
        if len(data) != upload.size:
            raise SourceChanged(upload.path, "fewer bytes came than the file had")
        site = self._session.options.storing
        headers = described(site, upload.path, upload.modified, upload.mark)
        bucket, key = keys.split(upload.path)
        while True:
            sums, conditions = self._session.sums, self._conditions(replacing)
            more = pending.checksum_headers(pending.checksum(data)) if sums else {}
            sent = headers | conditions | more
            with self._session.send(
                "PUT", bucket, key, path=upload.path, headers=sent, body=data
            ) as answer:
                if answer.status == 200:
                    return
                if not self._without(answer, conditions, sums):
                    raise _refusal(answer, upload.path, replacing)
            self._need_agreed(upload.path, replacing)

    def _copy(self, upload: Upload, copy: Copy, replacing: str | None) -> None:
        """One request. Whether one whose answer was lost was heeded shows by the object's mark."""
        headers = copying.headers_of(self._session, copy)
        bucket, key = keys.split(upload.path)
        while True:
            sent = self._conditions(replacing)
            try:
                with self._session.send(
                    "PUT", bucket, key, path=upload.path, headers=headers | sent, body=b""
                ) as answer:
                    if answer.status == 200:
                        copying.need_copied(self._session, answer, upload.path)
                        break
                    if not self._without(answer, sent, sums=False):
                        told = copying.refused(self._session, answer, copy)
                        raise told or _refusal(answer, upload.path, replacing)
            except ConnectionLost:
                if self._made_meanwhile(upload) is None:
                    raise
                break
            self._need_agreed(upload.path, replacing)
        copying.need_same_source(self._session, copy)

    def _complete(self, upload: Upload, receipts: Sequence[str], replacing: str | None) -> None:
        copy = self._held.copy_of(upload.mark)
        numbered = [(i + 1, *_of_receipt(each)) for i, each in enumerate(receipts)]
        if copy is not None:
            numbered = [(part.number, part.etag, part.sha256) for part in copy.parts]
        if not numbered:
            raise UploadExpired(upload.path, "the unfinished upload has no parts")
        body = documents.complete(numbered)
        bucket, key = keys.split(upload.path)
        query = {"uploadId": upload.upload}
        while True:
            sent = self._conditions(replacing)
            with self._session.send(
                "POST", bucket, key, path=upload.path, query=query, headers=sent, body=body
            ) as answer:
                if answer.status == 200:
                    return _need_completed(answer, upload.path)
                if not self._without(answer, sent, sums=False):
                    raise _refusal(answer, upload.path, replacing)
            self._need_agreed(upload.path, replacing)

    def _without(self, answer: Answer, conditions: Mapping[str, str], sums: bool) -> bool:
        """Whether it may be sent again with less that this service may not know: its checksums
        first, for without conditions somebody else's file is less safe."""
        if sums and pending.refuses_checksums(answer):
            self._session.sums = False
            return True
        return bool(conditions) and self._session.gives_up_conditions(answer)


def _need_object(path: str, within: str) -> None:
    bucket, key = keys.split(path)
    if not key:
        raise WrongKind(path, "is a bucket, or where buckets are" if bucket else "holds buckets")
    if keys.is_folder(path):
        raise WrongKind(path, "is a folder")
    chosen, prefix = keys.prefix_of(within)
    if within and chosen and not (chosen == bucket and key.startswith(prefix)):
        raise InvalidName(path, "it is not in the folder that was chosen")


def _need_completed(answer: Answer, path: str) -> None:
    try:
        fault = documents.completed(answer.storing())
    except BadXml as error:
        raise ConnectionLost(path, f"the service's answer cannot be read: {error}") from error
    if fault is not None:
        raise _named(by_code(fault, 200, answer.headers, path, _STORING, answer.endpoint))


def _refusal(answer: Answer, path: str, replacing: str | None) -> ProviderError:
    if answer.status == 412:
        return AlreadyExists(path) if replacing is None else TargetChanged(path)
    if answer.status == 404 and answer.fault.code == "NoSuchKey" and replacing is not None:
        return TargetChanged(path)
    return pending.expired(answer, path) or _named(problem(answer, path, _STORING))


def _named(error: ProviderError) -> ProviderError:
    """Parts that the service does not take together: it has others than those it acknowledged."""
    if "InvalidPart" in error.what:
        return UploadExpired(error.path, "the service no longer has the parts that were sent")
    return error


def _receipt(part: StoredPart) -> str:
    return f"{part.etag} {part.sha256}".strip()


def _of_receipt(text: str) -> tuple[str, str]:
    etag, _, sha256 = text.partition(" ")
    return etag, sha256
