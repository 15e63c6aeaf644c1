"""From a URL's path to a drive and an item in it: by id, by path, or by a path below an id."""

from __future__ import annotations

import re
from urllib.parse import unquote

from providers.records import dataclass
from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.errors import GraphError, bad_request
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.names import check_name, check_path
from providers.sandbox.graph.tokens import AccessToken
from providers.sandbox.graph.world import World

_DRIVE = re.compile(
    r"(?:me/drive|drives/(?P<id>[^/]+)|(?P<of>users|groups|sites)/(?P<owner>[^/]+)/drive)"
    r"(?:/(?P<rest>.*))?"
)
_ITEM = re.compile(
    r"(?P<anchor>root|items/[^/:]+|special/[^/:]+)"
    r"(?::/(?P<path>[^:]*?)/?(?::(?:/(?P<below>.*))?)?|(?:/(?P<relation>.*))?)"
)
_FOR_OTHERS = ("Files.ReadWrite.All", "Files.Read.All", "Sites.ReadWrite.All", "Sites.Read.All")
_FOR_ONES_OWN = ("Files.ReadWrite", "Files.Read")
_ME_IS_NOBODY = "/me request is only valid with delegated authentication flow."


@dataclass(frozen=True, slots=True)
class Target:
    """`names` lead from `anchor` to what is meant, which need not be there yet."""

    world: World
    drive: Drive
    anchor: Item
    names: tuple[str, ...]
    relation: str

    def find(self, *, hidden: bool = False) -> Item | None:
        """`hidden`: also what is not to be seen yet, for it has the name."""
        item = self.anchor
        look = self.drive.child if hidden else self.drive.seen_child
        for name in self.names:
            child = look(item, name)
            if child is None:
                return None
            item = child
        return item

    def item(self) -> Item:
        """Raises GraphError 404."""
        item = self.find()
        if item is None:
            raise not_found()
        return item

    def parent(self) -> Item:
        """The folder that `names` leads into. Raises GraphError 404 when it is not there."""
        above = Target(self.world, self.drive, self.anchor, self.names[:-1], "")
        item = above.item()
        if not item.is_folder:
            raise bad_request("The parent is no folder.")
        return item

    def make_parents(self) -> Item:
        """As `parent`, making what is missing: simple uploads do (onedrive-api-docs #364)."""
        item = self.anchor
        for name in self.names[:-1]:
            child = self.drive.child(item, name)
            if child is None:
                check_name(name, forms_reserved=self.world.profile.forms_reserved)
                child = self.drive.add(item, name, "folder")
            item = child
        return item

    def check_new_name(self) -> None:
        """Raises GraphError 400 when what `names` leads to may not be called so."""
        check_new(self.world, self.drive, self.anchor, self.names)


def check_new(world: World, drive: Drive, parent: Item, names: tuple[str, ...]) -> None:
    """Raises GraphError 400 when `names` may not be made below `parent`."""
    for name in names:
        check_name(name, forms_reserved=world.profile.forms_reserved)
    check_path((*drive.path(parent), *names))


def find_drive(world: World, token: AccessToken, path: str) -> tuple[Drive, str] | None:
    """The drive that `path` begins with, and the rest; None when it is no path of a drive's.

    Raises GraphError: 400 for an application's /me, 403, 404.
    """
    match = _DRIVE.fullmatch(path)
    if match is None:
        return None
    rest = match["rest"] or ""
    if path.startswith("me/"):
        need_a_person(token)
    drive = world.own if path.startswith("me/") else _by_owner(world, match)
    if drive is None:
        raise not_found()
    if not token.may(*_FOR_OTHERS, *(_FOR_ONES_OWN if drive.id == world.own_drive else ())):
        raise denied()
    return drive, rest


def need_a_person(token: AccessToken) -> None:
    """Raises GraphError 400 for an application (msgraph-sdk-php #1163)."""
    if token.app_only:
        raise GraphError(400, "BadRequest", _ME_IS_NOBODY)


def _by_owner(world: World, match: re.Match[str]) -> Drive | None:
    if match["id"] is not None:
        return world.drive(unquote(match["id"]))
    owner = unquote(match["owner"])
    if match["of"] == "users":
        known = owner in (world.user_id, world.profile.user)
        return world.own if known else None
    if match["of"] == "groups":
        return world.drives.get(world.groups.get(owner, ""))
    site = next((one for one in world.sites if one.id == owner), None)
    return None if site is None else world.drives[site.drives[0]]


def find_target(world: World, drive: Drive, rest: str) -> Target:
    """Raises GraphError: 400 for what is no address, 403 and 404 for what it leads to."""
    match = _ITEM.fullmatch(rest)
    if match is None:
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{rest[:40]}'.")
    names: tuple[str, ...] = ()
    if match["path"] is not None:
        names = tuple(unquote(segment, errors="strict") for segment in match["path"].split("/"))
        if "" in names:
            raise bad_request("A segment of the path is empty.")
    relation = match["below"] or match["relation"] or ""
    anchor = _anchor(drive, match["anchor"])
    if anchor is None or drive.hidden(anchor):
        raise not_found()
    if drive.shared_with_me and drive.shared_with_me.isdisjoint(
        one.id for one in drive.upwards(anchor)
    ):
        raise denied()
    if anchor.kind == "remote" and (names or relation not in ("", "children")):
        raise not_found()
    return Target(world, drive, anchor, names, relation)


def _anchor(drive: Drive, text: str) -> Item | None:
    if text == "root":
        return drive.root
    kind, _, name = text.partition("/")
    name = unquote(name)
    if kind == "special":
        return drive.child(drive.root, name.capitalize())
    return drive.root if name == "root" else drive.items.get(name)


def not_found() -> GraphError:
    return GraphError(404, "itemNotFound", "The resource could not be found.")


def denied() -> GraphError:
    return GraphError(403, "accessDenied", "Access denied")
