"""A mirror that is killed with SIGKILL at random moments, again and again (faults.md A1).

    python -m tests.faults.mirror_kills --times 100 [--seed 7] [--pair local-sftp] [--files 160]

Before each kill the source is changed at random: new files, other contents, files and folders that
are moved or deleted. Every fourth mirror hands its work to a process of its own for the queue: then
the command is killed, or that host, or both. Right after a kill, and when it was run again to its
end, both trees are looked at, by a look that is not Wharfie's own:

- the source is as it was;
- what stands at the target is the old file or the new one, byte for byte; what is gone has to be
  gone from the source, too, and is in the backup folder, where the target can rename, or was moved;
- at the end both are equal and nothing unfinished is left.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from providers.names import is_temporary
from tests.faults.mirror_grounds import Ground, OnDisk, Path_, Shell, Tree, grounds
from tests.faults.mirror_trees import THEN, expected, grow, shown

PAIRS = ("local-local", "local-sftp", "sftp-local", "local-s3", "local-drive")
_KEPT = "kept by mirrors"
_DEADLINE = 120.0
_PATIENCE = 2.0  # seconds in which a server may still do what it was told before the kill
_AGAIN = 0.3  # of the kills, which are followed by another one before the mirror ends
_HOSTED = 4
_RATE = 4 << 20  # bytes a second, of mirrors that are to be killed


@dataclass(slots=True)
class Campaign:
    """What became of it. `midway`: kills after which some of the work was done and some was not."""

    kills: int = 0
    midway: int = 0
    rounds: int = 0
    of: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    changes: int = 0
    harm: list[str] = field(default_factory=list)


class Editor:
    """Changes the tree at `top` at random. `dated`: with times of long ago, each later than those
    before; a place that tells only when it stored something knows nothing of them."""

    def __init__(self, top: Path, chance: random.Random, *, dated: bool) -> None:
        self._top, self._chance, self._count, self._dated = top, chance, 0, dated

    def edit(self, times: int) -> None:
        steps = (self._new, self._new, self._other, self._other, self._moved, self._gone)
        for _ in range(times):
            self._chance.choice(steps)()
        if self._chance.random() < 0.3:
            self._folder_moved()

    def _new(self) -> None:
        self._count += 1
        folder = self._chance.choice(self._folders())
        self._write(folder / f"new {self._count} é\n{self._chance.choice('abc')}")

    def _other(self) -> None:
        self._write(self._chance.choice(self._files()))

    def _moved(self) -> None:
        self._count += 1
        file = self._chance.choice(self._files())
        file.rename(self._chance.choice(self._folders()) / f"moved {self._count}")

    def _gone(self) -> None:
        files = self._files()
        if len(files) > 60:
            self._chance.choice(files).unlink()

    def _folder_moved(self) -> None:
        self._count += 1
        folder = self._chance.choice(self._folders())
        if folder != self._top:
            folder.rename(self._top / f"folder {self._count}")

    def _write(self, path: Path) -> None:
        self._count += 1
        size = self._chance.choice((0, 100, 5000, 50_000, 400_000))
        path.write_bytes(self._chance.randbytes(size))
        if self._dated:
            os.utime(path, (THEN + 20_000_000 + self._count,) * 2)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._top.rglob("*") if path.is_file())

    def _folders(self) -> list[Path]:
        return [self._top, *sorted(path for path in self._top.rglob("*") if path.is_dir())]


class Killer:
    """Mirrors `left`, a folder that it edits, to `right`. `backup`: whether that can rename."""

    def __init__(self, shell: Shell, left: OnDisk, right: Ground, files: int, seed: int) -> None:
        self._shell, self._left, self._right = shell, left, right
        self._chance = random.Random(seed)
        grow(left.top, files, seed)
        for path in expected(left.tree(), right)[
            1
        ]:  # it is told of each time: not what is asked here
            _remove(left.top.joinpath(*path))
        self._editor = Editor(left.top, self._chance, dated=right.dated)
        self._backup = right.folders
        self._words = ["mirror", left.address, right.address, "--delete", "--yes"]
        if self._backup:
            self._words += ["--backup", f"{right.address.rstrip('/')}/{_KEPT}"]
        self._usual, self._size = 1.0, 0
        self.campaign = Campaign()

    def run(self, times: int) -> Campaign:
        campaign = self.campaign
        self._to_the_end({})
        while campaign.kills < times and campaign.rounds < 5 * times:
            self._round(campaign)
            campaign.rounds += 1
        if campaign.kills < times:
            campaign.harm.append(f"only {campaign.kills} of {times} kills struck")
        campaign.kept = sum(path[0] == _KEPT for path in self._right.tree())
        return campaign

    def _round(self, campaign: Campaign) -> None:
        before = self._mirrored()
        self._editor.edit(self._chance.randrange(20, 120))
        wanted = self._wanted()
        differing = _differing(before, wanted)
        campaign.changes += len(differing)
        self._size = sum(len(wanted.get(path) or b"") for path in differing)
        hosted = campaign.rounds % _HOSTED == _HOSTED - 1
        while True:
            struck = self._hosted() if hosted else self._killed()
            if struck:
                campaign.kills += 1
                campaign.of[struck] += 1
            self._look(before, wanted)
            if self._chance.random() > _AGAIN:
                break
        self._to_the_end(before)

    # Killing -----------------------------------------------------------------------------------

    def _killed(self) -> str:
        """ "command" if it was under way when it was killed, else ""."""
        process = self._shell.start(*self._words, "--limit", f"{_RATE >> 20}M")
        longest = self._usual + self._size / _RATE
        time.sleep(self._chance.uniform(0.3, longest))
        process.kill()
        process.communicate(timeout=_DEADLINE)
        return "command" if process.returncode == -signal.SIGKILL else ""

    def _hosted(self) -> str:
        host = self._shell.start(module="tui.headless.host")
        assert host.stdout is not None
        host.stdout.readline()
        command = self._shell.start(*self._words)
        time.sleep(self._chance.uniform(0.2, self._usual))
        which = self._chance.choice(("command", "host", "host and command"))
        victims = [p for p, name in ((host, "host"), (command, "command")) if name in which]
        alive = command.poll() is None
        for victim in victims:
            victim.kill()
        command.communicate(timeout=_DEADLINE)
        if which == "command":
            self._look_at_host(host)
        host.kill()
        host.communicate()
        return f"{which} (of two)" if alive else ""

    def _look_at_host(self, host: subprocess.Popen[bytes]) -> None:
        """A host goes on when its command is gone: it is run out, or killed as well."""
        if self._chance.random() < 0.5:
            time.sleep(self._chance.uniform(0.0, 1.0))

    # Looking -----------------------------------------------------------------------------------

    def _look(self, before: Tree, wanted: Tree) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            harm = [*self._halfway(before, wanted)]
            if not harm or time.monotonic() > deadline:
                break
            time.sleep(0.2)  # a server may be at what it was told before
        self.campaign.harm += [f"after kill {self.campaign.kills}: {each}" for each in harm]
        found = self._mirrored()
        self.campaign.midway += found not in (before, wanted)

    def _halfway(self, before: Tree, wanted: Tree) -> Iterator[str]:
        whole = self._right.tree()
        contents = {*whole.values()}
        if self._wanted() != wanted:
            yield "the source was changed"
        for path in {*before, *wanted}:
            old, new = before.get(path, _NOTHING), wanted.get(path, _NOTHING)
            now = whole.get(path, _NOTHING)
            if now not in (old, new):
                yield f"{shown(path)} is neither old nor new"
            if now is _NOTHING and isinstance(old, bytes) and self._backup and old not in contents:
                yield f"{shown(path)} is gone, and kept nowhere"
        for path in whole:
            if path not in before and path not in wanted and not _is_ours(path):
                yield f"{shown(path)} came from nowhere"

    def _to_the_end(self, before: Tree) -> None:
        began = time.monotonic()
        done = self._shell.run(*self._words)
        if not before:
            began = time.monotonic()
            self._editor.edit(70)
            done = self._shell.run(*self._words)
            self._usual = 1.1 * (time.monotonic() - began)
        wanted = self._wanted()
        harm = [] if (done.code, done.err) == (0, "") else [f"ended with {done.code}: {done.err}"]
        found = self._mirrored(unfinished=True)
        harm += [f"not equal: {shown(path)}" for path in _differing(found, wanted)]
        harm += self._halfway(before, wanted)
        self.campaign.harm += [f"run to the end after {self.campaign.kills}: {h}" for h in harm]

    def _wanted(self) -> Tree:
        return expected(self._left.tree(), self._right)[0]

    def _mirrored(self, *, unfinished: bool = False) -> Tree:
        """The target without what is kept there."""
        return {
            path: content
            for path, content in self._right.tree().items()
            if path[0] != _KEPT and (unfinished or not is_temporary(path[-1]))
        }


_NOTHING = object()


def _is_ours(path: Path_) -> bool:
    return path[0] == _KEPT or is_temporary(path[-1])


def _differing(one: Tree, other: Tree) -> list[Path_]:
    paths = {*one, *other}
    return [p for p in paths if one.get(p, _NOTHING) != other.get(p, _NOTHING)]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--files", type=int, default=160)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--pair", choices=PAIRS, default="local-sftp")
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mk") as name:
        folder = Path(name)
        shell = Shell(folder)
        with grounds(folder, shell) as made:
            left, right = (made.of(kind) for kind in options.pair.split("-"))
            assert isinstance(left, OnDisk)
            killer = Killer(shell, left, right, options.files, options.seed)
            campaign = killer.run(options.times)
    return _told(campaign, options.pair, time.monotonic() - began)


def _told(campaign: Campaign, pair: str, seconds: float) -> int:
    for each in campaign.harm[:40]:
        sys.stdout.write(f"harm: {each}\n")
    of = ", ".join(f"{count} of the {who}" for who, count in sorted(campaign.of.items()))
    ended = f"{len(campaign.harm)} HARMS" if campaign.harm else "equal each time, nothing lost"
    sys.stdout.write(
        f"{pair}: {campaign.kills} kills in {campaign.rounds} mirrors ({of}), {campaign.midway} "
        f"midway, {campaign.changes} changes mirrored, {campaign.kept} kept: {ended}; "
        f"{seconds:.0f} s\n"
    )
    return 1 if campaign.harm else 0


if __name__ == "__main__":
    sys.exit(main())
