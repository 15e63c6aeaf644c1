"""16: a file in fragments (driveitem-createuploadsession, filesysteminfo.md)."""

from __future__ import annotations

from tests.graph.hashes import quick_xor
from tests.graph.place import MULTIPLE, Json, Place, asking, good

DATA = bytes(range(256)) * (2 * MULTIPLE // 256) + b"the rest"
TOTAL = len(DATA)
TIMES = {"createdDateTime": "2020-02-03T04:05:06Z", "lastModifiedDateTime": "2021-02-03T04:05:06Z"}


def send(place: Place, session: Json, last: tuple[int, ...]) -> Json:
    for number in range(2):
        start = number * MULTIPLE
        answer = place.fragment(session, start, DATA[start : start + MULTIPLE], TOTAL)
        told = good(answer, 202)
        (expected,) = told["nextExpectedRanges"]
        assert expected.startswith(f"{start + MULTIPLE}-")
        assert told["expirationDateTime"]
    return good(place.fragment(session, 2 * MULTIPLE, DATA[2 * MULTIPLE :], TOTAL), *last)


def test_a_new_file_comes_into_being_with_the_last_one(place: Place) -> None:
    session = place.begin("a.bin", fileSystemInfo=TIMES)
    item = send(place, session, (201,))
    assert (item["name"], item["size"]) == ("a.bin", TOTAL)
    assert item["file"]["hashes"]["quickXorHash"] == quick_xor(DATA)
    assert item["fileSystemInfo"].items() >= TIMES.items()
    assert place.read(item) == DATA


def test_a_file_is_replaced(place: Place) -> None:
    old = place.put("a.bin", b"old")
    url = place.item(old["id"]) + "/createUploadSession"
    item = send(place, good(place.post(url, asking("replace")), 200), (200,))
    assert item["id"] == old["id"]
    assert place.read(item) == DATA


def test_rename_finds_another_name(place: Place) -> None:
    place.put("a.bin", b"old")
    assert send(place, place.begin("a.bin", "rename"), (201,))["name"] == "a 1.bin"


def test_ranges_may_be_closed(place: Place) -> None:
    place.server.habits.closed_ranges = True
    session = place.begin("a.bin")
    told = good(place.fragment(session, 0, DATA[:MULTIPLE], TOTAL), 202)
    assert told["nextExpectedRanges"] == [f"{MULTIPLE}-{TOTAL - 1}"]


def test_each_fragment_prolongs_the_session(business: Place) -> None:
    session = business.begin("a.bin")
    business.server.clock.advance(14 * 60)
    good(business.fragment(session, 0, DATA[:MULTIPLE], TOTAL), 202)
    business.server.clock.advance(14 * 60)
    good(business.free("GET", session["uploadUrl"]), 200)


def test_a_deferred_commit_waits_for_a_post(business: Place) -> None:
    url = business.at("a") + ":/createUploadSession"
    session = good(business.post(url, {**asking("fail"), "deferCommit": True}), 200)
    told = good(business.fragment(session, 0, b"abc", 3), 202)
    assert told["nextExpectedRanges"] == []
    assert business.names() == []
    item = good(business.free("POST", session["uploadUrl"], headers={"Content-Length": "0"}), 201)
    assert business.read(item) == b"abc"


def test_after_the_end_nothing_is_expected(place: Place) -> None:
    session = place.begin("a")
    good(place.fragment(session, 0, b"abc", 3), 201)
    answer = place.free("GET", session["uploadUrl"])
    assert answer.status_code == 404 or answer.json()["nextExpectedRanges"] == []
    assert place.fragment(session, 0, b"abc", 3).status_code == 404
