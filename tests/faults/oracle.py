"""What must be so after any fault: nothing lost, nothing altered, nothing left (faults.md 4).

Two looks: right after a crash, when work is half done, and at the end, when a restart finished it.
Places are folders of this computer, whatever way they were reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from providers.names import is_temporary
from transfers.model import Job, JobState, Op, Proof, ProofWord

_BACKUP_END = ".old"  # the name of an old file while it is swapped for the new one


class Harm(StrEnum):
    LOST = "lost"  # a job or a file is gone, or nobody will finish it: (a), (d)
    ALTERED = "altered"  # bytes that are neither the old nor the new ones: (b), (c)
    LEFT = "left behind"  # unfinished bytes that nobody knows of: (e)


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which what is there is not what must be there."""

    harm: Harm
    what: str

    def __str__(self) -> str:
        return f"{self.harm}: {self.what}"


@dataclass(frozen=True, slots=True)
class Watched:
    """A file that one job is about, as it was before. `old` stood at `target`; None: nothing."""

    source: Path
    target: Path
    new: bytes
    old: bytes | None = None
    move: bool = False
    swapped: bool = False  # a place that cannot replace in one step: the old file is put aside
    renamed: bool = False  # a move within one place: nothing is copied, so nothing is proven
    sized: bool = False  # its size is all that need be proven
    modified: float | None = None  # Unix seconds, which the copy is to have


def after_crash(
    files: Sequence[Watched], folders: Iterable[Path], jobs: Sequence[Job], accepted: int
) -> list[Finding]:
    """What must be so at any moment, also while jobs are half done: (a), (b), (d), (e)."""
    found = [*_unaccounted(jobs, accepted)]
    for file in files:
        there = _content(file.target)
        if there not in (file.old, file.new) and not (there is None and _set_aside(file)):
            found.append(Finding(Harm.ALTERED, f"{file.target} is neither old nor new"))
        found += _source_harm(file, there)
    unfinished = {job.key for job in jobs if job.begun and not job.finished}
    for path in _strangers(files, folders):
        if _key(path) not in unfinished:
            found.append(Finding(Harm.LEFT, f"{path} belongs to no job that was begun"))
    return found


def at_end(
    files: Sequence[Watched],
    folders: Iterable[Path],
    jobs: Sequence[Job],
    accepted: int,
    *,
    cancelled: bool = False,
    returning: bool = False,
) -> list[Finding]:
    """What must be so when nothing is left to do: (a) to (e). `cancelled`: a person may have.

    `returning`: what was deleted may be there again, as after a power cut.
    """
    found = [*_unaccounted(jobs, accepted)]
    by_target = {job.target.path: job for job in jobs if job.op in (Op.COPY, Op.MOVE)}
    for file in files:
        job = by_target.get(str(file.target))
        found += _file_at_end(file, job, may_stay=cancelled or returning)
    ends = {JobState.DONE, JobState.CANCELLED} if cancelled else {JobState.DONE}
    for job in jobs:
        kept = returning and job.op is Op.REMOVE_DIR and job.state is JobState.SKIPPED
        if job.state not in ends and not kept:
            found.append(Finding(Harm.LOST, f"job {job.id} ended {job.state}: {job.reason}"))
        found += _directory_at_end(job, may_stay=returning)
    found += [Finding(Harm.LEFT, str(path)) for path in _strangers(files, folders)]
    return found


def obeyed(before: Sequence[Job], after: Mapping[int, JobState], wanted: JobState) -> list[Finding]:
    """A command that was accepted outlives a crash: jobs `before` it and their states `after`.

    One that was at its end, or was getting its name, may be past it.
    """
    return [
        Finding(Harm.LOST, f"job {job.id} was to be {wanted} and is {after.get(job.id)}")
        for job in before
        if not job.finished
        and job.state is not JobState.COMMITTING
        and after.get(job.id) is not wanted
    ]


