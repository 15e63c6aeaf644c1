"""Rows of the journal: a job as columns and back, and the checksums that tell a flipped bit.

SQLite notices a page whose structure is broken, not a letter of a path that changed (faults.md A9).
So every row carries the CRC-32 of its values; a job's row has two, because what a person's command
changes (`STATUS`) is written for thousands of jobs at once.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from marshal import dumps
from sys import intern
from typing import Any, TypeAlias, TypeVar, cast

from providers.base import Place
from providers.text import from_bytes, to_bytes
from transfers.altered import OpenJob, place
from transfers.model import Carry, Job, JobState, Op, ParkReason, Policy, Proof, ProofWord, Verify

Values: TypeAlias = tuple[Any, ...]

CORE = (
    *("id", "batch", "seq", "key", "op"),
    *("source_endpoint", "source_path", "target_endpoint", "target_path"),
    *("size", "source_version", "modified", "mode", "within"),
    *("source_within", "keep", "carry", "verify"),
    *("expected", "attempts"),
    *("begun", "sent", "prefix", "upload", "replacing", "agreed", "digest", "committed"),
    *("proof_word", "proof_algorithm", "proof_source", "proof_target", "proof_how"),
)
STATUS = (
    *("state", "policy", "priority", "attempt", "restarts", "crashes"),
    *("reason", "park", "asks", "cancelling", "pausing", "started", "ended"),
)
STATUS_FIELDS = frozenset(STATUS)  # a job's fields have the columns' names
WIDTH = len(CORE) + len(STATUS) + 2  # columns of a job's row: these, and a checksum of each
REALS = tuple((*CORE, *STATUS).index(name) for name in ("modified", "started", "ended"))

DOUBT = (
    "Its line in the saved queue was damaged. Compare source and target, then resume or cancel it."
)
_KEY = re.compile("[0-9a-f]{8}")
_LARGEST_ID = 1 << 53
_KEPT_OPS = frozenset({Op.COPY, Op.LINK, Op.MAKE_DIR, Op.REMOVE_DIR, Op.NOTE})
_TAKEN_FOR: Mapping[str, Op] = {Op.MOVE_LINK: Op.LINK}  # a move would delete
_NOT_COPIES = frozenset({Op.PRUNE, Op.RENAME})
_CORES = len(CORE)
_PARKED = ("parked", "ask", 0, 0, 0, 0, DOUBT, "other", "", 0, 0, None, None)

_ENUMS: tuple[type[StrEnum], ...] = (*(Op, JobState, Policy, Verify, Carry, ParkReason, ProofWord),)
_PLAIN: Mapping[str, str] = {member: member.value for enum in _ENUMS for member in enum}
_T = TypeVar("_T", bound=StrEnum)
_NO_PROOF = (None, None, None, None, None)


def checksum(values: Values) -> int:
    """Of plain values: None, int, float, str, bytes. The same on every system and Python.

    Marshal's version 2 has neither references nor interned strings: equal values, equal bytes.
    """
    return zlib.crc32(dumps(values, 2))


def row_sums(core_sum: int, status_sum: int) -> int:
    """Both checksums of a job's row as one number."""
    return core_sum << 32 | status_sum


def core_values(job: Job) -> Values:
    """What `CORE` stores of a job."""
    proof, source, target = job.proof, job.source, job.target
    return (
        *(job.id, job.batch, job.seq, job.key, _PLAIN[job.op]),
        *(source.endpoint, to_bytes(source.path), target.endpoint, to_bytes(target.path)),
        *(_storable(job.size), job.source_version, _real(job.modified), job.mode),
        *(to_bytes(job.within), to_bytes(job.source_within), to_bytes(job.keep)),
        *(_PLAIN[job.carry], _PLAIN[job.verify], job.expected, job.attempts),
        *(int(job.begun), job.sent, job.prefix),
        *(job.upload, job.replacing, job.agreed, job.digest, int(job.committed)),
        *(_proof_values(proof) if proof else _NO_PROOF),
    )


def status_values(job: Job) -> Values:
    """What `STATUS` stores of a job."""
    park = job.park
    return (
        *(_PLAIN[job.state], _PLAIN[job.policy], job.priority),
        *(job.attempt, job.restarts, job.crashes),
        *(job.reason, _PLAIN[park] if park else None, job.asks, int(job.cancelling)),
        int(job.pausing),
        *(_real(job.started), _real(job.ended)),
    )


def _proof_values(proof: Proof) -> Values:
    return (_PLAIN[proof.word], proof.algorithm, proof.source, proof.target, proof.how)


def _storable(size: int | None) -> int | None:
    """A size that SQLite can hold; a server may claim more than any file has: unknown, then."""
    return size if size is None or size < 1 << 63 else None


def _real(value: float | None) -> float | None:
    """As SQLite gives it back: no integer, no negative zero, and NaN is NULL there."""
    return None if value is None or value != value else float(value) + 0.0


def _reader(enum: type[_T]) -> Callable[[str], _T]:
    return {member.value: member for member in enum}.__getitem__


_op, _state, _policy = _reader(Op), _reader(JobState), _reader(Policy)
_verify, _park, _word = _reader(Verify), _reader(ParkReason), _reader(ProofWord)
_carry = _reader(Carry)


def to_job(row: Values) -> Job:
    """The job of a row: `CORE`, then `STATUS`. Raises KeyError for a word that is none of ours."""
    return _job(row[:_CORES], _status(row[_CORES:]))


