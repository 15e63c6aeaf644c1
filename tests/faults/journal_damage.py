"""A journal with many kinds of jobs, damaged in one way, and what must come back (faults.md A9).

    python -m tests.faults.journal_damage --cases 5000 [--seed 7]

flips bits, cuts off and blanks at random places; each job must come back as it was, or parked, or
be counted as lost.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from providers.base import Place
from tests.transfers.samples import make_job
from transfers.journal import Changes, Journal, Part
from transfers.journal_rows import DOUBT
from transfers.model import Job, JobState, Op, ParkReason, Proof, ProofWord

PAGE = 4096  # bytes
_STATES = list(JobState)


def sample_jobs(count: int) -> dict[int, Job]:
    """Jobs in every state, some with all fields set, one longer than a page."""
    jobs = {}
    for number in range(1, count + 1):
        job = make_job(number, _STATES[number % len(_STATES)], size=number, modified=float(number))
        if number % 5 == 0:
            job = replace(
                job,
                op=Op.MOVE,
                source=Place("sftp://ann@h:22", f"/caf\udce9/\n{number}"),
                upload='{"path": "/x"}' * (400 if number % 20 == 0 else 1),
                begun=True,
                sent=number * 10,
                proof=Proof(ProofWord.MISMATCH, "sha256", "aa", "bb", "read back"),
                started=1.5,
            )
        jobs[number] = job
    return jobs


def write_journal(path: Path, jobs: Mapping[int, Job]) -> None:
    journal = Journal(path)
    changes = Changes(dict(jobs), settings={"held": "1"})
    for job in jobs.values():
        changes.note(job.id, 5.0, None, job.state, job.reason)
        if job.sent:
            changes.parts.append(Part(job.id, 1, 0, job.sent, "receipt"))
    journal.write(changes)
    journal.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many jobs came back as they were, parked, and not at all."""

    intact: int
    parked: int
    lost: int
    notice: str


def reopened(path: Path, *allowed: Mapping[int, Job]) -> Outcome:
    """Open the damaged journal at `path`, twice; each job may be as in any of `allowed`.

    Raises AssertionError when one is silently lost or altered.
    """
    damaged = path.read_bytes()
    journal = Journal(path)
    notice, found = journal.notice, {job.id: job for job in journal.load()}
    journal.close()
    again = Journal(path)
    assert (again.notice, {job.id: job for job in again.load()}) == ("", found)
    again.close()
    known = set().union(*allowed)
    intact = {n for n in known if n in found and any(found[n] == jobs.get(n) for jobs in allowed)}
    parked = {job.id for job in found.values() if _is_doubtful(job)} - intact
    altered = set(found) - intact - parked
    assert not altered, f"silently altered: {[found[n] for n in altered]}"
    lost = max(0, min(map(len, allowed)) - len(found))
    _check_notice(notice, len(found), len(parked), lost, whole=not parked and not lost)
    if notice:
        _check_kept(path, damaged)
    return Outcome(len(intact), len(parked), lost, notice)


def _is_doubtful(job: Job) -> bool:
    return (job.state, job.park) == (JobState.PARKED, ParkReason.OTHER) and (
        job.reason == DOUBT or job.reason.startswith("The saved queue was damaged while")
    )


def _check_notice(notice: str, found: int, parked: int, lost: int, whole: bool) -> None:
    if not notice:
        assert whole, "not a word about it"
        return
    assert notice.isprintable()
    assert f" {found} transfers were read back" in notice, notice
    assert not parked or f"{parked} of them parked" in notice, notice
    told = re.search(r"(\d+) could not be read", notice)
    if told is None:
        assert "cannot be told" in notice, notice
    else:
        assert int(told[1]) >= lost, notice


def _check_kept(path: Path, damaged: bytes) -> None:
    kept = [
        other for other in path.parent.glob("queue.db.damaged-*") if "-journal" not in other.name
    ]
    assert [other.read_bytes() for other in kept] == [damaged]
    for other in (*kept, path):
        assert os.name == "nt" or other.stat().st_mode & 0o777 == 0o600
    assert not path.with_name("queue.db-journal").exists()
    assert not path.with_name("queue.db.new").exists()


def cut(raw: bytes, length: int) -> bytes:
    return raw[:length]


def flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def blanked(raw: bytes, first: int, pages: int) -> bytes:
    changed = bytearray(raw)
    end = min(len(raw), (first + pages) * PAGE)
    changed[first * PAGE : end] = bytes(end - first * PAGE)
    return bytes(changed)


def random_damage(raw: bytes, dice: random.Random) -> tuple[str, bytes]:
    """A damage and its name, with which it can be repeated."""
    kind = dice.choice(["flip", "flip", "cut", "blank"])
    if kind == "flip":
        bit = dice.randrange(len(raw) * 8)
        return f"bit {bit}", flipped(raw, bit)
    if kind == "cut":
        length = dice.randrange(len(raw))
        return f"cut to {length}", cut(raw, length)
    first, pages = dice.randrange(len(raw) // PAGE), dice.randint(1, 3)
    return f"{pages} pages from {first} blank", blanked(raw, first, pages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    dice = random.Random(options.seed)
    jobs = sample_jobs(120)
    sums: Counter[str] = Counter()
    for _ in range(options.cases):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "queue.db"
            write_journal(path, jobs)
            name, damaged = random_damage(path.read_bytes(), dice)
            path.write_bytes(damaged)
            try:
                outcome = reopened(path, jobs)
            except Exception as error:
                error.add_note(f"seed {options.seed}: {name}")
                raise
            sums["noticed"] += bool(outcome.notice)
            sums["intact"] += outcome.intact
            sums["parked"] += outcome.parked
            sums["lost and told"] += outcome.lost
    figures = ", ".join(f"{n} {what}" for what, n in sums.items())
    sys.stdout.write(f"{options.cases} damages, 0 silent; {figures}; seed {options.seed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
