"""Services that keep buckets, for the contract suite: a case is a bucket of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from providers.access import Access
from providers.registry import open_provider
from tests.contract.case import Case, WritableProvider
from tests.contract.web import Flavour, no_links
from tests.servers.s3_servers import (
    JuiceFs,
    Moto,
    Rclone,
    access_to,
    find_juicefs,
    find_moto,
    make_bucket,
)
from tests.servers.web_process import WebServer
from tests.servers.web_servers import find_rclone

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox


@dataclass(frozen=True)
class Service:
    """A service to test, and what is known of it that no capability says."""

    find: Callable[[], str | None]
    start: Callable[[Path], WebServer]
    cuts: bool = True
    times: bool = True
    serves: Callable[[str], bool] = lambda name: True


SERVICES = {
    "s3-moto": Service(find_moto, Moto, serves=lambda name: "\n" not in name),
    "s3-rclone": Service(find_rclone, Rclone, cuts=False),
    "s3-juicefs": Service(find_juicefs, JuiceFs, cuts=False),
}


def sandbox_case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """The demo's own service: what it is held to keeps it honest."""
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    keys = {"access_key_id": sandbox.s3_key_id, "secret": sandbox.s3_secret}
    return _case(*access_to(sandbox.s3_url, tmp_path, **keys), Service(str, WebServer, cuts=False))


def bucket_case(
    name: str, service: Service, request: pytest.FixtureRequest, tmp_path: Path
) -> Case:
    flavour = Flavour(service.find, service.start)
    server: WebServer = request.getfixturevalue("web_servers")(name, flavour)
    return _case(*access_to(server, tmp_path), service)


def _case(endpoint: str, access: Access, service: Service) -> Case:
    root = f"/{make_bucket(endpoint, access)}"

    def again() -> WritableProvider:
        return cast(WritableProvider, open_provider(endpoint, access))

    return Case(
        again(),
        root,
        again,
        no_links,
        renames=False,
        dots=False,
        cuts=service.cuts,
        times=service.times,
        serves=service.serves,
    )
