"""An upload to a bucket whose process is killed at random moments, again and again (faults.md A1).

    python -m tests.faults.s3_kills --size 1073741824 --times 50 [--seed 7] [--service rclone]

One file goes in parts to MinIO's code (juicefs gateway), through a relay that counts. Its process
gets SIGKILL `--times` times on the way, and is started again each time on what the journal and the
service hold; the last kill comes now and then while the parts are put together. What is counted of
each start:

- "sent again": bytes of bodies of parts that the service had acknowledged, in full and before this
  start, and that passed once more. At most 64 MiB are promised.
- "below the mark": bytes of bodies of parts that passed although the journal knew of them: none.

At the end the object is read back and compared by SHA-256; no unfinished upload may be left, and
only once may parts have been put together, so that it has one version. Three kills without a part
stored in between are a poisoned job's, which waits for a person (A11): after a start that had no
part journaled the next kill waits for one.
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
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from providers.registry import open_provider
from providers.s3 import pending
from providers.s3.provider import S3Provider
from tests.faults.s3_victim import work
from tests.servers.s3_servers import JuiceFs, Rclone, access_to, make_bucket
from tests.servers.s3_tally import Tally

PROMISED = 64 << 20
PART = 16 << 20  # bytes: what an upload to a bucket is cut into
_SERVICES = {"juicefs": JuiceFs, "rclone": Rclone}
_FARTHEST = 5  # parts of one start
_LOOK_SECONDS = 0.002
_DEADLINE = 120.0

Ending = tuple[str, str, str]


@dataclass(slots=True)
class Start:
    """One start of the process. `mark`: bytes that the journal knew of as stored when it began."""

    mark: int
    known: frozenset[tuple[int, int]]  # parts acknowledged before: number and length
    first: int  # of the tally's parts
    passed: int = 0
    again: int = 0
    below: int = 0


@dataclass(slots=True)
class Campaign:
    """One upload and what became of it."""

    starts: list[Start] = field(default_factory=list)
    kills: int = 0
    ending: Ending = ("", "", "")
    harm: list[str] = field(default_factory=list)

    @property
    def most_again(self) -> int:
        return max(start.again for start in self.starts)


class Killer:
    """Uploads one file of `size` bytes through `tally`. `seed` chooses content and moments.

    `part`: bytes of what the upload is cut into; `victim` works in a process of its own.
    """

    part = PART
    victim = staticmethod(work)
    preload: tuple[str, ...] = ("tests.faults.s3_victim", "providers.s3.provider")

    def __init__(self, folder: Path, tally: Tally, size: int, seed: int):
        self._folder, self._tally, self._size = folder, tally, size
        self._random = random.Random(seed)
        self._file = folder / "file"
        self._sha256 = _fill(self._file, size, random.Random(seed))
        self._prepare()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*self.preload])
        self._vain = False  # whether the last start had no part journaled
        self._mark = -1  # bytes that are journaled, as far as was told

    def _prepare(self) -> None:
        self._endpoint, self._access = access_to(self._tally.base, self._folder)
        self._bucket = make_bucket(self._endpoint, self._access)
        self._path = f"/{self._bucket}/file"

    def _target(self) -> tuple[str, str]:
        return self._endpoint, self._path

    def run(self, times: int) -> Campaign:
        campaign = Campaign()
        while True:
            left = times - campaign.kills
            ending = self._start(campaign, left)
            if ending is not None:
                campaign.ending = ending
                break
            campaign.kills += 1
        if campaign.kills < times:
            campaign.harm.append(f"only {campaign.kills} of {times} kills struck")
        self._judge(campaign)
        return campaign

    # One start -------------------------------------------------------------------------------

    def _start(self, campaign: Campaign, kills_left: int) -> Ending | None:
        """How the job ended; None: it was killed."""
        hear, told = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=self.victim, args=(str(self._folder), str(self._file), self._target(), told)
        )
        process.start()
        told.close()
        begun: Start | None = None
        try:
            begun = self._begun(hear)
            campaign.starts.append(begun)
            if kills_left:
                ending = self._until(hear, begun, kills_left)
                if ending is not None:
                    return ending
                process.kill()
            return self._heard(hear, _DEADLINE)
        except EOFError:
            process.join()
            assert process.exitcode == -signal.SIGKILL, f"it died by itself: {process.exitcode}"
            return None
        finally:
            process.join()
            if begun is not None:
                self._count(begun)

    def _begun(self, hear: Connection) -> Start:
        assert hear.recv() == "works"
        assert hear.poll(_DEADLINE), "it did not say what the journal knows"
        mark = hear.recv()
        self._vain = mark <= self._mark
        self._mark = mark
        sent = self._tally.parts
        known = frozenset((part.number, part.length) for part in sent if part.acknowledged)
        return Start(mark, known, len(sent), self._tally.passed)

    def _until(self, hear: Connection, begun: Start, kills_left: int) -> Ending | None:
        """Wait for the moment to kill; how the job ended where it was faster."""
        naming = kills_left == 1 and self._random.random() < 0.5
        nowhere = self._vain
        enough = self._random.randrange(self._farthest(kills_left))
        more = self._random.randrange(self.part)
        while True:
            while hear.poll(_LOOK_SECONDS):
                told = hear.recv()
                if not isinstance(told, int):
                    ending: Ending = told
                    return ending
                if nowhere and told > begun.mark:
                    nowhere, enough = False, self._tally.passed - begun.passed + more // 16
            passed = self._tally.passed - begun.passed
            if self._tally.completing.is_set() or (passed >= enough and not naming and not nowhere):
                return None

    def _farthest(self, kills_left: int) -> int:
        """How many bytes a start may send: the upload has to last for every kill."""
        left, farthest = (self._size - self._mark) // self.part, _FARTHEST * self.part
        many = left > kills_left + 4
        return max(1, min(farthest, (left - 1) * self.part) if many else self.part)

    def _heard(self, hear: Connection, seconds: float) -> Ending:
        """What it says at its end. Raises EOFError when it was killed before."""
        deadline = time.monotonic() + seconds
        while True:
            assert hear.poll(deadline - time.monotonic()), "it did not end by itself"
            told = hear.recv()
            if not isinstance(told, int):
                ending: Ending = told
                return ending

    def _count(self, begun: Start) -> None:
        """What passed of parts in this start."""
        for part in self._tally.parts[begun.first :]:
            begun.again += part.passed * ((part.number, part.length) in begun.known)
            begun.below += part.passed * (part.number * self.part <= begun.mark)
        begun.passed = self._tally.passed - begun.passed

    # The end ---------------------------------------------------------------------------------

    def _judge(self, campaign: Campaign) -> None:
        harm = campaign.harm
        if campaign.ending[0] != "done":
            harm.append(f"ended as {campaign.ending}")
        if any(part.length > self.part for part in self._tally.parts):
            harm.append("a part was larger than was thought")
        if campaign.most_again > PROMISED:
            harm.append(f"{campaign.most_again} bytes were sent again in one start")
        if any(start.below for start in campaign.starts):
            harm.append("parts that the journal knew of were sent again")
        if self._tally.completed != 1:
            harm.append(f"{self._tally.completed} versions of it were made")
        harm += self._found_there()

    def _found_there(self) -> list[str]:
        """What is wrong with what the service holds at the end."""
        harm: list[str] = []
        provider = open_provider(self._endpoint, self._access)
        assert isinstance(provider, S3Provider)
        with closing(provider):
            names = [entry.name for page in provider.list_dir(f"/{self._bucket}") for entry in page]
            if names != ["file"]:
                harm.append(f"the bucket has {names}")
            elif _sha256(provider, self._path) != self._sha256:
                harm.append("altered")
            left = [*pending._pending(provider._session, self._path)]
            if left:
                harm.append(f"{len(left)} unfinished uploads were left")
        return harm


def _fill(file: Path, size: int, content: random.Random) -> str:
    sha256 = hashlib.sha256()
    with file.open("wb") as stream:
        for start in range(0, size, 1 << 20):
            piece = content.randbytes(min(1 << 20, size - start))
            sha256.update(piece)
            stream.write(piece)
    return sha256.hexdigest()


def _sha256(provider: S3Provider, path: str) -> str:
    sha256 = hashlib.sha256()
    with provider.read(path) as reader:
        for chunk in reader.chunks():
            sha256.update(chunk)
    return sha256.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=1 << 30)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--service", choices=_SERVICES, default="juicefs")
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            _SERVICES[options.service](folder / "service") as server,
            Tally(server.port) as tally,
        ):
            killer = Killer(folder, tally, options.size, options.seed)
            campaign = killer.run(options.times)
    return told(campaign, tally, options.size, time.monotonic() - began)


def told(campaign: Campaign, tally: Tally, size: int, seconds: float) -> int:
    """Say what became of it: the exit code."""
    for each in campaign.harm:
        sys.stdout.write(f"harm: {each}\n")
    sys.stdout.write(f"{_summary(campaign, tally, size, seconds)}\n")
    return 1 if campaign.harm else 0


def _summary(campaign: Campaign, tally: Tally, size: int, seconds: float) -> str:
    again = [start.again for start in campaign.starts]
    whole = "not whole" if campaign.harm else "whole, one version, no upload left"
    return (
        f"{size} bytes, {campaign.kills} kills: {whole}; sent again after a kill: at most "
        f"{max(again) / (1 << 20):.1f} MiB ({PROMISED >> 20} promised), "
        f"{sum(again) / max(1, campaign.kills) / (1 << 20):.1f} on average; below the journaled "
        f"mark: {sum(start.below for start in campaign.starts)} bytes; "
        f"{tally.passed / size:.2f} times the file was sent; {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
