"""Upload sessions: which fragment is taken, and what is said to one that is not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from providers.records import dataclass, field
from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.habits import Habits
from providers.sandbox.graph.ids import Ids
from providers.sandbox.graph.profiles import Profile

MULTIPLE = 327_680  # bytes: every fragment but the last must be a multiple of this
LARGEST = 60 << 20  # bytes: a fragment must be smaller
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(slots=True)
class Session:
    """`item` is what it replaces. `permit_ends`: its URL is of no more use from then on."""

    path: str
    drive: str
    parent: str
    name: str
    item: str | None
    conflict: str
    expires: datetime
    permit_ends: datetime
    if_match: str | None = None
    created_there: datetime | None = None
    modified_there: datetime | None = None
    deferred: bool = False
    finished: bool = False
    total: int | None = None
    misaligned: bool = False
    data: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def complete(self) -> bool:
        return self.total is not None and len(self.data) == self.total


class Sessions:
    """By the exact path and query of the upload URL."""

    def __init__(self, profile: Profile, ids: Ids, clock: Clock, habits: Habits) -> None:
        self._habits = habits
        self._profile = profile
        self._ids = ids
        self._clock = clock
        self._open: dict[str, Session] = {}

    def begin(self, drive: str, parent: str, name: str, item: str | None, conflict: str) -> Session:
        permit = f"v1.{self._ids.safe(36)}"
        path = f"/upload/{self._ids.guid()}?guid='{self._ids.guid()}'&tempauth={permit}"
        now = self._clock.now()
        permit_ends = now + timedelta(seconds=self._profile.permit_seconds)
        session = Session(path, drive, parent, name, item, conflict, now, permit_ends)
        self._open[path] = session
        self.prolong(session)
        return session

    def prolong(self, session: Session) -> None:
        session.expires = self._clock.now() + timedelta(seconds=self._profile.session_seconds)

    def find(self, path: str) -> Session:
        """Raises GraphError: 404 when it is gone, 401 when its permit has ended."""
        session = self._open.get(path)
        if session is None or session.expires <= self._clock.now():
            self._open.pop(path, None)
            message = "The upload session was not found"
            raise GraphError(404, "itemNotFound", message, "uploadSessionNotFound")
        if session.permit_ends <= self._clock.now():
            message = "The access token has expired. It's valid from a moment that has passed."
            raise GraphError(401, "unauthenticated", message, "expiredToken")
        return session

    def end(self, session: Session) -> None:
        self._open.pop(session.path, None)

    def expire_all(self) -> None:
        self._open.clear()

    def kill_all(self) -> None:
        for session in self._open.values():
            session.permit_ends = self._clock.now()

    @property
    def open(self) -> tuple[Session, ...]:
        return tuple(one for one in self._open.values() if not one.finished)

    def status(self, session: Session) -> dict[str, Any]:
        """What is expected next."""
        start = len(session.data)
        wanted = [f"{start}-"]
        if session.complete:
            wanted = []
        elif self._habits.closed_ranges and session.total is not None:
            wanted = [f"{start}-{session.total - 1}"]
        return {"expirationDateTime": self.expiry(session), "nextExpectedRanges": wanted}

    def expiry(self, session: Session) -> str:
        """Personal writes it with a fraction and an offset (onedrive-api-docs #75)."""
        moment = session.expires
        if self._profile.business:
            return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")

    def take(self, session: Session, content_range: str | None, data: bytes) -> None:
        """Add a fragment. Raises GraphError; then nothing is added."""
        start, end, total = _parsed(content_range)
        if end - start + 1 != len(data):
            message = "The Content-Range header length does not match the provided number of bytes."
            raise bad_request(message)
        if session.total not in (None, total):
            message = (
                f"The current upload session is for {session.total} total bytes, "
                f"but the current fragment declares a total of {total}."
            )
            raise bad_request(message, "fragmentLengthMismatch")
        _check_order(len(session.data), start)
        session.total = total
        session.data += data
        if not session.complete and len(data) % MULTIPLE:
            session.misaligned = True
        self.prolong(session)

    def keep(self, session: Session, content_range: str | None, data: bytes) -> None:
        """Add the beginning of a fragment that was cut off (met on onedrive-api-docs #75)."""
        start, _, total = _parsed(content_range)
        _check_order(len(session.data), start)
        session.total = total
        session.data += data


def _parsed(content_range: str | None) -> tuple[int, int, int]:
    match = _RANGE.fullmatch(content_range or "")
    if match is None:
        raise bad_request("The Content-Range header is missing or malformed.")
    start, end, total = int(match[1]), int(match[2]), int(match[3])
    if not start <= end < total:
        raise bad_request("The Content-Range header is missing or malformed.")
    return start, end, total


def _check_order(received: int, start: int) -> None:
    if start < received:
        message = "Uploaded fragment overlaps with existing data."
        raise GraphError(416, "invalidRange", message, "fragmentOverlap")
    if start > received:
        message = "Uploaded fragment is out of order."
        raise GraphError(416, "invalidRange", message, "fragmentOutOfOrder")
