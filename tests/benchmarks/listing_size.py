"""What a folder of a million keys costs (faults.md H2).

    python -m tests.benchmarks.listing_size [--keys 1000000]

A server in a process of its own makes the pages. Printed, in seconds and MiB: until the first page
came and all of them had, from the provider alone; until the first rows stood in a pane and all did;
until nothing was asked any more after Escape; and how much the process that shows them grew.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from providers.access import Access
from providers.base import Place
from providers.registry import open_provider
from tests.faults.lister import most_memory
from tests.servers.many_keys import BUCKET, ManyKeys
from tests.servers.s3_servers import access_to
from tests.tui.app_case import make_app, names, pane, read, until
from tui.app import WharfieApp

_ROOT = Path(__file__).parents[2]
_SECONDS = 280


def measure(keys: int) -> dict[str, float]:
    """Each figure from a process of its own, against one server."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, ManyKeys(Path(name), keys) as server:
        for what in ("provider", "pane"):
            command = [sys.executable, "-m", "tests.benchmarks.listing_size", "--only", what]
            command += [f"--server={server.base}", f"--keys={keys}"]
            done = subprocess.run(
                command, cwd=_ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
            assert done.returncode == 0, done.stderr
            figures |= json.loads(done.stdout)
    return figures


def _of_provider(base: str, keys: int, folder: Path) -> dict[str, float]:
    endpoint, access = access_to(base, folder)
    with closing(open_provider(endpoint, access)) as place:
        place.stat(f"/{BUCKET}")  # connected, and what signs is imported
        began, count, first = time.monotonic(), 0, 0.0
        for page in place.list_dir(f"/{BUCKET}"):
            first = first or time.monotonic() - began
            count += len(page)
    assert count == keys
    return {"first page": first, "all pages": time.monotonic() - began}


async def _in_pane(base: str, keys: int, folder: Path) -> dict[str, float]:
    endpoint, access = access_to(base, folder)
    here = Place("file:", str(folder))

    def opened(wanted: str, _: Access) -> object:
        return open_provider(wanted, access)

    app = make_app(here, here, opener=opened)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await read(pilot)
        open_provider(endpoint, access).stat(f"/{BUCKET}")
        gc.collect()
        before, began = most_memory(), time.monotonic()
        pane(app).open(Place(endpoint, f"/{BUCKET}"))
        await until(pilot, lambda: names(app)[:1] == ["scan-2026-0000000.tiff"])
        first = time.monotonic() - began
        stopped = await _stopped(app, pilot)
        pane(app).reread()
        began = time.monotonic()
        await until(pilot, lambda: pane(app).idle and len(pane(app).entries) == keys, _SECONDS)
        whole = time.monotonic() - began
    grown = (most_memory() - before) / 1024
    return {"first rows": first, "stop": stopped, "all rows": whole, "memory": grown}


async def _stopped(app: WharfieApp, pilot: object) -> float:
    """Seconds from Escape until the thread that lists has ended."""
    lists = [t for t in threading.enumerate() if t.name == "wharfie-call" and t.is_alive()]
    assert lists, "it was read already"
    began = time.monotonic()
    await pilot.press("escape")  # type: ignore[attr-defined]
    await until(pilot, lambda: pane(app).idle and not any(t.is_alive() for t in lists))  # type: ignore[arg-type]
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("provider", "pane"))
    parser.add_argument("--server")
    options = parser.parse_args()
    if options.only is None:
        for what, figure in measure(options.keys).items():
            unit = "MiB" if what == "memory" else "s"
            sys.stdout.write(f"{what:12} {figure:8.2f} {unit}\n")
        return
    with tempfile.TemporaryDirectory() as name:
        if options.only == "provider":
            figures = _of_provider(options.server, options.keys, Path(name))
        else:
            figures = asyncio.run(_in_pane(options.server, options.keys, Path(name)))
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main()
