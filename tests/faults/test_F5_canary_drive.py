"""F5 on drives: the token, and the addresses that carry their own permits, stand nowhere."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.sandbox.graph import GraphServer
from tests.faults.canaries import World, loud_world, shown
from tests.tui.cli_runner import wharfie
from tests.tui.hosts import stop_host
from tests.tui.test_host_process import host_pid
from tui.headless.attach import attach

DATA = random.Random(5).randbytes((12 << 20) + 1)
PERMIT = re.compile(rb"tempauth|/upload/|/download/")


@pytest.fixture
def world(
    isolated_home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with loud_world(isolated_home, tmp_path_factory.mktemp("loud"), monkeypatch) as made:
        yield made


def _leaks(world: World, token: str, *texts: str | bytes) -> list[str]:
    raw = [
        (str(at), text.encode() if isinstance(text, str) else text) for at, text in enumerate(texts)
    ]
    files = [path for path in world.root.rglob("*") if path.is_file() and path not in world.kept]
    raw += [(str(path), path.read_bytes()) for path in files]
    return [where for where, content in raw if token.encode() in content or PERMIT.search(content)]


@pytest.mark.parametrize("answers", ["all", "no fragment", "no bytes"])
def test_F5_permits_and_tokens_of_a_drive_stand_nowhere(
    world: World, tmp_path: Path, answers: str
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(DATA)
    env_file = world.home.config / ".env"
    with GraphServer("business") as server:
        token = server.issue_token()
        kept = [line for line in env_file.read_text().splitlines() if "GRAPH" not in line]
        settings = {"GRAPH_TOKEN": token, **server.environment()}
        kept += [f"{name}={value}" for name, value in settings.items()]
        env_file.write_text("\n".join(kept) + "\n")
        if answers == "no fragment":
            server.fail(413, where="cdn", method="PUT", times=100, skip=1)
        elif answers == "no bytes":
            server.fail(403, where="cdn", method="GET", times=100)
        printed: list[str | bytes] = []
        with closing(attach(world.home, Access(world.home.known_hosts))):
            for words in (
                ("copy", str(source), "onedrive:/Documents/file", "--json"),
                ("copy", "onedrive:/Documents/file", str(target), "--json"),
                ("queue", "list", "--json"),
                ("doctor", "onedrive:/Documents"),
            ):
                done = wharfie(*words)
                printed += [done.out, done.err]
            printed.append(shown(host_pid(world.home)))
            assert _leaks(world, token, *printed) == []
        stop_host()
        assert _leaks(world, token, *printed) == []
    assert (answers == "all") == target.exists()
    assert b"loud" in world.log.read_bytes()