def _unaccounted(jobs: Sequence[Job], accepted: int) -> Iterator[Finding]:
    """(a): every accepted job is there once. They are numbered from 1, none was removed."""
    numbers = sorted(job.id for job in jobs)
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < accepted:
        yield Finding(Harm.LOST, f"{accepted} jobs were accepted, there are {numbers}")


def _source_harm(file: Watched, there: bytes | None) -> Iterator[Finding]:
    """(d): a source is as it was, but for one that was moved: its new place has all of it."""
    source = _content(file.source)
    if source is None and not (file.move and there == file.new):
        yield Finding(Harm.LOST, f"{file.source} is gone, {file.target} is not whole")
    elif source is not None and source != file.new:
        yield Finding(Harm.ALTERED, f"the source {file.source} was changed")


def _file_at_end(file: Watched, job: Job | None, *, may_stay: bool) -> Iterator[Finding]:
    """`may_stay`: the source of a move."""
    there = _content(file.target)
    yield from _source_harm(file, there)
    if job is not None and job.state is JobState.DONE:
        yield from _done(file, job, there)
        if file.move and file.source.exists() and not may_stay:
            yield Finding(Harm.LEFT, f"job {job.id} moved, its source stayed: {job.reason}")
    elif there != file.old:
        state = "no job" if job is None else f"job {job.id} {job.state}"
        yield Finding(Harm.ALTERED, f"{file.target} is not as it was, though {state}")


def _done(file: Watched, job: Job, there: bytes | None) -> Iterator[Finding]:
    """(c): done means that the copy is the source's, and that it was proven."""
    digest = hashlib.sha256(file.new).hexdigest()
    if there is None or hashlib.sha256(there).hexdigest() != digest:
        yield Finding(Harm.ALTERED, f"job {job.id} is done, but {file.target} is not the source")
    elif file.modified is not None and int(file.target.stat().st_mtime) != int(file.modified):
        yield Finding(Harm.ALTERED, f"{file.target} has another time than its source")
    proof = job.proof
    if (file.renamed and proof is None) or (file.sized and _is_by_size(file, proof)):
        return
    if proof is None or (proof.word, proof.source, proof.target) != (
        ProofWord.SHA256,
        digest,
        digest,
    ):
        yield Finding(Harm.ALTERED, f"job {job.id} is done, its proof is {proof}")


def _is_by_size(file: Watched, proof: Proof | None) -> bool:
    size = str(len(file.new))
    return proof is not None and (proof.word, proof.source, proof.target) == (
        ProofWord.SIZE_ONLY,
        size,
        size,
    )


def _directory_at_end(job: Job, *, may_stay: bool) -> Iterator[Finding]:
    if job.state is not JobState.DONE:
        return
    if job.op is Op.MAKE_DIR and not Path(job.target.path).is_dir():
        yield Finding(Harm.LOST, f"the directory {job.target.path} was not made")
    if job.op is Op.REMOVE_DIR and Path(job.source.path).exists() and not may_stay:
        yield Finding(Harm.LEFT, f"the directory {job.source.path} was moved and is still there")


def _set_aside(file: Watched) -> bool:
    """Whether the old file stands whole under its backup name (faults.md C5)."""
    if not file.swapped or file.old is None:
        return False
    beside = file.target.parent.glob(f".{file.target.name}.*{_BACKUP_END}")
    return any(_content(path) == file.old for path in beside)


def _strangers(files: Sequence[Watched], folders: Iterable[Path]) -> list[Path]:
    """Every file in `folders` that is neither a source nor a destination."""
    known = {path for file in files for path in (file.source, file.target)}
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path not in known and not path.is_dir()
    ]


def _key(path: Path) -> str:
    """The key of the job whose unfinished or set aside file this is; "" when it is none's."""
    name = path.name
    if name.endswith(_BACKUP_END):
        name = f"{name.removesuffix(_BACKUP_END)}.part"
    return name.rsplit(".", 2)[1] if is_temporary(name) else ""


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
