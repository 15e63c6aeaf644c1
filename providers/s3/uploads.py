"""Uploads: one object in one request, or in parts that survive a restart.

A small file is held in memory until it gets its name: then one request stores it, whole and under
the condition that was agreed on. After a crash it is sent again. A larger one goes in parts; its
token names them to the service, which lists what it has.

Every object of ours says in its metadata which upload made it (`x-amz-meta-wharfie`): a `finish`
whose answer was lost finds its own object by that, and never takes another for it (faults.md A8).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256

from providers.base import ANY_VERSION, Body, Buffer, Entry, InMemory
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    NotFound,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Unsupported,
    UploadExpired,
)
from providers.records import replace
from providers.s3 import checksums, copying, documents, keys, look, pending
from providers.s3.bounds import (
    MOST_PARTS,
    WHOLE_MOST,
    gathered,
    need_object,
    need_room_for,
    need_those_parts,
    need_within,
    too_many,
)
from providers.s3.checksums import SHA256, WEAKER, Refused, Sums
from providers.s3.copying import Copy
from providers.s3.describing import MADE_BY, described
from providers.s3.documents import StoredPart
from providers.s3.held import Held
from providers.s3.naming import need_completed, refusal
from providers.s3.session import Session
from providers.s3.tokens import Upload, from_token, of_receipt, receipt


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
        need_object(path, within)
        self._held.drop_of(path, key)
        mark = f"{key}-{secrets.token_hex(8)}"
        if size is not None and size <= min(part_size, WHOLE_MOST):
            return Upload(path, size, modified, mark, "", sums="").token()
        pending.remove_marked(self._session, path, key)
        need_room_for(path, size, part_size)
        try:
            site = self._session.options.storing
            upload, sums = self._created(path, key, described(site, path, modified, mark))
        except NotFound as error:
            raise NotFound(path, "there is no such bucket", advice="Make it first.") from error
        return Upload(path, size, modified, mark, upload, sums).token()

    def _created(self, path: str, key: str, headers: Mapping[str, str]) -> tuple[str, Sums]:
        """The service's name of a new upload, and what checksums it takes for it."""
        sums = self._session.sums
        while True:
            try:
                upload = pending.create(self._session, path, key, headers, sums)
            except Refused:
                sums = WEAKER[sums]
                continue
            if sums != self._session.sums:
                self._session.sums = sums
            return upload, sums

    def abandon(self, path: str, *, key: str) -> None:
        self._held.drop_of(path, key)
        if not keys.is_folder(path) and not keys.is_revision(path):
            pending.remove_marked(self._session, path, key)

    def put_part(self, token: str, index: int, offset: int, body: Body) -> str:
        """The bytes are gathered first, where they are not in memory: what is signed, and how long
        it is, must be known."""
        upload = from_token(token)
        self._drop_copy(upload)
        if index >= MOST_PARTS:
            raise too_many(upload.path)
        if not upload.upload:
            data = gathered(body, upload, offset)
            self._held.keep(upload.path, upload.mark, bytes(data))
            return checksums.checksum(SHA256, data)
        if isinstance(body, InMemory):
            need_within(upload, offset + len(body.memory))
        sent = body if isinstance(body, InMemory) else gathered(body, upload, offset)
        return receipt(self._put(upload, index + 1, sent), upload.sums)

    def _put(self, upload: Upload, number: int, sent: Buffer | InMemory) -> StoredPart:
        """Once more where it may be refused for its checksum, and then without: what is refused
        then as well is refused for something else."""
        session = self._session
        for _ in range(2):
            with suppress(Refused):
                return pending.put(
                    session, upload.path, upload.upload, number, sent, sums=upload.sums
                )
        pending.put(session, upload.path, upload.upload, number, sent, sums="")
        session.gives_up_sums(upload.sums)
        raise UploadExpired(upload.path, "the service refuses the checksums of its parts")

    def copy_into(self, token: str, source: str, version: str | None) -> Sequence[str]:
        """As `Copier.copy_into`."""
        upload = from_token(token)
        if not upload.upload:
            copying.need_nothing_to_lose(self._session, source, upload.path)
        copy = copying.prepared(
            self._session,
            source,
            version=version,
            size=upload.size,
            modified=upload.modified,
            mark=upload.mark,
        )
        if upload.upload:
            copy = copying.in_parts(self._session, copy, upload.path, upload.key)
        self._held.keep_copy(upload.path, upload.mark, copy)
        return [receipt(part, "") for part in copy.parts]

    def parts(self, token: str) -> Mapping[int, str] | None:
        upload, copy = self._with_copy(from_token(token))
        if not upload.upload:
            held = self._held.of(upload.mark)
            return {} if held is None else {0: checksums.checksum(SHA256, held)}
        found = pending.parts(self._session, upload.path, upload.upload)
        if copy is not None:
            at = {part.number: place for place, part in enumerate(copy.parts)}
            return {at[each.number]: receipt(each, "") for each in found if each.number in at}
        sent = (part for part in found if not pending.may_be_mark(part, upload.key))
        return {part.number - 1: receipt(part, upload.sums) for part in sent}

    def finish(
        self, token: str, receipts: Sequence[str], *, replacing: str | None, again: bool
    ) -> Entry:
        begun = from_token(token)
        upload, _ = self._with_copy(begun)
        made = self._made_before(upload, receipts, replacing) if again else None
        try:
            made = made or self._name(upload, receipts, replacing)
        except (AlreadyExists, TargetChanged, UploadExpired):
            made = self._made_meanwhile(upload, receipts) if again else None
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
            pending.remove_marked(self._session, upload.path, upload.key)  # a copy, after a restart

    def _drop_copy(self, upload: Upload) -> None:
        copy = self._held.copy_of(upload.mark)
        if copy is None:
            return
        if copy.upload:
            pending.abort(self._session, upload.path, copy.upload)
        self._held.drop(upload.mark)

    def _with_copy(self, upload: Upload) -> tuple[Upload, Copy | None]:
        """As it is finished: a copy in parts has an upload of its own, without checksums."""
        copy = self._held.copy_of(upload.mark)
        if copy is None or not copy.upload:
            return upload, copy
        return replace(upload, upload=copy.upload, sums=""), copy

    # Naming ----------------------------------------------------------------------------------

    def _name(self, upload: Upload, receipts: Sequence[str], replacing: str | None) -> Entry:
        copy = self._held.copy_of(upload.mark)
        if copy is not None or not self._session.certain:
            self._need_agreed(upload.path, replacing)
        made: Entry | None = None
        with self._session.gives_name():
            if upload.upload:
                self._complete(upload, receipts, replacing)
            elif copy is not None:
                self._copy(upload, copy, replacing)
            else:
                made = self._store(upload, receipts, replacing)
        if made is None:
            made, _ = self._made(upload, receipts)
        if made is None:
            raise ConnectionLost(
                upload.path, "the service stored it, and shows another object or none there"
            )
        return made

    def _made_before(
        self, upload: Upload, receipts: Sequence[str], replacing: str | None
    ) -> Entry | None:
        """What an earlier `finish` made. While our bytes still wait for their name, an object
        without a mark is somebody else's, and so is the version that is to be replaced."""
        entry, marked = self._made(upload, receipts)
        if entry is None or marked:
            return entry
        return None if entry.version == replacing or self._waits(upload) else entry

    def _made_meanwhile(self, upload: Upload, receipts: Sequence[str]) -> Entry | None:
        """What an earlier request made that arrived after it had been looked for."""
        entry, marked = self._made(upload, receipts)
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

    def _made(self, upload: Upload, receipts: Sequence[str]) -> tuple[Entry | None, bool]:
        """What stands there, when this very upload made it, and whether it says so. Raises
        Doubtful.

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
            if marked:
                need_those_parts(upload, receipts, told)
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

    def _store(
        self, upload: Upload, receipts: Sequence[str], replacing: str | None
    ) -> Entry | None:
        """What it is by now, where the service says in its answer which bytes it has."""
        data = self._held.of(upload.mark)
        if data is None and upload.size == 0 and not receipts:
            data = b""
        if data is None:
            raise UploadExpired(upload.path)
        if len(data) != upload.size:
            raise SourceChanged(upload.path, "fewer bytes came than the file had")
        site = self._session.options.storing
        headers = described(site, upload.path, upload.modified, upload.mark)
        headers[look.WRITTEN] = sha256(data).hexdigest()
        checksum = checksums.headers_for(SHA256, checksums.checksum(SHA256, data))
        bucket, key = keys.split(upload.path)
        sums = self._session.sums
        while True:
            conditions = self._conditions(replacing)
            sent = headers | conditions | (checksum if sums else {})
            with self._session.send(
                "PUT", bucket, key, path=upload.path, headers=sent, body=data
            ) as answer:
                if answer.status == 200:
                    self._session.sums = sums and self._session.sums
                    return (
                        None
                        if sums
                        else look.stored(answer.headers, upload.path, data, upload.modified)
                    )
                # Checksums go first: without conditions somebody else's file is less safe.
                if sums and checksums.refused(answer):
                    sums = ""
                elif not conditions or not self._session.gives_up_conditions(answer):
                    raise refusal(answer, upload.path, replacing)
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
                    if not sent or not self._session.gives_up_conditions(answer):
                        told = copying.refused(self._session, answer, copy)
                        raise told or refusal(answer, upload.path, replacing)
            except ConnectionLost:
                if self._made_meanwhile(upload, ()) is None:
                    raise
                break
            self._need_agreed(upload.path, replacing)
        copying.need_same_source(self._session, copy)

    def _complete(self, upload: Upload, receipts: Sequence[str], replacing: str | None) -> None:
        copy = self._held.copy_of(upload.mark)
        numbered = [(i + 1, *of_receipt(each)) for i, each in enumerate(receipts)]
        if copy is not None:
            numbered = [(part.number, part.etag, "") for part in copy.parts]
        if not numbered:
            raise UploadExpired(upload.path, "the unfinished upload has no parts")
        sums = upload.sums
        bucket, key = keys.split(upload.path)
        query = {"uploadId": upload.upload}
        while True:
            conditions = self._conditions(replacing)
            sent = conditions | checksums.completing(sums)
            body = documents.complete(numbered, sums)
            with self._session.send(
                "POST", bucket, key, path=upload.path, query=query, headers=sent, body=body
            ) as answer:
                if answer.status == 200:
                    need_completed(answer, upload.path)
                    if sums != upload.sums:
                        self._session.gives_up_sums(upload.sums)
                    return
                # Checksums go first here too: each part has been looked at by its own.
                if sums and checksums.refused(answer):
                    sums = ""
                elif not conditions or not self._session.gives_up_conditions(answer):
                    raise refusal(answer, upload.path, replacing)
            self._need_agreed(upload.path, replacing)
