"""A scenario recorded once, and its power cut at many calls: each time a queue is started on what
is left, and looked at (oracle.py)."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.crash.child import next_run
from tests.faults.crash.point import forked
from tests.faults.crash.scenarios import SCENARIOS
from tests.faults.oracle import Finding, Harm, Watched, after_crash, at_end
from tests.faults.power_cut.disk import Directory, Disk, as_it_is, identity_of
from tests.faults.power_cut.left import Identity, Left, Manner
from tests.faults.power_cut.recording import Call, record
from tests.faults.power_cut.victim import ACCEPTED, DONE, world_of
from transfers.engine import JOURNAL_NAME
from transfers.journal import Journal
from transfers.model import Job, JobState

SCENARIO_NAMES = (
    *("copy", "copy where names are given by links", "overwrite", "many small files"),
    *("move across disks", "move over a file", "move by renaming", "move by linking"),
    "large in parts",
)
_STRANGE = 1 << 40  # what a new file's inode differs by from any recorded one


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes after call number `at`. `seed` draws what lasted by chance."""

    at: int
    manner: Manner
    seed: int

    def __str__(self) -> str:
        return f"{self.at}:{self.manner.name}:{self.seed}"


class Recorded:
    """One run of a scenario below `directory`, where each cut is carried out, too."""

    def __init__(self, name: str, directory: Path) -> None:
        self._scenario = SCENARIOS[name]
        self._directory = directory.resolve() / "run"
        self._log = directory / "log"
        self._directory.mkdir(parents=True)
        self._files: Sequence[Watched] = self._scenario.set_up(self._directory)
        self._before = as_it_is(self._directory)
        victim = "tests.faults.power_cut.victim"
        self.calls: list[Call] = record(victim, name, str(self._directory), log=self._log)
        self._identities = self._recorded_identities()
        shutil.rmtree(self._directory)

    def disk(self) -> Disk:
        """As it was before the first call."""
        return Disk(self._directory, self._before)

    def _recorded_identities(self) -> list[Identity | None]:
        """Of what the calls made. Raises AssertionError when the record is not what happened."""
        disk = self.disk()
        for call in self.calls:
            disk.apply(call)
        _identify(disk.root, self._directory)
        copy = self._directory.with_name("copy")
        Left.of(disk.root, Manner.ALL, random.Random()).write(disk.root, copy)
        assert _contents(copy) == _contents(self._directory), "the record is not what happened"
        shutil.rmtree(copy)
        return [node.identity for node in disk.made]

    def draw(self, count: int, seed: int) -> list[Cut]:
        """In the order of the calls. Only those after which something may be lost count."""
        source = random.Random(seed)
        marks = [number for number, call in enumerate(self.calls) if self._is_ours(call)]
        manners = [Manner.NOTHING, Manner.NAMES, Manner.CHANCE, Manner.CHANCE]
        cuts = [
            Cut(source.choice(marks), source.choice(manners), source.randrange(1 << 32))
            for _ in range(count)
        ]
        return sorted(cuts, key=lambda cut: cut.at)

    def _is_ours(self, call: Call) -> bool:
        """Whether a call may matter to the folder: its paths lie in it, or it has none."""
        inside = os.fsencode(self._directory)
        paths = [text for text in call.strings if text.startswith(b"/")]
        return bool(call.mark) or not paths or any(path.startswith(inside) for path in paths)

    def carry_out(self, cuts: Iterable[Cut]) -> Iterator[tuple[Cut, list[Finding]]]:
        """`cuts` are in order."""
        disk, done = self.disk(), 0
        for cut in cuts:
            for call in self.calls[done : cut.at + 1]:
                disk.apply(call)
            done = cut.at + 1
            for node, identity in zip(disk.made, self._identities, strict=False):
                node.identity = identity
            left = Left.of(disk.root, cut.manner, random.Random(cut.seed))
            left.write(disk.root, self._directory)
            yield cut, self._look(self._told(cut.at), left.identities)
            shutil.rmtree(self._directory)

    def _told(self, at: int) -> Counter[str]:
        """What the process had said: how many jobs were accepted, which were done."""
        told = Counter[str]()
        for call in self.calls[: at + 1]:
            if call.said[0] == ACCEPTED:
                told[ACCEPTED] += int(call.said[1])
            elif call.said[0] == DONE:
                told[call.mark] += 1
        return told

    def _look(
        self, told: Mapping[str, int], identities: Mapping[Identity, Identity]
    ) -> list[Finding]:
        folders = [self._directory / "from", self._directory / "to"]
        jobs, notice = self._journaled()
        accepted = told[ACCEPTED]
        found = after_crash(self._files, folders, jobs, accepted)
        found += [Finding(Harm.LOST, notice)] if notice else []
        for job in jobs:
            found += _journal_ahead(job, told, self._files)
        if not found:
            log = self._log.with_name("errors")
            _, status = os.waitpid(forked(lambda: self._go_on(identities), log), 0)
            trouble = f"the next run ended with {status}: {log.read_text()}" if status else ""
            found = [Finding(Harm.LOST, trouble)] if trouble else []
        if not found:
            jobs, _ = self._journaled()
            found = at_end(self._files, folders, jobs, accepted, returning=True)
        return found

    def _journaled(self) -> tuple[list[Job], str]:
        """The jobs as a restart will find them, and what it has to say of the file."""
        queue, copy = self._directory / "queue", self._directory / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(queue, copy) if queue.exists() else copy.mkdir()
        journal = Journal(copy / JOURNAL_NAME)
        try:
            return journal.load(), journal.notice
        finally:
            journal.close()

    def _go_on(self, identities: Mapping[Identity, Identity]) -> None:
        _number_as(identities)
        next_run(world_of(self._scenario), self._scenario, self._directory)


def _journal_ahead(
    job: Job, told: Mapping[str, int], files: Sequence[Watched]
) -> Iterator[Finding]:
    """What was shown as done is; and what the journal says is stored, is stored."""
    if told[f"{DONE}/{job.id}"] and job.state is not JobState.DONE:
        yield Finding(Harm.LOST, f"job {job.id} was shown as done and is {job.state}")
    if job.finished or job.upload is None or not job.sent:
        return
    new = next(file.new for file in files if str(file.target) == job.target.path)
    places = (Path(json.loads(job.upload)["temporary"]), Path(job.target.path))
    stored = (path.read_bytes()[: job.sent] for path in places if path.exists())
    if new[: job.sent] not in stored:
        yield Finding(Harm.ALTERED, f"job {job.id}: {job.sent} bytes are journaled, not stored")


def _identify(directory: Directory, folder: Path) -> None:
    directory.identity = identity_of(folder)
    for name, node in directory.names.items():
        if isinstance(node, Directory):
            _identify(node, folder / name)
        else:
            node.identity = identity_of(folder / name)


def _contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def _number_as(identities: Mapping[Identity, Identity]) -> None:
    """Have this process see files by the numbers they had, as they keep them on a real disk."""

    def seen(info: os.stat_result) -> os.stat_result:
        device, inode = identities.get(
            (info.st_dev, info.st_ino), (info.st_dev, info.st_ino + _STRANGE)
        )
        named = {name: getattr(info, name) for name in dir(info) if name.startswith("st_")}
        plain = [*info]
        plain[1], plain[2] = inode, device
        return os.stat_result(plain, named)

    for name in ("stat", "lstat", "fstat"):
        setattr(os, name, _seeing(getattr(os, name), seen))


def _seeing(call: Any, seen: Any) -> Any:
    return lambda *arguments, **named: seen(call(*arguments, **named))
