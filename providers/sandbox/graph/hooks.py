"""What a test can have go wrong, and what it can look at behind the service's back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from providers.sandbox.graph.drive import Drive
from providers.sandbox.graph.faults import Rule
from providers.sandbox.graph.items import Item
from providers.sandbox.graph.login import Login
from providers.sandbox.graph.wire import JSON, Where
from providers.sandbox.graph.world import World


class Hooks:
    """Paths are of the own drive, unless `drive` says another's id; "/" is its root.

    For the wire: `where` is "graph" (with the login server) or "cdn" (uploads, downloads and
    monitors), `method` "" is any, `path` a regular expression to search in path and query.
    `times` so many requests that match, after `skip` of them.
    """

    world: World
    login: Login

    def fail(
        self,
        status: int,
        *,
        code: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        where: Where = "graph",
        method: str = "",
        path: str = "",
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Answer with `status`; `code` in Graph's error body, or `body` as it is."""
        error = {"error": {"code": code or "generalException", "message": "asked for by a test"}}
        told = json.dumps(error).encode() if body is None else body
        rule = Rule(status=status, body=told, headers={"Content-Type": JSON, **(headers or {})})
        self.world.faults.add(rule, where, method, path, times=times, skip=skip)

    def drop_request(
        self,
        after: int,
        *,
        keep: bool = False,
        where: Where = "cdn",
        method: str = "PUT",
        path: str = "",
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Cut the connection after so many bytes of the body. `keep`: a fragment's count."""
        rule = Rule(drop_after=after, keep=keep)
        self.world.faults.add(rule, where, method, path, times=times, skip=skip)

    def lose_answer(
        self,
        *,
        where: Where = "graph",
        method: str = "",
        path: str = "",
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Do what is asked, and cut the connection instead of saying so."""
        self.world.faults.add(Rule(lose_answer=True), where, method, path, times=times, skip=skip)

    def cut_download(self, after: int, *, path: str = "", times: int = 1, skip: int = 0) -> None:
        """Give so many bytes of the content, and cut the connection."""
        where = ("cdn", "GET", path or "/download/")
        self.world.faults.add(Rule(cut_after=after), *where, times=times, skip=skip)

    def slow_download(self, piece: int, pause: float, *, path: str = "", times: int = 1) -> None:
        """Give `piece` bytes at a time, with so many seconds between."""
        rule = Rule(piece=piece, pause=pause)
        self.world.faults.add(rule, "cdn", "GET", path or "/download/", times=times)

    def clear_faults(self) -> None:
        self.world.faults.clear()

    @property
    def asked(self) -> list[tuple[str, str, str]]:
        """Every request so far: where, its method, its path with query."""
        return list(self.world.faults.asked)

    def throttle(self, seconds: float, *, status: int = 429) -> None:
        """Refuse everything on Graph for so long, with Retry-After."""
        with self.world.lock:
            self.world.throttle.hold(seconds, status)

    def limit_rate(self, requests: int, seconds: float) -> None:
        """Refuse for `seconds` what is more than so many in that time. 0: no limit."""
        with self.world.lock:
            self.world.throttle.limit(requests, seconds)

    @property
    def refused(self) -> int:
        """Requests that were throttled."""
        return self.world.throttle.refused

    def set_quota(self, total: int, *, drive: str = "") -> None:
        """In bytes; what is there already counts."""
        with self.world.lock:
            self._drive(drive).total = total

    def expire_tokens(self) -> None:
        with self.world.lock:
            self.world.tokens.expire_all()

    def revoke_tokens(self) -> None:
        """Challenge those of clients that declared CP1; a token got with the claims is good."""
        with self.world.lock:
            self.world.tokens.revoke_all()

    def revoke_refresh_tokens(self) -> None:
        with self.world.lock:
            self.login.revoke_refresh_tokens()

    def expire_urls(self) -> None:
        """Of downloads and thumbnails."""
        with self.world.lock:
            self.world.tickets.expire_all()

    def expire_sessions(self) -> None:
        """Uploads begin anew: 404."""
        with self.world.lock:
            self.world.sessions.expire_all()

    def kill_sessions(self) -> None:
        """The permit in the upload URLs ends before the sessions do: 401."""
        with self.world.lock:
            self.world.sessions.kill_all()

    def expire_delta_tokens(self) -> None:
        with self.world.lock:
            for drive in self.world.drives.values():
                drive.generation += 1

    @property
    def open_sessions(self) -> int:
        """Unfinished uploads that nobody has ended."""
        with self.world.lock:
            return len(self.world.sessions.open)

    def approve(self, user_code: str | None = None) -> None:
        """Say yes to a device; None: to the newest code. Raises KeyError."""
        with self.world.lock:
            self.login.decide(user_code, "yes")

    def decline(self, user_code: str | None = None) -> None:
        with self.world.lock:
            self.login.decide(user_code, "no")

    def put(self, path: str, data: bytes, *, drive: str = "") -> str:
        """Make or replace a file, and the folders that lead to it, past every rule. Its id."""
        with self.world.lock:
            tree = self._drive(drive)
            parent = self._folders(tree, _names(path)[:-1])
            name = _names(path)[-1]
            item = tree.child(parent, name) or tree.add(parent, name, "file")
            tree.put(item, data)
            return item.id

    def make_folder(self, path: str, *, drive: str = "") -> str:
        with self.world.lock:
            return self._folders(self._drive(drive), _names(path)).id

    def content(self, path: str, *, drive: str = "") -> bytes:
        """Raises KeyError."""
        with self.world.lock:
            return self._item(path, drive).data

    def names(self, path: str = "/", *, drive: str = "") -> list[str]:
        """In a folder, sorted."""
        with self.world.lock:
            tree = self._drive(drive)
            return [item.name for item in tree.children(self._item(path, drive))]

    def share(self, folder: str, file: str, data: bytes) -> None:
        """Ann shares another folder of hers, with a file in it."""
        with self.world.lock:
            tree = next(one for one in self.world.drives.values() if one.shared_with_me)
            item = tree.add(tree.add(tree.root, self.world.ids.guid(), "folder"), folder, "folder")
            tree.put(tree.add(item, file, "file"), data)
            tree.shared_with_me.add(item.id)
            line = self.world.own.loose(folder, "remote")
            line.points_to = (tree.id, item.id)
            self.world.shared.append(line)

    def remove(self, path: str, *, drive: str = "") -> None:
        with self.world.lock:
            self._drive(drive).remove(self._item(path, drive))

    @property
    def recycled(self) -> list[str]:
        """The names of what is in the own drive's recycle bin, the oldest first."""
        with self.world.lock:
            return [item.name for item in self.world.own.recycled]

    def lock(self, path: str, *, drive: str = "", locked: bool = True) -> None:
        """Somebody has it open: 423."""
        with self.world.lock:
            self._item(path, drive).locked = locked

    def hide(self, path: str, seconds: float, *, drive: str = "") -> None:
        """Not to be seen for so long, though it is there (eventual consistency)."""
        with self.world.lock:
            until = self.world.clock.now() + timedelta(seconds=seconds)
            self._item(path, drive).hidden_until = until

    def infect(self, path: str, *, drive: str = "") -> None:
        with self.world.lock:
            self._item(path, drive).malware = True

    def misreport_size(self, path: str, by: int, *, drive: str = "") -> None:
        """List it with so many bytes more than it has (met on SharePoint)."""
        with self.world.lock:
            self._item(path, drive).size_off_by = by

    def _drive(self, drive: str) -> Drive:
        return self.world.drives[drive or self.world.own_drive]

    def _item(self, path: str, drive: str) -> Item:
        tree = self._drive(drive)
        item = tree.root
        for name in _names(path):
            child = tree.child(item, name)
            if child is None:
                raise KeyError(path)
            item = child
        return item

    def _folders(self, tree: Drive, names: list[str]) -> Item:
        item = tree.root
        for name in names:
            item = tree.child(item, name) or tree.add(item, name, "folder")
        return item


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]
