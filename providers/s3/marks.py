"""Marks of folders: empty objects whose keys end in a slash."""

from __future__ import annotations

from collections.abc import Mapping

from providers.errors import AlreadyExists, NotFound
from providers.s3 import checksums, keys
from providers.s3.checksums import SHA256
from providers.s3.describing import MADE_BY
from providers.s3.faults import problem
from providers.s3.session import Answer, Session


def put(session: Session, path: str, mark: str, conditions: Mapping[str, str]) -> bool:
    """Whether the folder at `path` has one; False where the service knows no conditions. `mark`
    tells it from others.

    It goes with a checksum where files do: a bucket that locks what is stored takes none without.
    """
    if conditions and not session.conditional:
        return False
    bucket, prefix = keys.prefix_of(path)
    headers = {MADE_BY: mark, **session.options.storing.access(), **conditions}
    checksum = checksums.headers_for(SHA256, checksums.checksum(SHA256, b""))
    sums = bool(session.sums)
    while True:
        sent = headers | (checksum if sums else {})
        with session.send("PUT", bucket, prefix, path=path, headers=sent, body=b"") as answer:
            if not sums or not checksums.refused(answer):
                return _is_put(session, answer, path, conditions)
        sums = False


def _is_put(session: Session, answer: Answer, path: str, conditions: Mapping[str, str]) -> bool:
    if answer.status == 412:
        raise AlreadyExists(path)
    if answer.status == 404:
        raise NotFound(path, "there is no such bucket", advice="Check its name.")
    if conditions and session.gives_up_conditions(answer):
        return False
    if answer.status != 200:
        raise problem(answer, path, "making a folder")
    return True
