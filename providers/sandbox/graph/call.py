"""One authorised request to Graph, and what every operation asks of it."""

from __future__ import annotations

from typing import Any

from providers.records import dataclass
from providers.sandbox.graph import facets
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.names import numbered
from providers.sandbox.graph.tokens import AccessToken
from providers.sandbox.graph.wire import Answer, Request, json_answer
from providers.sandbox.graph.world import World

CONFLICT = "@microsoft.graph.conflictBehavior"
_CONFLICTS = ("fail", "rename", "replace")


@dataclass(frozen=True, slots=True)
class Call:
    world: World
    request: Request
    token: AccessToken

    def json(self) -> dict[str, Any]:
        """The body. Raises GraphError 400."""
        try:
            return self.request.json()
        except ValueError:
            raise bad_request("The request body is no JSON object.") from None

    @property
    def options(self) -> dict[str, str]:
        return self.request.options

    def item_answer(self, status: int, drive: Drive, item: Item) -> Answer:
        return json_answer(status, facets.item_json(self.world, drive, item, context=True))

    def check_unchanged(self, item: Item) -> None:
        """Raises GraphError 412 when If-Match is not the item's tag, byte for byte."""
        check_tag(self.world, item, self.request.header("If-Match"))

    def known_already(self, item: Item) -> bool:
        """If-None-Match is the tag that it has now: 304."""
        given = self.request.header("If-None-Match")
        tags = (facets.etag(self.world, item), facets.ctag(self.world, item))
        return given is not None and given in tags


def check_tag(world: World, item: Item | None, wanted: str | None) -> None:
    if wanted is None:
        return
    there = item is not None and wanted in ("*", facets.etag(world, item))
    if not there:
        raise precondition_failed()


def precondition_failed() -> GraphError:
    message = "ETag does not match current item's value"
    return GraphError(412, "resourceModified", message, "entityTagDoesNotMatch")


def check_unlocked(drive: Drive, item: Item) -> None:
    """Raises GraphError 423."""
    if drive.locked(item):
        message = "The resource you are attempting to access is locked"
        raise GraphError(423, "notAllowed", message, "resourceLocked")


def check_room(drive: Drive, size: int) -> None:
    """Raises GraphError 507."""
    if size > drive.remaining:
        raise GraphError(507, "quotaLimitReached", "Insufficient Space Available")


def name_taken() -> GraphError:
    message = "An item with the same name already exists under the parent"
    return GraphError(409, "nameAlreadyExists", message)


def conflict_of(given: object, default: str) -> str:
    """fail, rename or replace. Raises GraphError 400 for any other word."""
    wanted = default if given is None else given
    if wanted not in _CONFLICTS:
        raise bad_request("The conflict behavior is invalid.")
    return str(wanted)


def free_name(drive: Drive, parent: Item, name: str, *, folder: bool) -> str:
    number = 1
    while drive.child(parent, numbered(name, number, folder=folder)) is not None:
        number += 1
    return numbered(name, number, folder=folder)
