"""20: the connection is lost within a fragment (driveitem-createuploadsession, resuming)."""

from __future__ import annotations

import pytest
import requests

from tests.graph.hashes import quick_xor
from tests.graph.place import MULTIPLE, Json, Place, good

DATA = bytes(index % 251 for index in range(2 * MULTIPLE + 17))
TOTAL = len(DATA)


def resume(place: Place, session: Json) -> Json:
    """Send what is expected, in one fragment; the file."""
    status = good(place.free("GET", session["uploadUrl"]), 200)
    start = int(status["nextExpectedRanges"][0].split("-")[0])
    return good(place.fragment(session, start, DATA[start:], TOTAL), 201)


def test_the_bytes_of_that_fragment_are_ignored(place: Place) -> None:
    session = place.begin("a")
    good(place.fragment(session, 0, DATA[:MULTIPLE], TOTAL), 202)
    place.server.drop_request(1000, path="/upload/")
    with pytest.raises(requests.ConnectionError):
        place.fragment(session, MULTIPLE, DATA[MULTIPLE:], TOTAL)
    status = good(place.free("GET", session["uploadUrl"]), 200)
    assert status["nextExpectedRanges"] == [f"{MULTIPLE}-"]
    assert resume(place, session)["file"]["hashes"]["quickXorHash"] == quick_xor(DATA)


def test_or_some_of_them_were_kept_and_it_goes_on_unaligned(place: Place) -> None:
    session = place.begin("a")
    place.server.drop_request(1000, keep=True)
    with pytest.raises(requests.ConnectionError):
        place.fragment(session, 0, DATA[:MULTIPLE], TOTAL)
    status = good(place.free("GET", session["uploadUrl"]), 200)
    assert status["nextExpectedRanges"] == ["1000-"]
    assert place.read(resume(place, session)) == DATA


def test_the_answer_to_the_last_one_is_lost(place: Place) -> None:
    session = place.begin("a")
    place.server.lose_answer(where="cdn", method="PUT")
    with pytest.raises(requests.ConnectionError):
        place.fragment(session, 0, DATA, TOTAL)
    assert place.names() == ["a"]
    answer = place.free("GET", session["uploadUrl"])
    assert answer.status_code == 404 or answer.json()["nextExpectedRanges"] == []
