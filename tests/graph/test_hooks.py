"""The emulator: what it does when it is told to, and that it does the same each time."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from providers.sandbox.graph import Clock, GraphServer
from tests.graph.place import CONFLICT, Place, good, inner, refused


def test_so_many_requests_that_match_fail_and_no_others(place: Place) -> None:
    place.server.fail(500, code="generalException", method="GET", path="/children", times=2, skip=1)
    statuses = [place.get(place.children).status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    place.server.fail(503, headers={"Retry-After": "7"}, body=b"<html>busy</html>")
    answer = place.get("/me/drive")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.content == b"<html>busy</html>"


def test_the_date_is_by_the_emulators_clock(place: Place) -> None:
    place.server.clock.advance(60)
    assert place.get("/me/drive").headers["Date"] == "Mon, 05 Jan 2026 09:31:00 GMT"


def test_faults_are_forgotten_when_told_so(place: Place) -> None:
    place.server.fail(500, times=100)
    place.server.clear_faults()
    good(place.get("/me/drive"), 200)


def test_an_answer_is_lost_after_the_deed(place: Place) -> None:
    place.server.lose_answer(method="POST")
    with pytest.raises(requests.ConnectionError):
        place.post(place.children, {"name": "a", "folder": {}})
    assert place.names() == ["a"]


def test_a_dropped_upload_leaves_nothing(place: Place) -> None:
    place.server.drop_request(2, where="graph")
    with pytest.raises(requests.ConnectionError):
        place.upload("a", b"abcdef")
    assert place.names() == []


def test_an_item_is_hidden_for_a_while(place: Place) -> None:
    item = place.put("a", b"x")
    place.server.hide(f"{place.folder['name']}/a", 30)
    assert place.names() == []
    refused(place.get(place.item(item["id"])), 404)
    refused(place.get(place.at("a")), 404)
    refused(place.upload("a", b"y", **{CONFLICT: "fail"}), 409, "nameAlreadyExists")
    place.server.clock.advance(30)
    assert place.names() == ["a"]


def test_an_upload_is_damaged(place: Place) -> None:
    place.server.habits.damage_uploads = 1
    damaged, whole = place.put("a", b"content"), place.put("b", b"content")
    assert damaged["size"] == whole["size"]
    assert damaged["file"]["hashes"] != whole["file"]["hashes"]


def test_hashes_may_be_missing(place: Place) -> None:
    place.server.habits.omit_hashes = True
    assert "hashes" not in place.put("a", b"x")["file"]


def test_the_tree_is_looked_at_and_changed_behind_the_scenes(place: Place) -> None:
    server, folder = place.server, place.folder["name"]
    server.put(f"{folder}/x/y.txt", b"deep")
    assert good(place.get(place.at("x/y.txt")), 200)["size"] == 4
    place.put("z", b"content")
    assert server.names(folder) == ["x", "z"]
    assert server.content(f"{folder}/z") == b"content"
    server.remove(f"{folder}/z")
    assert place.names() == ["x"]
    with pytest.raises(KeyError):
        server.content(f"{folder}/z")
    assert ("graph", "GET", f"/v1.0{place.children}") in server.asked


def test_the_same_requests_get_the_same_answers() -> None:
    def run() -> list[str]:
        clock = Clock.standing_still()
        with GraphServer("business", clock=clock) as server:
            headers = {"Authorization": f"Bearer {server.issue_token()}"}
            server.put("a.txt", b"x")
            url = f"{server.graph_base}/me/drive/root/children"
            texts = [requests.get(url, headers=headers, timeout=30).text for _ in range(2)]
            places = (server.cdn_base, "X"), (server.login_base, "G")
        for base, letter in places:
            texts = [text.replace(base, letter) for text in texts]
        return texts

    assert run() == run()


def test_errors_are_spelled_in_both_ways(place: Place) -> None:
    error = refused(place.get(place.at("missing")), 404)
    assert ("innerError" in error) == place.business
    assert inner(error)["client-request-id"]


def test_a_request_without_a_length_is_refused(place: Place) -> None:
    url = place.at("a") + ":/content"
    answer = place.ask("PUT", url, data=iter([b"x"]), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 411


def test_many_at_once_are_all_served(place: Place) -> None:
    def upload(number: int) -> int:
        url = f"{place.base}{place.at(str(number))}:/content"
        headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "text/plain"}
        return requests.put(url, data=b"x", headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(upload, range(40))) == {201}
    assert len(place.names()) == 40


def test_closing_cuts_every_connection_and_ends_every_thread() -> None:
    before = set(threading.enumerate())
    server = GraphServer()
    server.__enter__()
    with requests.Session() as session:
        session.get(server.login_base, timeout=30)
        assert set(threading.enumerate()) - before
        assert server.close() == []
        assert set(threading.enumerate()) <= before
        with pytest.raises(requests.ConnectionError):
            session.get(server.login_base, timeout=30)


def test_a_mistake_of_the_emulators_own_is_told_at_the_end() -> None:
    server = GraphServer()
    with pytest.raises(AssertionError, match="ZeroDivisionError"), server:
        server.world.tokens.check = lambda header: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        answer = requests.get(f"{server.graph_base}/me", timeout=30)
        assert answer.status_code == 500


def test_it_runs_by_hand_and_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "providers.sandbox.graph", "--profile", "business"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = {}
        for line in iter(process.stdout.readline, ""):
            if line.startswith("#"):
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            told[name] = value
        headers = {"Authorization": f"Bearer {told['GRAPH_TOKEN']}"}
        url = f"{told['WHARFIE_GRAPH_BASE']}/me/drive"
        answer = requests.get(url, headers=headers, timeout=30)
        assert answer.json()["driveType"] == "business"
        process.stdin.close()
        assert process.wait(30) == 0
