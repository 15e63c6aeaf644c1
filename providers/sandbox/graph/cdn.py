"""The second listener: URLs that carry their own permit. An Authorization header is refused."""

from __future__ import annotations

import re

from providers.sandbox.graph import copying, facets, uploading
from providers.sandbox.graph.addresses import not_found
from providers.sandbox.graph.errors import GraphError, bad_request, not_allowed
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.pictures import PNG
from providers.sandbox.graph.sessions import LARGEST, Session
from providers.sandbox.graph.tickets import Ticket
from providers.sandbox.graph.wire import Answer, Request, json_answer
from providers.sandbox.graph.world import World

_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")


class Cdn:
    """`answer` is what the listener serves."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Answer:
        with self._world.lock:
            copying.go_on(self._world)
            try:
                return self._permitted(request)
            except GraphError as error:
                body = error.body(self._world.profile.inner_error, {})
                return json_answer(error.status, body, **error.headers)

    def _permitted(self, request: Request) -> Answer:
        if request.header("Authorization") is not None:
            raise GraphError(401, "unauthenticated", "This URL carries its own permit.")
        whole = f"{request.path}?{request.query}"
        if request.path.startswith("/upload/"):
            return self._upload(request, self._world.sessions.find(whole))
        if request.method not in ("GET", "HEAD"):
            raise not_allowed()
        if request.path.startswith("/monitor/"):
            return copying.monitor(self._world, whole)
        ticket = self._world.tickets.find(whole)
        if ticket is None:
            raise GraphError(401, "unauthenticated", "The permit of this URL has expired.")
        return self._download(request, ticket)

    def _upload(self, request: Request, session: Session) -> Answer:
        if request.method == "GET":
            return json_answer(200, self._world.sessions.status(session))
        if session.finished:
            raise GraphError(404, "itemNotFound", "The upload session was not found")
        if request.method == "PUT":
            return self._fragment(request, session)
        if request.method == "DELETE":
            self._world.sessions.end(session)
            return Answer(204)
        if request.method == "POST" and self._world.profile.business:
            if not session.complete or request.body:
                raise bad_request("The upload session cannot be committed.", "uploadSessionFailed")
            return self._committed(session)
        raise not_allowed()

    def _fragment(self, request: Request, session: Session) -> Answer:
        sessions, given = self._world.sessions, request.header("Content-Range")
        if request.length >= LARGEST:
            raise GraphError(413, "maxFragmentSizeExceeded", "The fragment is too large.")
        if request.cut:
            sessions.keep(session, given, request.body)
            return Answer(202)
        sessions.take(session, given, request.body)
        if session.complete and not session.deferred:
            return self._committed(session)
        return json_answer(202, sessions.status(session))

    def _committed(self, session: Session) -> Answer:
        drive, item, status = uploading.finish(self._world, session)
        return json_answer(status, facets.item_json(self._world, drive, item))

    def _download(self, request: Request, ticket: Ticket) -> Answer:
        item = self._world.drives[ticket.drive].items.get(ticket.item)
        if item is None:
            raise not_found()
        if item.malware:
            message = "The file is infected."
            headers = {"X-Virus-Infected": "true"}
            raise GraphError(403, "malwareDetected", message, headers=headers)
        if ticket.thumbnail:
            return Answer(200, PNG, {"Content-Type": "image/png"})
        data = _content(item, ticket)
        common = {
            "Content-Type": "application/octet-stream",
            "ETag": facets.etag(self._world, item),
        }
        wanted = _RANGE.fullmatch(request.header("Range") or "")
        if wanted is None or self._world.habits.ignore_ranges:
            return Answer(200, data, {**common, "Accept-Ranges": "bytes"})
        return _part(data, wanted, common)


def _content(item: Item, ticket: Ticket) -> bytes:
    for version in item.versions:
        if version.number == ticket.version:
            return version.data
    if ticket.version is not None:
        raise not_found()
    return item.data


def _part(data: bytes, wanted: re.Match[str], common: dict[str, str]) -> Answer:
    """RFC 9110 section 14."""
    size = len(data)
    if wanted[3] is not None:
        start, end = max(0, size - int(wanted[3])), size
    else:
        start = int(wanted[1])
        end = min(size, int(wanted[2]) + 1) if wanted[2] else size
    if start >= end:
        return Answer(416, b"", {"Content-Range": f"bytes */{size}"})
    shown = f"bytes {start}-{end - 1}/{size}"
    return Answer(206, data[start:end], {**common, "Content-Range": shown})
