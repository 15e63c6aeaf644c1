"""Services that keep buckets, for the contract suite: a case is a bucket of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

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


def bucket_case(
    name: str, service: Service, request: pytest.FixtureRequest, tmp_path: Path
) -> Case:
    flavour = Flavour(service.find, service.start)
    server: WebServer = request.getfixturevalue("web_servers")(name, flavour)
    endpoint, access = access_to(server, tmp_path)
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
