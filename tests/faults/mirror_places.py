"""A tree of hostile names mirrored between every two kinds of places, twice.

    python -m tests.faults.mirror_places --files 10000 [--pair local-sftp …] [--service juicefs]

Of each pair: the first run, held against what was to come of it, byte for byte, by a look at the
place that is not Wharfie's own; then a second run, which has nothing to transfer and asks each side
for about one list a folder. A file that the target cannot keep has to be told of, each time, by a
line of its own; all others have to be there, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.mirror_grounds import SERVICES, Ground, Grounds, OnDisk, Shell, Tree, grounds
from tests.faults.mirror_trees import expected, grow, shown
from tests.tui.cli_runner import Finished

PAIRS = (
    *("local-local", "local-sftp", "sftp-local", "local-s3", "s3-local", "local-drive"),
    *("drive-local", "http-local", "s3-sftp", "sftp-s3", "drive-s3", "http-drive"),
)
_TO_BEGIN = 12  # requests: a sign-in, the tops, and what is above them
_SHOWN = 5


@dataclass(slots=True)
class Result:
    """What came of one pair. `harm`: what must not be."""

    pair: str
    files: int = 0
    folders: int = 0
    copies: int = 0
    told: int = 0
    again: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)
    seconds: tuple[float, float] = (0.0, 0.0)
    harm: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        asked = [f"{side} {n} (at most {self.bounds[side]})" for side, n in self.requests.items()]
        return (
            f"{self.pair}: {self.files} files in {self.folders} folders, {self.copies} copies, "
            f"{self.told} told of; {'NOT EQUAL' if self.harm else 'equal byte by byte'}; second "
            f"run: {self.again} transfers, requests: {', '.join(asked) or 'none'}; "
            f"{self.seconds[0]:.0f} s, {self.seconds[1]:.1f} s"
        )


def run_pair(pair: str, files: int, made: Grounds, shell: Shell, seed: int = 1) -> Result:
    """Grow a tree on the left, mirror it, look, and mirror it again."""
    left, right = _both(pair, files, made, shell, seed)
    tree = left.tree()
    result = Result(pair, sum(content is not None for content in tree.values()))
    result.folders = 1 + sum(content is None for content in tree.values())
    wanted, told = expected(tree, right)
    first, result.seconds = _timed(shell, left, right)
    *jobs, summary = first.lines or [{}]
    result.copies = sum(job.get("op") == "copy" and job["state"] == "done" for job in jobs)
    result.harm += _differences(wanted, right.tree())
    result.harm += _not_as_told(first, len(told))
    result.told = len(told)
    second, took = _timed(shell, left, right)
    result.seconds = (result.seconds[0], took[0])
    *jobs, summary = second.lines or [{}]
    result.again = sum(job.get("state") == "done" for job in jobs)
    result.requests = summary.get("requests", {})
    result.bounds = {"source": bound(tree, left), "target": bound(wanted, right)}
    result.harm += _not_as_told(second, len(told))
    if result.again:
        result.harm.append(f"the second run did {result.again} things: {jobs[:_SHOWN]}")
    for side, count in result.requests.items():
        if count > result.bounds[side]:
            result.harm.append(f"{count} requests to {side}, more than {result.bounds[side]}")
    if left.tree() != tree:
        result.harm.append("the left was changed")
    return result


def bound(tree: Tree, ground: Ground) -> int:
    """Requests that a comparison may take there: one list a folder, and a few to begin with."""
    held = Counter(path[:-1] for path in tree)
    folders = {(), *(path for path, content in tree.items() if content is None), *held}
    lists = sum(1 + held[folder] // ground.page + ground.around for folder in folders)
    return lists + _TO_BEGIN


def _both(pair: str, files: int, made: Grounds, shell: Shell, seed: int) -> tuple[Ground, Ground]:
    """A left that is full and a right that is empty. What is no folder of this computer is filled
    by a mirror from one."""
    kinds = pair.split("-")
    left, right = made.of(kinds[0]), made.of(kinds[1])
    if isinstance(left, OnDisk):
        grow(left.top, files, seed)
    else:
        source = made.of("local")
        assert isinstance(source, OnDisk)
        grow(source.top, files, seed)
        shell.run("mirror", source.address, left.address)
        wanted, _ = expected(source.tree(), left)
        assert not _differences(wanted, left.tree())
    return left, right


def _timed(shell: Shell, left: Ground, right: Ground) -> tuple[Finished, tuple[float, float]]:
    began = time.monotonic()
    done = shell.run("mirror", left.address, right.address, "--json")
    return done, (time.monotonic() - began, 0.0)


def _not_as_told(done: Finished, told: int) -> Iterator[str]:
    """What it said and how it ended, where `told` names are not what they may be there."""
    failed = [line for line in done.lines if line.get("state") == "failed"]
    if done.code != (1 if told else 0):
        yield f"it ended with {done.code}: {done.err[-500:]}"
    if len(failed) != told:
        yield f"{told} failures were to be told, not {len(failed)}: {_some(failed)}"


def _some(lines: list[dict[str, Any]]) -> str:
    return json.dumps(lines[:_SHOWN])


def _differences(wanted: Tree, found: Tree) -> list[str]:
    harm = [f"missing: {shown(path)}" for path in wanted if path not in found]
    harm += [f"not wanted: {shown(path)}" for path in found if path not in wanted]
    harm += [
        f"altered: {shown(path)}"
        for path in wanted
        if path in found and wanted[path] != found[path]
    ]
    return harm


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--pair", action="append", choices=PAIRS)
    parser.add_argument("--service", choices=SERVICES, default="juicefs")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bad = False
    for pair in options.pair or PAIRS:
        with tempfile.TemporaryDirectory(prefix="mp") as name:
            folder = Path(name)
            shell = Shell(folder)
            with grounds(folder, shell, options.service) as made:
                result = run_pair(pair, options.files, made, shell, options.seed)
        for each in result.harm[:20]:
            sys.stdout.write(f"harm: {each}\n")
        sys.stdout.write(f"{result}\n")
        sys.stdout.flush()
        bad = bad or bool(result.harm)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
