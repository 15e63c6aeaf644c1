"""Whatever a server sends as a listing: entries of that folder, or no listing, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from providers.base import Kind
from providers.http.listing import family, parse_listing
from tests.faults.hostile_links import LINKS, is_in

TYPES = st.sampled_from(["", "text/html", "application/json", "application/xml", "text/plain"])
PIECES = st.sampled_from(
    [
        *(
            b"<html>",
            b"<h1>Index of /x</h1><hr><pre>",
            b'<a href="../">',
            b"</a>",
            b"<a href=",
            b">",
        ),
        *(b'<a href="x">x</a>', b"  24-Nov-2026 03:16  5000\n", b"2026-11-24 03:16  4.9K ", b"- "),
        *(
            b'<table summary="Directory Listing">',
            b"<tr>",
            b"<td>",
            b"<th>Size</th>",
            b"</tr>",
            b"'",
        ),
        *(
            b"<td data-size=5>",
            b'<time datetime="2024-05-06T13:00:00Z">',
            b"<!--",
            b"-->",
            b'"',
            b"<",
        ),
        *(
            b"<script>",
            b"</script>",
            b"<title>Index of /</title>",
            b"&#47;",
            b"&amp;",
            b"\x00",
            b"\xff",
        ),
        *(
            b'[{"name":"x","type":"file","mtime":""}',
            b"]",
            b",",
            b"{",
            b'"size":1e400',
            b"[",
            b"null",
        ),
        *(b'<?xml version="1.0"?><ListBucketResult>', b"<Contents><Key>a/b</Key>", b"</Contents>"),
        *(b"<Prefix>x/</Prefix>", b"</ListBucketResult>", b"<?xml", b"[To Parent Directory]</A>"),
    ]
)
PAGES = (
    st.lists(
        PIECES | st.binary(max_size=8) | st.sampled_from(LINKS).map(str.encode), max_size=30
    ).map(b"".join)
    | st.binary()
)


@given(PAGES, TYPES, st.sampled_from(["/", "/x", "/x/%FF%20y"]))
def test_a_listing_holds_entries_of_its_folder_only(page: bytes, kind: str, folder: str) -> None:
    entries = parse_listing(page, kind, folder, "http://files.example:8080")
    assert entries is None or isinstance(entries, list)
    for entry in entries or ():
        assert is_in(folder, entry)
        assert entry.kind in (Kind.FILE, Kind.DIR, Kind.OTHER)
        assert entry.size is None or (entry.kind is Kind.FILE and entry.size >= 0)
    assert len({entry.name for entry in entries or ()}) == len(entries or ())
    assert isinstance(family(page), str)
