"""19: fragments that break a rule (driveitem-createuploadsession; #79, #1332, graph-docs #1638)."""

from __future__ import annotations

import pytest

from tests.graph.place import MULTIPLE, Place, good, refused

TOTAL = 3 * MULTIPLE
PIECE = b"x" * MULTIPLE


def test_a_gap_is_out_of_order(place: Place) -> None:
    session = place.begin("a")
    good(place.fragment(session, 0, PIECE, TOTAL), 202)
    gap = place.fragment(session, 2 * MULTIPLE, PIECE, TOTAL)
    refused(gap, 416, "invalidRange", "fragmentOutOfOrder")
    status = good(place.free("GET", session["uploadUrl"]), 200)
    assert status["nextExpectedRanges"][0].startswith(f"{MULTIPLE}-")


def test_the_total_must_stay(place: Place) -> None:
    session = place.begin("a")
    good(place.fragment(session, 0, PIECE, TOTAL), 202)
    refused(place.fragment(session, MULTIPLE, PIECE, TOTAL + 1), 400, "invalidRequest")


@pytest.mark.parametrize(
    "given",
    ["bytes 0-9/100", f"bytes 0-{MULTIPLE}/{TOTAL}", f"bytes 0-{MULTIPLE - 1}/100", "bytes 0-9/*"],
)
def test_the_range_must_fit_the_bytes_and_be_well_formed(place: Place, given: str) -> None:
    session = place.begin("a")
    headers = {"Content-Range": given}
    refused(place.free("PUT", session["uploadUrl"], data=PIECE, headers=headers), 400)
    assert place.names() == []


@pytest.mark.parametrize("given", [f"bytes  0-{MULTIPLE - 1}/{TOTAL}", "", "0-9/10"])
def test_a_malformed_range_is_refused(place: Place, given: str) -> None:
    session = place.begin("a")
    headers = {"Content-Range": given} if given else {}
    refused(place.free("PUT", session["uploadUrl"], data=PIECE, headers=headers), 400)


def test_a_fragment_of_60_mib_is_too_large(place: Place) -> None:
    session = place.begin("a")
    answer = place.fragment(session, 0, bytes(60 << 20), 100 << 20)
    assert 400 <= answer.status_code < 500


def test_an_odd_size_in_the_middle_fails_at_the_end_at_the_latest(place: Place) -> None:
    session = place.begin("a")
    first = place.fragment(session, 0, b"x" * 1000, 2000)
    if first.status_code == 202:
        assert 400 <= place.fragment(session, 1000, b"x" * 1000, 2000).status_code < 600
    assert place.names() == []
