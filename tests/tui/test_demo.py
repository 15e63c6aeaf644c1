"""`wharfie demo`: every provider is shown to copy, on servers of its own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.errors import AuthRequired
from providers.registry import open_provider
from tests.tui.cli_runner import wharfie
from tui.headless.demo import demo_access
from tui.settings import home_in

if TYPE_CHECKING:
    from providers.sandbox.start import Sandbox

KINDS = ("sftp", "http", "webdav", "s3", "onedrive", "memory")


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


def test_the_bucket_is_a_saved_site_whose_secret_is_nowhere_but_in_memory(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    home = home_in(tmp_path)
    home.config.mkdir(parents=True, exist_ok=True)
    access = demo_access(sandbox, home)
    site, _ = access.sites.all()
    place = access.sites.place(site)
    assert (site.kind, place.path) == ("s3", "/harbour")
    assert access.secrets.get(place.endpoint, "password") == sandbox.s3_secret
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept and not any(sandbox.s3_secret in text for text in kept)


def test_who_signs_in_to_the_drive_does_so_with_a_code(sandbox: Sandbox, tmp_path: Path) -> None:
    home = home_in(tmp_path)
    home.config.mkdir(parents=True, exist_ok=True)
    access = demo_access(sandbox, home)
    place = access.sites.place(access.sites.all()[1])
    assert access.secrets.get(place.endpoint, "token") is None
    with closing(open_provider(place.endpoint, access)) as drive:
        with pytest.raises(AuthRequired) as asked:
            drive.stat("/")
        assert asked.value.needs == "sign-in"
