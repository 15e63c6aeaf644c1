"""Web servers for the contract suite, each started once; and how a case on one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from providers.access import Access
from providers.registry import open_provider
from providers.sites import Site, Sites
from tests.contract.case import Case, WritableProvider
from tests.servers.web_certificate import AUTHORITY, certified
from tests.servers.web_servers import (
    Apache,
    Nginx,
    RcloneWebdav,
    WebServer,
    find_apache,
    find_nginx,
    find_rclone,
)


@dataclass(frozen=True)
class Flavour:
    """A server to test, and what is known of it that no capability says."""

    find: Callable[[], str | None]
    start: Callable[[Path], WebServer]
    scheme: str = "dav"
    digests: bool = False
    times: bool = True
    listed_versions: bool = True
    renames: bool = True
    hidden: bool = True
    tells_empty: bool = True


_KEEP = ("--dir-cache-time=5m",)  # with none, rclone 1.75 may block itself for ever at a MOVE
WRITABLE = {
    "webdav-apache": Flavour(find_apache, lambda path: Apache(path, dav=True), times=False),
    "webdav-apache-tls": Flavour(
        find_apache,
        lambda path: Apache(path, dav=True, tls=certified(path)),
        scheme="davs",
        times=False,
    ),
    "webdav-rclone": Flavour(find_rclone, lambda path: RcloneWebdav(path, options=_KEEP)),
    "webdav-rclone-sha256": Flavour(
        find_rclone,
        lambda path: RcloneWebdav(path, options=(*_KEEP, "--etag-hash=SHA256")),
        digests=True,
    ),
    "http-put-nginx": Flavour(
        find_nginx,
        lambda path: Nginx(path, dav=True, listing="json"),
        scheme="http",
        times=False,
        listed_versions=False,
        renames=False,
        hidden=False,
        tells_empty=False,
    ),
}

Running = Callable[[str, Flavour], WebServer]


def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Starts each server when it is first asked for; ends them all."""
    servers: dict[str, WebServer] = {}

    def get(name: str, flavour: Flavour) -> WebServer:
        if flavour.find() is None:
            pytest.skip(f"no server for {name} here")
        if name not in servers:
            server = flavour.start(tmp_path_factory.mktemp(name))
            server.start()
            servers[name] = server
        return servers[name]

    try:
        yield get
    finally:
        for server in servers.values():
            server.stop()


def writable_case(
    name: str, flavour: Flavour, request: pytest.FixtureRequest, tmp_path: Path
) -> Case:
    server: WebServer = request.getfixturevalue("web_servers")(name, flavour)
    endpoint, access = reached(server, flavour.scheme, tmp_path)

    def again() -> WritableProvider:
        return cast(WritableProvider, open_provider(endpoint, access))

    provider = again()
    root = provider.join("/", uuid4().hex)
    if provider.caps.real_directories:
        provider.make_dir(root)
    else:
        (server.root / root[1:]).mkdir()
    case = Case(
        provider,
        root,
        again,
        no_links,
        digests=flavour.digests,
        times=flavour.times,
        listed_versions=flavour.listed_versions,
        renames=flavour.renames,
        serves=lambda name: flavour.hidden or not name.startswith("."),
        tells_empty=flavour.tells_empty,
    )
    if flavour.digests:  # which ones is only told with a file
        case.put(case.at("file"), b"x")
        provider.delete(case.at("file"))
    return case


def reached(server: WebServer, scheme: str, tmp_path: Path) -> tuple[str, Access]:
    """The server's endpoint; a site says whom to trust for one with a certificate."""
    sites = Sites(tmp_path / "sites.toml")
    endpoint = f"{scheme}://127.0.0.1:{server.port}"
    if server.tls is not None:
        kind = "webdav" if scheme.startswith("dav") else "http"
        trusted = str(server.directory / AUTHORITY)
        sites.add(Site("secure", kind, {"url": f"{endpoint}/", "ca_bundle": trusted}))
        endpoint = sites.place(sites.all()[0]).endpoint
    return endpoint, Access(tmp_path / "known_hosts", sites=sites)


def no_links(path: str, target: str) -> None:
    pytest.skip("this place has no links")
