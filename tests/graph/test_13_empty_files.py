"""13: nothing at all is uploaded in one request only (onedrive-api-docs #53, abraunegg #849)."""

from __future__ import annotations

from tests.graph.place import Place, good, observed, refused


def test_an_empty_file_is_stored_with_the_empty_hash(place: Place) -> None:
    item = good(place.upload("empty", b""), 201)
    assert item["size"] == 0
    assert item["file"]["hashes"]["quickXorHash"] == "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert place.read(item) == b""


@observed
def test_a_session_takes_no_empty_fragment(place: Place) -> None:
    session = place.begin("empty")
    headers = {"Content-Range": "bytes 0--1/0"}
    refused(place.free("PUT", session["uploadUrl"], data=b"", headers=headers), 400)
    assert place.free("DELETE", session["uploadUrl"]).status_code == 204
