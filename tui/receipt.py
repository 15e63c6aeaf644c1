"""What was copied, as SHA256SUMS lines that `sha256sum -c` reads, and as JSON lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from providers.location import LOCAL, show
from providers.text import printable
from transfers.model import Job, JobState, Proof, ProofWord


def proven(jobs: Sequence[Job]) -> list[tuple[Job, Proof]]:
    """The copies that are done, in the queue's order, each with what was proven about it."""
    return [
        (job, job.proof) for job in jobs if job.state is JobState.DONE and job.proof is not None
    ]


def sum_lines(jobs: Sequence[Job]) -> list[str]:
    """A line a file. Only `sha256 both ends` becomes a line that can be checked; the others are
    comments. Each place's files come after a comment that names it, with their paths there.

    They are to be written byte for byte (`surrogateescape`), or they would not name the files.
    """
    lines: list[str] = []
    # The sort is stable: the queue's order within one place.
    copies = sorted(proven(jobs), key=lambda copy: copy[0].target.endpoint)
    for endpoint, group in groupby(copies, key=lambda copy: copy[0].target.endpoint):
        if endpoint != LOCAL:
            lines.append(f"# at {printable(endpoint)}")
        lines += [receipt_line(job, proof) for job, proof in group]
    return lines


def json_lines(jobs: Sequence[Job]) -> list[str]:
    """An object a file, then one that says how many there are."""
    copies = proven(jobs)
    lines = [json.dumps(described(job, proof)) for job, proof in copies]
    return [*lines, json.dumps({"summary": True, "files": len(copies)})]


def receipt_line(job: Job, proof: Proof) -> str:
    """As GNU sha256sum writes it: a backslash first when the path holds one, or a line end."""
    path = job.target.path
    if proof.word is not ProofWord.SHA256:
        return remark_line(str(proof), path)
    return sum_line(proof.target or job.digest, path)


def sum_line(digest: str, path: str) -> str:
    """A line that `sha256sum -c` holds a file against."""
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != path else ""
    return f"{mark}{digest}  {escaped}"


def remark_line(said: str, path: str) -> str:
    """A comment: of a file that has no SHA-256 to be held against."""
    return f"# {printable(said)}  {printable(path)}"


def as_file(lines: Sequence[str]) -> bytes:
    """The lines as a file holds them."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def described(job: Job, proof: Proof) -> dict[str, object]:
    """A copy that is done, as a line of JSON has it."""
    return {
        "job": job.id,
        "source": show(job.source),
        "target": show(job.target),
        "size": job.size,
        "proof": str(proof.word),
        "algorithm": proof.algorithm,
        "source_digest": proof.source,
        "target_digest": proof.target,
        "how": proof.how,
        "sha256": job.digest,
        "ended": job.ended,
    }
