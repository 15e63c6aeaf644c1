"""E1: links and names of a web server that lead elsewhere: nothing is read or written outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import InvalidName
from providers.http.listing import parse_listing
from tests.faults.hostile_links import LINKS, NAMES, html_of, is_in, json_of
from tests.faults.http_case import http_case
from tests.servers.http_place import place
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.transfers.queue_case import LOCAL
from transfers.model import FINISHED, JobState, Policy

BASE = "http://files.example:8080"
HTML = {"Content-Type": "text/html"}


def test_E1_there_are_more_than_200_links() -> None:
    assert len({*LINKS}) > 200


@pytest.mark.parametrize("folder", ["/", "/tree", "/tree/a%20b"])
def test_E1_a_link_is_an_entry_of_its_folder_or_none(folder: str) -> None:
    for link in LINKS:
        page = html_of([link, "good"], "files.example:8080")
        entries = parse_listing(page, "text/html", folder, BASE) or []
        assert all(is_in(folder, entry) for entry in entries), link
        assert len(entries) <= 2
        assert "good" in {entry.name for entry in entries}, link


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_E1_a_name_that_is_no_name_is_left_out(name: str) -> None:
    page = json_of([name, "good"])
    entries = parse_listing(page, "application/json", "/tree", BASE) or []
    assert [entry.name for entry in entries] == ["good"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_E1_no_address_is_made_of_a_name_that_leads_elsewhere(name: str) -> None:
    with place(BASE) as web, pytest.raises(InvalidName):
        web.join("/tree", name)


def test_E1_a_download_of_a_hostile_listing_stays_in_its_folder(tmp_path: Path) -> None:
    host = ""

    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/tree":
            wire.say(answer(301, b"", {"Location": "/tree/"}))
        elif not ask.target.endswith("/"):
            wire.say(answer(200, b"content", {"Content-Type": "text/plain"}))
        elif ask.target == "/tree/":
            wire.say(answer(200, html_of(["good", *LINKS], host), HTML))
        else:
            wire.say(answer(200, b"<html><title>Index of /</title></html>", HTML))

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        host = server.base.removeprefix("http://")
        jobs = case.plan(Place(server.base, "/tree"), Place(LOCAL, str(case.folder)))
        for number in case.send_new(*jobs, policy=Policy.OVERWRITE):
            assert case.reach(number, *FINISHED).state is JobState.DONE
        written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
        outside = {path for path in written if path.parts[0] not in ("queue", "folder")}
        assert outside == set()
        inside = {path.parts[1:] for path in written if path.parts[0] == "folder"}
        assert ("tree", "good") in inside
        assert {parts[0] for parts in inside} == {"tree"}
        assert {len(parts) for parts in inside} == {2}
        targets = [ask.target for ask in [*server.asked("GET"), *server.asked("HEAD")]]
        assert all(one_level_down(target) for target in targets)


def one_level_down(target: str) -> bool:
    """/tree/, something in it, or a folder in it; no dots that a server would resolve."""
    parts = os.fspath(target).removesuffix("/").split("/")
    return parts[:2] == ["", "tree"] and len(parts) <= 3 and parts[-1].lower() not in (".", "..")
