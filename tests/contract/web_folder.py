"""Plain web servers for the contract suite: read over HTTP, filled through the file system."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import pytest

from providers.base import Body, Entry
from providers.http.provider import HttpProvider
from providers.local import LocalProvider
from providers.registry import open_provider
from providers.text import from_bytes
from tests.contract.case import Case, WritableProvider
from tests.contract.web import Flavour, no_links, reached
from tests.servers.web_certificate import certified
from tests.servers.web_servers import (
    Apache,
    Nginx,
    PythonHttp,
    RcloneHttp,
    WebServer,
    find_apache,
    find_nginx,
    find_rclone,
)


@dataclass(frozen=True)
class Folder:
    """A server to test. `serves`: whether it shows a file of that name; `ranges`: sends parts."""

    find: Callable[[], str | None]
    start: Callable[[Path], WebServer]
    serves: Callable[[str], bool] = lambda name: True
    ranges: bool = True


def _is_shown(name: str) -> bool:
    return not name.startswith(".")


def _is_text(name: str) -> bool:
    return not any("\udc80" <= char <= "\udcff" for char in name)


def _has_no_controls(name: str) -> bool:
    return not any(char < " " for char in name)


FOLDERS = {
    "http-nginx": Folder(find_nginx, Nginx, _is_shown),
    "https-nginx": Folder(find_nginx, lambda path: Nginx(path, tls=certified(path)), _is_shown),
    "http-nginx-json": Folder(find_nginx, lambda path: Nginx(path, listing="json"), _is_shown),
    "http-apache": Folder(find_apache, Apache),
    "http-python": Folder(lambda: "here", PythonHttp, _is_text, ranges=False),
    "http-rclone": Folder(find_rclone, RcloneHttp, _has_no_controls),
}
_AN_HOUR = 3600.0


class Seeded:
    """What is read comes from `web`; what is changed, in the folder `root` that it serves.

    Files get times of an hour ago, each a second later than the last: a server may have no other
    version to tell, and none at all of a file that is a minute old.
    """

    def __init__(self, web: HttpProvider, root: Path) -> None:
        self._web = web
        self._root = root
        self._disk = LocalProvider()
        self._second = itertools.count()
        self._paths: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._web, name)

    def _local(self, path: str) -> str:
        return os.path.join(self._root, from_bytes(unquote_to_bytes(path)).lstrip("/"))

    def make_dir(self, path: str) -> None:
        self._disk.make_dir(self._local(path))

    def delete(self, path: str) -> None:
        self._disk.delete(self._local(path))

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        self._disk.rename(self._local(source), self._local(target))

    def begin(self, path: str, size: int | None, *, key: str, part_size: int, **_: object) -> str:
        upload = self._disk.begin(self._local(path), size, key=key, part_size=part_size)
        self._paths[upload] = path
        return upload

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        return self._disk.put_part(upload, index, offset, body)

    def finish(
        self, upload: str, receipts: Sequence[str], *, replacing: str | None, again: bool = False
    ) -> Entry:
        self._disk.finish(upload, receipts, replacing=replacing, again=again)
        path = self._paths[upload]
        when = int(time.time() - _AN_HOUR) + next(self._second)
        os.utime(self._local(path), (when, when))
        os.chmod(self._local(path), 0o644)
        return self._web.stat(path)


def folder_case(name: str, folder: Folder, request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    running = request.getfixturevalue("web_servers")
    server: WebServer = running(name, Flavour(folder.find, folder.start))
    endpoint, access = reached(server, "https" if server.tls else "http", tmp_path)

    def again() -> WritableProvider:
        web = cast(HttpProvider, open_provider(endpoint, access))
        return cast(WritableProvider, Seeded(web, server.root))

    provider = again()
    root = provider.join("/", uuid4().hex)
    provider.make_dir(root)
    (server.root / root.lstrip("/")).chmod(0o755)
    return Case(
        provider,
        root,
        again,
        no_links,
        digests=False,
        writes=False,
        listed_versions=False,
        ranges=folder.ranges,
        serves=folder.serves,
    )
