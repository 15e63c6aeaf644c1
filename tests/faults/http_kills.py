"""A download over HTTP whose process is killed at random moments, again and again (faults.md A1).

    python -m tests.faults.http_kills --times 200 [--seed 7]

Each time a file comes from a real nginx, slowed to about half a second. Its process gets SIGKILL
once to three times on the way, when as many bytes have come as the seed says; the next one goes on
from what the journal and the disk hold. Each must end done by itself with the same bytes,
and nothing left behind. The first kill may come at any byte, the others once some parts are stored:
three starts that got nowhere are a poisoned job's, and wait for a person (A11).
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from providers.names import is_temporary
from tests.faults.http_victim import PART, work
from tests.faults.proxy import Proxy, Way
from tests.servers.web_nginx import Nginx

SIZE = (16 << 20) + 4711  # bytes
_LOOK_SECONDS = 0.002
_MOST_KILLS = 3
_SOME_PARTS = 4 * PART
_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """How one download went. `kills` that struck; `came`: bytes that came from the server."""

    kills: int
    came: int
    harm: str = ""


class Killer:
    """Downloads one file again and again. `seed` chooses the moments."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._content = random.Random(seed).randbytes(SIZE)
        self._nginx = Nginx(folder / "nginx")
        (self._nginx.root / "file").write_bytes(self._content)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.faults.http_victim"])

    @contextmanager
    def serving(self) -> Iterator[None]:
        with self._nginx, Proxy(int(self._nginx.base.rpartition(":")[2])) as self._proxy:
            yield

    def once(self, number: int) -> Round:
        folder = self._folder / f"round-{number}"
        target = folder / "to" / "file"
        target.parent.mkdir(parents=True)
        before, kills, ending = self._came(), 0, None
        wanted = self._random.randint(1, _MOST_KILLS)
        while ending is None:
            moment = self._moment(target, kills) if kills < wanted else None
            ending = self._run(folder / "queue", target, moment)
            kills += ending is None
        return Round(kills, self._came() - before, self._harm(target, ending))

    def _came(self) -> int:
        """Bytes from the server so far."""
        return self._proxy.passed[Way.DOWN]

    def _moment(self, target: Path, kills: int) -> Callable[[], bool] | None:
        """Tells when the next process is to be killed; None: not at all."""
        if not kills:
            enough = self._came() + self._random.randrange(SIZE)
            return lambda: self._came() >= enough
        left = SIZE - _unfinished(target)
        if left <= _SOME_PARTS:
            return None
        most = left - self._random.randrange(_SOME_PARTS, left)
        return lambda: SIZE - _unfinished(target) <= most

    def _run(
        self, queue: Path, target: Path, moment: Callable[[], bool] | None
    ) -> tuple[str, str, str] | None:
        """How the job ended; None: the process was killed at `moment`."""
        hear, told = self._context.Pipe(duplex=False)
        source = (f"http://127.0.0.1:{self._proxy.port}", "/file")
        process = self._context.Process(target=work, args=(str(queue), source, str(target), told))
        process.start()
        told.close()
        try:
            assert hear.recv() == "works"
            if moment is None:
                assert hear.poll(_DEADLINE), "it did not end by itself"
            else:
                while not moment() and not hear.poll(_LOOK_SECONDS):
                    pass
                process.kill()
            ending: tuple[str, str, str] = hear.recv()
        except EOFError:
            process.join()
            assert process.exitcode == -signal.SIGKILL, f"it died by itself: {process.exitcode}"
            return None
        process.join()
        return ending

    def _harm(self, target: Path, ending: tuple[str, str, str]) -> str:
        if ending[:2] != ("done", "sha256 both ends"):
            return f"ended as {ending}"
        if target.read_bytes() != self._content:
            return f"altered: {hashlib.sha256(target.read_bytes()).hexdigest()}"
        left = [path.name for path in target.parent.iterdir() if is_temporary(path.name)]
        return f"left behind: {left}" if left else ""


def _unfinished(target: Path) -> int:
    """How many bytes of the file are there, under whatever name."""
    sizes = [0]
    for path in target.parent.iterdir():
        with suppress(FileNotFoundError):  # it was just given its name
            sizes.append(path.stat().st_size)
    return max(sizes)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        killer = Killer(Path(folder), options.seed)
        with killer.serving():
            rounds = [killer.once(number) for number in range(options.times)]
    for number, one in enumerate(rounds):
        if one.harm:
            sys.stdout.write(f"round {number}: {one.harm}\n")
    whole = sum(not one.harm for one in rounds)
    kills = sum(one.kills for one in rounds)
    again = sum(one.came for one in rounds) / (SIZE * len(rounds))
    sys.stdout.write(
        f"{whole} of {len(rounds)} whole after {kills} kills; {again:.2f} times the file came; "
        f"{time.monotonic() - began:.0f} s\n"
    )
    return 0 if whole == len(rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