def _status(values: Values) -> Values:
    """What a job has of `STATUS`."""
    state, policy, *numbers, reason, park, asks, cancelling, pausing, started, ended = values
    return (
        *(_state(state), _policy(policy), *numbers),
        *(reason, _park(park) if park else None, asks, cancelling != 0),
        *(pausing != 0, started, ended),
    )


def _job(core: Values, status: Values) -> Job:
    job = OpenJob()
    # fmt: off
    (job.id, job.batch, job.seq, job.key, op,
     source_endpoint, source_path, target_endpoint, target_path,
     job.size, job.source_version, job.modified, job.mode, within, source_within, keep,
     carry, verify, job.expected, job.attempts,
     begun, job.sent, job.prefix, job.upload, job.replacing, job.agreed, job.digest, committed,
     word, algorithm, of_source, of_target, how) = core
    (job.state, job.policy, job.priority, job.attempt, job.restarts, job.crashes,
     job.reason, job.park, job.asks, job.cancelling, job.pausing, job.started, job.ended) = status
    # fmt: on
    job.op = _op(op)
    job.source = place(intern(source_endpoint), from_bytes(source_path))
    job.target = place(intern(target_endpoint), from_bytes(target_path))
    job.within = _folder(within)
    job.source_within = _folder(source_within)
    job.keep = from_bytes(keep) if keep else ""
    job.carry = _carry(carry)
    job.verify = _verify(verify)
    job.begun = begun != 0
    job.committed = committed != 0
    job.proof = Proof(_word(word), algorithm, of_source, of_target, how) if word else None
    job.__class__ = Job
    return cast(Job, job)


_folder = lru_cache(from_bytes)  # many jobs have the same


_BEGUN = CORE.index("begun")  # from here on, columns tell what became of a job
_COMMON = (*CORE[_BEGUN:], *STATUS, "status_sum")
_NEWEST = f"SELECT {', '.join(_COMMON)} FROM job ORDER BY id DESC LIMIT 1"
_LIKE_NEWEST = " AND ".join(f"{name} IS ?" for name in _COMMON)
_ALIKE = f"SELECT {', '.join((*CORE[:_BEGUN], 'core_sum'))} FROM job WHERE {_LIKE_NEWEST}"
_OTHERS = (
    f"SELECT {', '.join((*CORE, 'core_sum', *STATUS, 'status_sum'))} FROM job "
    f"WHERE NOT ({_LIKE_NEWEST})"
)


def _rows(db: sqlite3.Connection) -> Iterator[tuple[Values, int, Values]]:
    """Each row of a job: its `CORE`, the checksum of that, and its `STATUS` with its checksum.

    To fetch columns takes most of the time that a start takes. In a long queue most jobs were not
    begun and have one status, as the newest has: of these SQLite only compares those columns.
    """
    common = db.execute(_NEWEST).fetchone()
    if common is None:
        return
    core, status = common[: _CORES - _BEGUN], common[_CORES - _BEGUN :]
    for row in db.execute(_ALIKE, common):
        yield row[:-1] + core, row[-1], status
    for row in db.execute(_OTHERS, common):
        yield row[:_CORES], row[_CORES], row[_CORES + 1 :]


def read_jobs(db: sqlite3.Connection) -> tuple[list[Job], dict[int, int], bool]:
    """The jobs in any order, each row's `row_sums` by id, and whether all rows are whole.

    Those that are not are left out. Raises KeyError as `to_job` does. A status is checked once for
    all rows with the same that follow each other.
    """
    jobs: list[Job] = []
    sums: dict[int, int] = {}
    all_whole = True
    last: Values = ()  # the status of the row before, with its checksum
    known: Values | None = None  # what a job has of it
    for core, core_sum, status in _rows(db):
        if status != last:
            last = status
            known = _status(status[:-1]) if checksum(status[:-1]) == status[-1] else None
        sums[core[0]] = row_sums(core_sum, status[-1])
        if known is not None and checksum(core) == core_sum:
            jobs.append(_job(core, known))
        else:
            all_whole = False
    return jobs, sums, all_whole


def whole(row: Values) -> bool:
    """Whether a job's row, with its checksums, is as it was written."""
    return (checksum(row[:_CORES]), checksum(row[_CORES:-2])) == row[-2:]


def doubtful(row: Values) -> Job | None:
    """What a damaged row may safely be taken for: a parked job; None: nothing.

    On its word nothing is deleted, replaced or cleaned up, and no date or mode is given.
    """
    try:
        if checksum(row[:_CORES]) == row[-2]:
            return to_job((*row[:_CORES], *_PARKED))
        number, batch, _seq, key, op, source, source_path, target, target_path, *rest = row
        source_path, target_path = from_bytes(source_path), from_bytes(target_path)
        within = from_bytes(rest[CORE.index("within") - 9])
    except (AttributeError, KeyError, TypeError):
        return None
    plain = isinstance(batch, int) and isinstance(source, str) and isinstance(target, str)
    if not plain or not 0 < number < _LARGEST_ID:
        return None
    return Job(
        id=number,
        batch=batch,
        seq=0,
        key=key if isinstance(key, str) and _KEY.fullmatch(key) else f"{checksum(row):08x}",
        op=_harmless(op),
        source=Place(source, source_path),
        target=Place(target, target_path),
        state=JobState.PARKED,
        within=within,
        reason=DOUBT,
        park=ParkReason.OTHER,
        begun=True,
    )


def _harmless(op: str) -> Op:
    """What a damaged row's job may do instead: nothing, where it was to remove or to rename."""
    if op in _NOT_COPIES:
        return Op.NOTE
    return Op(op) if op in _KEPT_OPS else _TAKEN_FOR.get(op, Op.COPY)
