"""Buckets made and removed with F7 and F8, in a real terminal against a real service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.s3_servers import KEY_ID, SECRET, Moto, find_moto
from tests.tui.terminal import Terminal, tmux_found

pytestmark = pytest.mark.skipif(not tmux_found(), reason="no tmux here: install tmux")


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """Socket paths must stay short."""
    with tempfile.TemporaryDirectory(prefix="wh") as name:
        yield Path(name)


def test_a_bucket_is_made_and_only_removed_when_it_is_empty(
    short_directory: Path, tmp_path: Path
) -> None:
    if find_moto() is None:
        pytest.skip("moto is not installed")
    with Moto(tmp_path) as server:
        env = {
            "WHARFIE_HOME": str(short_directory / "home"),
            "AWS_ENDPOINT_URL": server.base,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }
        words = ["s3:///", str(short_directory)]
        with Terminal(short_directory, *words, env=env, width=120, height=36) as screen:
            screen.until("0 entries", "F7 Mkdir", gone="…")
            _make(screen, "My_Photos")
            screen.until("small letters, digits")
            _make(screen, "photos-of-mine")
            screen.until("photos-of-mine/")
            screen.press("Enter")
            screen.until("/photos-of-mine", "0 entries", gone="…")
            _make(screen, "trip")
            screen.until("trip/")
            screen.press("BSpace")
            screen.until("photos-of-mine/", gone="trip/")
            screen.press("F8", "y")
            screen.until("delete what is in it first")
            screen.press("Enter")
            screen.until("trip/")
            screen.press("End", "F8", "y")
            screen.until("0 entries", gone="trip/")
            screen.press("BSpace")
            screen.until("photos-of-mine/")
            screen.press("F8", "y")
            screen.until("1 deleted", "0 entries", gone="photos-of-mine/")
            screen.press("F10")
            screen.until_ended()


def _make(screen: Terminal, name: str) -> None:
    screen.press("F7")
    screen.until("New folder")
    screen.type(name)
    screen.press("Enter")
    screen.until("F7 Mkdir", gone="New folder")
