"""What is removed: one object, or every key below a folder, a thousand with one request.

Only keys that were listed are ever named. One that a reader of XML could take for another is
removed on its own, by its address; so is every key that the service does not remove together with
others, or does not know how to.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Iterator, Sequence, Set
from copy import copy
from hashlib import md5
from itertools import islice

from providers.errors import Denied, ProviderError
from providers.s3 import documents, keys, look
from providers.s3.documents import Kept
from providers.s3.faults import by_code, problem
from providers.s3.session import Session
from providers.web.xml import BadXml

TOGETHER = 1000
"""Keys in one request, as DeleteObjects takes them."""

_REMOVING = "removing it"
_STANDS = "the service said that it is removed, and it is still there, or there again"
_NOT_TOGETHER = frozenset({400, 403, 404, 405, 501})
"""Refusals that may be of the request, and not of what it names."""


def tree(session: Session, path: str) -> Generator[ProviderError | None, None, None]:
    """As `TreeRemover.remove_tree`: the folder's own mark goes last.

    A service that is not Amazon is looked at again: what still stands then is an error as well.
    """
    bucket, _ = keys.split(path)
    refused: set[str] = set()
    for page in look.keys_below(session, path):
        for some in _batches(page):
            for outcome in _some(session, path, bucket, some):
                if outcome is not None:
                    refused.add(outcome.path)
                yield outcome
    if not session.certain:
        for page in look.keys_below(session, path):
            yield from _left(session, bucket, page, refused)


def one(session: Session, path: str, bucket: str, key: str) -> None:
    with session.send("DELETE", bucket, key, path=path) as answer:
        if answer.status not in {200, 204}:
            raise problem(answer, path, _REMOVING)


def _left(
    session: Session, bucket: str, page: Sequence[str], refused: Set[str]
) -> Iterator[ProviderError | None]:
    """What still stands, but for what was told before. Services with folders of their own (juicefs)
    may leave them behind, empty, where many objects were removed together: those go one by one."""
    for name in sorted(page, reverse=True):
        path = f"/{bucket}/{name}"
        if path in refused:
            continue
        if name.endswith("/"):
            yield _tried(session, path, bucket, name)
        elif _stands(session, path):
            yield Denied(path, _STANDS, advice="Look at it again, and at who else writes there.")


def _stands(session: Session, path: str) -> bool:
    """A list may be older than what it is of."""
    try:
        return look.head(session, path) is not None
    except ProviderError:
        return True


def _batches(page: Sequence[str]) -> Iterator[Sequence[str]]:
    left = iter(page)
    while some := list(islice(left, TOGETHER)):
        yield some


def _some(
    session: Session, path: str, bucket: str, names: Sequence[str]
) -> Iterator[ProviderError | None]:
    plain = [name for name in names if documents.is_plain(name)]
    alone = [name for name in names if not documents.is_plain(name)]
    kept: Sequence[Kept] | None = None
    if session.together and len(plain) > 1:
        try:
            kept = _together(session, path, bucket, plain)
        except ProviderError as error:
            yield from (_about(error, f"/{bucket}/{name}") for name in plain)
            plain, kept = [], ()
    refused = {each.key: each for each in kept or ()}
    if kept is None or not refused.keys() <= {*plain}:  # nobody knows which of them is refused
        alone += plain
    else:
        for name in plain:
            if name not in refused:
                yield None
            elif refused[name].fault.code == "AccessDenied":
                fault, where = refused[name].fault, f"/{bucket}/{name}"
                yield by_code(fault, 200, {}, where, _REMOVING, session.endpoint)
            else:
                alone.append(name)
    for name in alone:
        yield _tried(session, f"/{bucket}/{name}", bucket, name)


def _tried(session: Session, path: str, bucket: str, key: str) -> ProviderError | None:
    try:
        one(session, path, bucket, key)
    except ProviderError as error:
        return error
    return None


def _together(
    session: Session, path: str, bucket: str, names: Sequence[str]
) -> Sequence[Kept] | None:
    """What was not removed; None: the service does not do it so, and all of them may be left."""
    body = documents.delete(names)
    told = b64encode(md5(body, usedforsecurity=False).digest()).decode("ascii")
    headers = {"Content-MD5": told, "Content-Type": "application/xml"}
    with session.send(
        "POST", bucket, path=path, query={"delete": ""}, headers=headers, body=body
    ) as answer:
        if answer.status in _NOT_TOGETHER:
            session.together = session.together and answer.status not in {405, 501}
            return None
        if answer.status != 200:
            raise problem(answer, path, _REMOVING)
        try:
            return documents.kept(answer.storing())
        except BadXml:
            return None


def _about(error: ProviderError, path: str) -> ProviderError:
    """What went wrong with all of them, said of one."""
    told = copy(error)
    told.path = path
    return told
