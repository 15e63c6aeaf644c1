"""The first listener: Graph under /v1.0, everything else is the login server's."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from providers.sandbox.graph import (
    changing,
    copying,
    facets,
    pictures,
    places,
    reading,
    sharing,
    uploading,
    versions,
)
from providers.sandbox.graph.addresses import Target, denied, find_drive, find_target
from providers.sandbox.graph.call import Call
from providers.sandbox.graph.clock import stamp
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import GraphError, bad_request, not_allowed
from providers.sandbox.graph.wire import Answer, App, Request, json_answer
from providers.sandbox.graph.world import World

VERSION = "/v1.0/"
_WRITES = ("Files.ReadWrite", "Files.ReadWrite.All", "Sites.ReadWrite.All")

Handler = Callable[[Call, Target, re.Match[str]], Answer]


def _plain(handler: Callable[[Call, Target], Answer]) -> Handler:
    return lambda call, target, match: handler(call, target)


def _numbered(handler: Callable[[Call, Target, str], Answer]) -> Handler:
    return lambda call, target, match: handler(call, target, unquote(match[1]))


_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "", _plain(reading.get_item)),
    ("PATCH", "", _plain(changing.patch)),
    ("DELETE", "", _plain(changing.delete)),
    ("PUT", "", _plain(uploading.commit_from_session)),
    ("GET", "children", _plain(reading.list_children)),
    ("POST", "children", _plain(changing.make_folder)),
    ("GET", "content", _plain(reading.get_content)),
    ("PUT", "content", _plain(uploading.put_content)),
    ("POST", "createUploadSession", _plain(uploading.create_session)),
    ("POST", "copy", _plain(copying.copy)),
    ("POST", "createLink", _plain(sharing.create_link)),
    ("POST", "permanentDelete", _plain(changing.permanent_delete)),
    ("GET", "permissions", _plain(sharing.list_permissions)),
    ("DELETE", r"permissions/([^/]+)", _numbered(sharing.remove_permission)),
    ("GET", "versions", _plain(versions.list_all)),
    ("GET", r"versions/([^/]+)", _numbered(versions.get_one)),
    ("DELETE", r"versions/([^/]+)", _numbered(versions.remove)),
    ("GET", r"versions/([^/]+)/content", _numbered(versions.get_content)),
    ("POST", r"versions/([^/]+)/restoreVersion", _numbered(versions.restore)),
    ("GET", "thumbnails", _plain(pictures.list_sets)),
    (
        "GET",
        r"thumbnails/([^/]+)/([^/]+)(/content)?",
        lambda call, target, match: pictures.get_one(
            call, target, match[1], match[2], content=match[3] is not None
        ),
    ),
    (
        "GET",
        r"delta(?:\((?:token='([^']*)')?\))?",
        lambda call, target, match: reading.delta(call, target, match[1]),
    ),
    (
        "GET",
        r"search\(.*\)",
        lambda call, target, match: reading.search(call, target.drive, match[0]),
    ),
)


class Graph:
    """`answer` is what the listener serves. `login` answers outside of Graph."""

    def __init__(self, world: World, login: App) -> None:
        self._world = world
        self._login = login

    def answer(self, request: Request) -> Answer:
        with self._world.lock:
            if not request.path.startswith(VERSION):
                return self._login(request)
            copying.go_on(self._world)
            try:
                return self._authorised(request)
            except GraphError as error:
                return self._refusal(request, error)

    def _authorised(self, request: Request) -> Answer:
        world = self._world
        token = world.tokens.check(request.header("Authorization"))
        told = world.throttle.check(app_only=token.app_only)
        if request.method != "GET" and not token.may(*_WRITES):
            raise denied()
        answer = self._found(Call(world, request, token), request.path.removeprefix(VERSION))
        return Answer(answer.status, answer.body, {**answer.headers, **told})

    def _found(self, call: Call, path: str) -> Answer:
        found = find_drive(call.world, call.token, path)
        if found is None:
            if call.request.method != "GET":
                raise not_allowed()
            return places.find(call, path)
        drive, rest = found
        if call.request.method == "GET" and (answer := _of_drive(call, drive, rest)) is not None:
            return answer
        try:
            target = find_target(call.world, drive, rest)
        except UnicodeDecodeError:
            raise bad_request("The path is not UTF-8.") from None
        return _routed(call, target)

    def _refusal(self, request: Request, error: GraphError) -> Answer:
        stamps = {
            "date": stamp(self._world.clock.now()).removesuffix("Z"),
            "request-id": request.request_id,
            "client-request-id": request.client_request_id,
        }
        body = error.body(self._world.profile.inner_error, stamps)
        answer = json_answer(error.status, body)
        return Answer(answer.status, answer.body, {**answer.headers, **error.headers})


def _of_drive(call: Call, drive: Drive, rest: str) -> Answer | None:
    if not rest:
        return json_answer(200, facets.drive_json(call.world, drive))
    if rest in ("sharedWithMe", "sharedWithMe()"):
        return places.shared_with_me(call)
    if rest.startswith("search("):
        return reading.search(call, drive, rest)
    return None


def _routed(call: Call, target: Target) -> Answer:
    fitting = [
        (method, handler, match)
        for method, pattern, handler in _ROUTES
        if (match := re.fullmatch(pattern, target.relation, re.DOTALL)) is not None
    ]
    for method, handler, match in fitting:
        if method == call.request.method:
            return handler(call, target, match)
    if fitting:
        raise not_allowed()
    raise places.unknown(target.relation)
