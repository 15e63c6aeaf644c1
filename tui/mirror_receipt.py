"""Every file of a mirror with what was proven about it: this time, or when it was copied. Pure.

Proofs of earlier runs stay true for a file as long as its source has the version that was copied
and comparing finds the same at the target; the receipt says that it was not copied this time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from providers.base import Kind, Place
from providers.location import LOCAL, show
from providers.records import dataclass
from providers.text import from_bytes, printable
from transfers.mirror.model import Action, Mark, MirrorPlan, Pair
from transfers.model import Job, JobState, Op, ProofWord
from tui.receipt import described, proven, remark_line, sum_line

Record: TypeAlias = dict[str, Any]
_CARRIED = ("proof", "algorithm", "source_digest", "target_digest", "how", "sha256", "ended")


@dataclass(frozen=True, slots=True)
class Stays:
    """A file that is at the target already. `was`: the address there that it had before."""

    pair: Pair
    was: str
    why: str


def staying(plan: MirrorPlan, pairs: Iterable[Pair], jobs: Iterable[Job]) -> Iterator[Stays]:
    """What was there already: found the same among `pairs`, or renamed by one of `jobs`."""
    for pair in pairs:
        if pair.mark is Mark.SAME and pair.left is not None and pair.left.kind is Kind.FILE:
            yield Stays(pair, pair.right_path, f"not copied this time: same {pair.why}".rstrip())
    renamed = {
        job.target.path for job in jobs if job.op is Op.RENAME and job.state is JobState.DONE
    }
    for step in plan.steps:
        old = step.moved_from
        if step.action is Action.RENAME and old is not None and step.pair.right_path in renamed:
            yield Stays(step.pair, old.right_path, "not copied this time: renamed at the target")


def records(
    plan: MirrorPlan, stays: Iterable[Stays], jobs: Sequence[Job], old: Mapping[str, Record]
) -> list[Record]:
    """A record a file, by address. `old`: those of an earlier receipt, by their "target"."""
    copied = [
        {**described(job, proof), "source_version": job.source_version, "note": ""}
        for job, proof in proven(jobs)
    ]
    stayed = [_stayed(plan, each, old) for each in stays]
    by_address = {str(record["target"]): record for record in (*stayed, *copied)}
    return [by_address[address] for address in sorted(by_address)]


def _stayed(plan: MirrorPlan, stays: Stays, old: Mapping[str, Record]) -> Record:
    pair = stays.pair
    entry = pair.left
    known = old.get(show(Place(plan.right.endpoint, stays.was)), {})
    carried: Record = dict.fromkeys(_CARRIED)
    if entry is not None and entry.version and known.get("source_version") == entry.version:
        carried = {key: known.get(key) for key in _CARRIED}
    return {
        "source": show(Place(plan.left.endpoint, pair.left_path)),
        "target": show(Place(plan.right.endpoint, pair.right_path)),
        "size": None if entry is None else entry.size,
        **carried,
        "source_version": None if entry is None else entry.version,
        "note": stays.why,
    }


def as_json_lines(plan: MirrorPlan, found: Sequence[Record]) -> list[str]:
    """The trees, an object a file, then how many there are."""
    start = {
        "receipt": 1,
        "source": show(plan.left),
        "target": show(plan.right),
        "made": plan.made,
    }
    end = {"summary": True, "files": len(found)}
    return [json.dumps(line) for line in (start, *found, end)]


def as_sums(plan: MirrorPlan, found: Sequence[Record], paths: Mapping[str, str]) -> list[str]:
    """A line a file, as `sha256sum -c` reads them; of one without a SHA-256 it is a comment.

    `paths`: the address of each "target" within its place.
    """
    lines = [f"# mirror of {printable(show(plan.left))} to {printable(show(plan.right))}"]
    if plan.right.endpoint != LOCAL:
        lines.append(f"# at {printable(plan.right.endpoint)}")
    stayed = sum(bool(record["note"] and record["sha256"]) for record in found)
    if stayed:
        lines.append(f"# {stayed:,} of these were not copied this time: digests of earlier runs")
    return [*lines, *(_sum(record, paths[record["target"]]) for record in found)]


def _sum(record: Record, path: str) -> str:
    if record["proof"] == ProofWord.SHA256:
        return sum_line(str(record["target_digest"] or record["sha256"]), path)
    proof, algorithm = record["proof"], record["algorithm"]
    said = f"{proof} ({algorithm})" if proof == ProofWord.SERVER_DIGEST else proof
    return remark_line(str(said or record["note"]), path)


def by_target(content: bytes) -> dict[str, Record]:
    """The records of a receipt that `tui.receipt_reading` has accepted; none of SHA256SUMS."""
    text = from_bytes(content)
    if not text.lstrip().startswith("{"):
        return {}
    lines = [json.loads(line) for line in text.splitlines()]
    return {line["target"]: line for line in lines if "target" in line and "receipt" not in line}
