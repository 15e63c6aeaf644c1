"""Drives for the contract suite: a case is a folder of its own in an emulated account."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from providers.sandbox.graph import GraphServer
from providers.sandbox.graph.profiles import ProfileName
from tests.contract.case import Case, WritableProvider
from tests.contract.web import no_links
from tests.servers.drive_place import open_drive

PROFILES: tuple[ProfileName, ...] = ("personal", "business")


def drive_case(
    profile: ProfileName, request: pytest.FixtureRequest, tmp_path: Path, **site: str
) -> Case:
    server = GraphServer(profile)
    server.__enter__()
    request.addfinalizer(lambda: server.__exit__(None, None, None))
    root = f"/{uuid4().hex}"
    server.make_folder(root)

    def again() -> WritableProvider:
        return open_drive(server, tmp_path, **site)

    return Case(again(), root, again, no_links)
