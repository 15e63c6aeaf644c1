"""`wharfie demo`: every provider is shown to copy, on servers of its own."""

from __future__ import annotations

from tests.tui.cli_runner import wharfie

KINDS = ("sftp", "http", "webdav", "memory")


def test_the_check_copies_from_and_to_every_kind_of_place_and_proves_each_file() -> None:
    done = wharfie("demo", "--check")
    assert (done.code, done.err) == (0, "")
    head, *rows, last = done.out.splitlines()
    assert head.split() == ["route", "files", "bytes", "proven"]
    assert last == "all copies proven"
    routes = {row[:17].strip() for row in rows}
    assert {f"local → {kind}" for kind in KINDS} | {f"{kind} → local" for kind in KINDS} <= routes
    for row in rows:
        files = row[17:].split()[0]
        assert row.endswith(f" {files} × sha256 both ends")
