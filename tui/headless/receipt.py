"""`wharfie queue receipt`: what was copied, as SHA256SUMS lines that `sha256sum -c` reads."""

from __future__ import annotations

import json
import sys
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


def print_receipt(jobs: Sequence[Job], *, as_json: bool) -> None:
    """A line a file. Only `sha256 both ends` becomes a line that can be checked; the others are
    comments. Each place's files come after a comment that names it, with their paths there.
    """
    copies = proven(jobs)
    if as_json:
        for job, proof in copies:
            print(json.dumps(_described(job, proof)))
        print(json.dumps({"summary": True, "files": len(copies)}))
        return
    copies.sort(key=lambda copy: copy[0].target.endpoint)  # stable: the queue's order within one
    for endpoint, group in groupby(copies, key=lambda copy: copy[0].target.endpoint):
        if endpoint != LOCAL:
            _write(f"# at {printable(endpoint)}")
        for job, proof in group:
            _write(receipt_line(job, proof))


def receipt_line(job: Job, proof: Proof) -> str:
    """As GNU sha256sum writes it: a backslash first when the path holds one, or a line end."""
    path = job.target.path
    if proof.word is not ProofWord.SHA256:
        return f"# {printable(str(proof))}  {printable(path)}"
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != path else ""
    return f"{mark}{proof.target or job.digest}  {escaped}"


def _write(line: str) -> None:
    """To a file byte for byte, or it would not name the file; to a terminal made safe."""
    if sys.stdout.isatty():
        print(printable(line))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape") + b"\n")


def _described(job: Job, proof: Proof) -> dict[str, object]:
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
