"""Web servers that nobody can start here, as emulators: each test of the suite has its own."""

from __future__ import annotations

from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from providers.access import Access
from providers.base import Parts
from providers.http.webdav import nextcloud
from providers.registry import open_provider
from providers.sites import Site, Sites
from tests.contract.case import PART, Case, WritableProvider
from tests.contract.web import no_links
from tests.servers.form_shelf import FormShelf
from tests.servers.nextcloud import FILES, Nextcloud
from tests.servers.scripted_http import Script, ScriptedHttp


def _serving(script: Script, request: pytest.FixtureRequest) -> ScriptedHttp:
    server = ScriptedHttp(script)
    server.__enter__()
    request.addfinalizer(lambda: server.__exit__(None, None, None))
    return server


def nextcloud_case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Files of more than one part go in chunks."""
    small = Parts(order="sequential", min_size=PART, max_size=PART, max_count=10_000)
    request.getfixturevalue("monkeypatch").setattr(nextcloud, "PARTS", small)
    cloud = Nextcloud(smallest=PART)
    server = _serving(cloud, request)
    endpoint, access = f"dav://127.0.0.1:{server.port}", Access(tmp_path / "known_hosts")

    root = f"{FILES}/{uuid4().hex}"

    def again() -> WritableProvider:
        opened = cast(WritableProvider, open_provider(endpoint, access))
        opened.stat(root)  # the address tells that it is one
        return opened

    cloud.folders.add(root)
    provider = again()
    return Case(provider, root, again, no_links)


def form_case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """What is sent is a form, as the site says."""
    shelf = FormShelf()
    server = _serving(shelf, request)
    sites = Sites(tmp_path / "sites.toml")
    sites.add(Site("shelf", "http", {"url": f"{server.base}/", "upload": "post"}))
    endpoint = sites.place(sites.all()[0]).endpoint
    access = Access(tmp_path / "known_hosts", sites=sites)

    def again() -> WritableProvider:
        return cast(WritableProvider, open_provider(endpoint, access))

    provider = again()
    root = provider.join("/", uuid4().hex)
    shelf.folders.add(root)
    return Case(
        provider,
        root,
        again,
        no_links,
        times=False,
        listed_versions=False,
        ranges=False,
        renames=False,
        tells_empty=False,
    )


SCRIPTED = {"webdav-nextcloud": nextcloud_case, "http-post-form": form_case}
