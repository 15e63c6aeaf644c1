"""An upload session: fragments in order, to an address that carries its own permit.

What the service says that it expects next is the truth, whatever was sent (faults.md C16).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from providers.base import Body
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    ProviderError,
    TargetChanged,
    UploadExpired,
)
from providers.onedrive import faults
from providers.onedrive.answers import Answer
from providers.onedrive.graph import Sent, Session
from providers.records import dataclass

MULTIPLE = 327_680
"""Bytes: every fragment but the last is a multiple of it (driveitem-createuploadsession)."""

LARGEST = 191 * MULTIPLE
"""Bytes of a fragment: below 60 MiB."""

HEARD = 5.0
"""Seconds after which every host knows of a new session (rclone waits as long)."""

_RANGE = re.compile(r"(\d{1,19})-(\d{1,19})?")
_ENDED = frozenset({401, 403, 404, 410})
"""The session has ended, or its permit has, which nobody can renew."""


class Overlapping(Exception):
    """It holds more or less than was thought: it says how much when it is asked."""


class Missing(UploadExpired):
    """The host knows of no such session: it has ended, or is so new that not every host has heard
    of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """`received`: bytes from the start; None: all of them. `item`: the file, when it was made."""

    received: int | None
    item: Mapping[str, Any] | None = None


def received(session: Session, address: str, path: str) -> Told:
    """How much the service has. Raises UploadExpired."""
    with session.ask_elsewhere("GET", address, path=path) as answer:
        if answer.status != 200:
            raise _expired(answer, path) or faults.problem(answer, path, "asking how far it is")
        return _told(answer.json(), path)


def put(
    session: Session, address: str, path: str, start: int, total: int, body: Body, length: int
) -> Told:
    """Send `length` bytes, at least one, that begin at `start` of `total`.

    Raises Overlapping, UploadExpired, AlreadyExists, TargetChanged, NoSpace.
    """
    headers = {
        "Content-Range": f"bytes {start}-{start + length - 1}/{total}",
        "Content-Type": "application/octet-stream",
    }
    with session.ask_elsewhere(
        "PUT", address, path=path, headers=headers, sent=Sent(body, length)
    ) as answer:
        if answer.status in {200, 201}:
            return Told(None, answer.json())
        if answer.status == 202:
            return _told(answer.json(), path)
        if answer.status == 416:
            raise Overlapping
        raise _refusal(answer, path, "storing a part of it")


def committed(session: Session, address: str, path: str) -> Mapping[str, Any]:
    """Make the file of all that came: its item. Raises as `put`."""
    with session.ask_elsewhere("POST", address, path=path, sent=Sent(b"")) as answer:
        if answer.status in {200, 201}:
            return answer.json()
        raise _refusal(answer, path, "giving it its name")


def cancel(session: Session, address: str, path: str) -> None:
    """Nothing there is success."""
    with session.ask_elsewhere("DELETE", address, path=path) as answer:
        if answer.status not in {200, 204} and _expired(answer, path) is None:
            raise faults.problem(answer, path, "removing its unfinished bytes")


def _refusal(answer: Answer, path: str, doing: str) -> ProviderError:
    expired = _expired(answer, path)
    if expired is not None:
        return expired
    if answer.status == 409:
        return AlreadyExists(path)
    if answer.status == 412:
        return TargetChanged(path)
    if answer.status == 400 and "uploadsessionfailed" in _codes(answer):
        return UploadExpired(path, "the service could not put together what it was sent")
    return faults.problem(answer, path, doing)


def _expired(answer: Answer, path: str) -> UploadExpired | None:
    if answer.status not in _ENDED:
        return None
    if answer.status == 404:
        return Missing(path)
    return UploadExpired(path, "the permit of the unfinished upload has ended")


def _codes(answer: Answer) -> set[str]:
    return {code.casefold() for code in answer.fault.codes}


def _told(status: Mapping[str, Any], path: str) -> Told:
    """The first range that is expected says how far it is; others may follow."""
    if "nextExpectedRanges" not in status and "id" in status:
        return Told(None, status)
    ranges = status.get("nextExpectedRanges")
    if ranges == []:
        return Told(None)
    first = ranges[0] if isinstance(ranges, list) else None
    match = _RANGE.fullmatch(first.strip()) if isinstance(first, str) else None
    if match is None:
        raise ConnectionLost(path, "the service does not say which bytes it expects next")
    return Told(int(match[1]))
