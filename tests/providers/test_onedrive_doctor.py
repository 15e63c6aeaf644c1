"""What `wharfie doctor` says of a drive, as the settings name it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from providers.base import Place
from providers.diagnosis import Finding
from providers.environment import access_from
from providers.location import parse
from providers.registry import diagnose
from providers.sandbox.graph import GraphServer


def _walk(settings: Mapping[str, str], path: str, home: Path) -> dict[str, Finding]:
    access = access_from(settings, home / "known_hosts", accept_new=False)
    place: Place = parse(f"onedrive:{path}", access.sites)
    return {finding.step: finding for finding in diagnose(place, access)}


@pytest.mark.parametrize("path", ["/", "/Documents", "/Documents/file"])
def test_a_drive_that_is_well(path: str, tmp_path: Path) -> None:
    with GraphServer("business") as server:
        server.put("/Documents/file", b"x")
        settings = {"GRAPH_TOKEN": server.issue_token(), **server.environment()}
        found = _walk(settings, path, tmp_path)
    assert [step.ok for step in found.values()] == [True] * 5
    assert list(found) == ["site", "sign-in", "drive", "room", "address"]


def test_a_token_that_has_ended(tmp_path: Path) -> None:
    with GraphServer("business") as server:
        settings = {"GRAPH_TOKEN": server.issue_token(), **server.environment()}
        server.expire_tokens()
        found = _walk(settings, "/", tmp_path)
    assert found["drive"].ok is False and found["drive"].asks is not None
    assert "room" not in found


def test_a_folder_that_is_not_there_and_little_room(tmp_path: Path) -> None:
    with GraphServer("personal") as server:
        server.set_quota(1000)
        settings = {"GRAPH_TOKEN": server.issue_token(), **server.environment()}
        found = _walk(settings, "/nowhere", tmp_path)
    assert found["room"].ok is False
    assert found["address"].ok is False and "Letter case" in found["address"].advice
