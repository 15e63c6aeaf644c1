"""18: a fragment that was received before (errors.md; onedrive-api-docs #64)."""

from __future__ import annotations

from tests.graph.place import MULTIPLE, Place, good, refused

DATA = b"a" * MULTIPLE + b"b" * MULTIPLE + b"c"
TOTAL = len(DATA)


def test_it_is_refused_and_the_upload_goes_on(place: Place) -> None:
    session = place.begin("a")
    good(place.fragment(session, 0, DATA[:MULTIPLE], TOTAL), 202)
    again = place.fragment(session, 0, DATA[:MULTIPLE], TOTAL)
    refused(again, 416, "invalidRange", "fragmentOverlap")
    status = good(place.free("GET", session["uploadUrl"]), 200)
    assert status["nextExpectedRanges"][0].startswith(f"{MULTIPLE}-")
    item = good(place.fragment(session, MULTIPLE, DATA[MULTIPLE:], TOTAL), 201)
    assert place.read(item) == DATA
