"""Words of a shell that look like a host's: never taken for a file's name here in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import InvalidName
from providers.location import LOCAL
from providers.sites import Sites
from tui.cli import main
from tui.headless.typed import typed


@pytest.mark.parametrize(
    "words", [("copy", "one", "box:/srv"), ("mirror", ".", "box:srv"), ("ls", "box:")]
)
def test_a_host_that_is_no_site_is_refused_and_nothing_is_made_here(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one").write_text("one")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "no saved site is called “box”" in said and "sftp://box" in said
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("box")] == []


@pytest.mark.parametrize("text", ["./box:/srv", "C:", "file:///x", "plain"])
def test_what_cannot_be_meant_as_a_host_is_a_file_here(text: str, tmp_path: Path) -> None:
    assert typed(text, Sites(tmp_path / "sites.toml", {})).endpoint == LOCAL


@pytest.mark.skipif(os.name == "nt", reason="no name has a colon there")
@pytest.mark.parametrize("text", ["one:two", "kept:/new"])
def test_what_lies_here_under_such_a_name_is_meant(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one:two").touch()
    (tmp_path / "kept:").mkdir()
    assert typed(text, Sites(tmp_path / "sites.toml", {})).endpoint == LOCAL


def test_an_address_is_what_it_was(tmp_path: Path) -> None:
    sites = Sites(tmp_path / "sites.toml", {})
    assert typed("sftp://box/srv", sites) == Place("sftp://box:22", "/srv")
    with pytest.raises(InvalidName, match="no saved site is called “box”"):
        typed("box:/srv", sites)
