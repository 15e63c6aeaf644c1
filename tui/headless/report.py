"""What a headless run says: a line for each finished job, a summary, progress on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from providers.location import show
from providers.records import dataclass, field
from providers.text import printable
from transfers.model import Job, JobState, Op, ProofWord, Totals
from tui import format as fmt
from tui.headless.progress_line import ProgressLine
from tui.op_words import ends, verb

NOT_FINE = frozenset({JobState.FAILED, JobState.PARKED, JobState.CANCELLED})
_TRIES = 2  # one that failed is not worth a line: most troubles are over after a second
_TROUBLES_APART = 30.0  # seconds


@dataclass(slots=True)
class Report:
    """Prints jobs as they end and counts them."""

    as_json: bool
    states: Counter[JobState] = field(default_factory=Counter)
    proofs: Counter[str] = field(default_factory=Counter)
    size: int = 0  # bytes of finished copies
    kept: int = 0  # sources of moves that could not be removed
    gone: int = 0  # taken off the list by someone, before it was known how they ended
    _parked: set[int] = field(default_factory=set)  # jobs told as parked: each may go on
    _progress: ProgressLine = field(default_factory=ProgressLine)
    _notice: str = ""
    _next_trouble: float = 0.0  # monotonic seconds

    def job(self, job: Job) -> None:
        """A job reached its end, or was parked."""
        self.count(job)
        self.clear_progress()
        if self.as_json:
            print(json.dumps(describe(job)), flush=True)
        else:
            stream = sys.stderr if job.state in NOT_FINE else sys.stdout
            print(line(job), file=stream, flush=True)

    def taken_off(self) -> None:
        """A job is no longer in the queue, and nobody saw its end."""
        self.gone += 1

    def count(self, job: Job) -> None:
        if job.id in self._parked:  # it was answered
            self._parked.discard(job.id)
            self.states[JobState.PARKED] -= 1
        if job.state is JobState.PARKED:
            self._parked.add(job.id)
        self.states[job.state] += 1
        if job.state is JobState.DONE:
            if job.op in (Op.COPY, Op.MOVE):
                self.size += job.size or 0
            if job.proof is not None:
                self.proofs[str(job.proof)] += 1
            if job.op in (Op.MOVE, Op.MOVE_LINK) and "source was kept" in job.reason:
                self.kept += 1

    def summary(self) -> None:
        if self.as_json:
            states = {state.value: count for state, count in self.states.items() if count}
            told = {"summary": True, "bytes": self.size, **states, "proofs": dict(self.proofs)}
            print(json.dumps(told), flush=True)
            return
        states_text = ", ".join(f"{n} {state}" for state, n in sorted(self.states.items()) if n)
        if self.gone:
            states_text += f", {self.gone} taken off the list by someone"
        proofs = ", ".join(f"{n} × {proof}" for proof, n in sorted(self.proofs.items()))
        told_proofs = f" · proven: {proofs}" if proofs else ""
        print(f"{states_text or 'nothing to do'} · {fmt.size(self.size)}{told_proofs}")

    @property
    def all_fine(self) -> bool:
        """Nothing failed, nothing waits for a person, no source of a move was left."""
        return not self.kept and not self.gone and not any(self.states[state] for state in NOT_FINE)

    def notice(self, text: str) -> None:
        """Trouble of the queue itself, told when it begins."""
        if text and text != self._notice:
            self.clear_progress()
            print(f"wharfie: {printable(text)}", file=sys.stderr, flush=True)
        self._notice = text

    def waits(self, job: Job) -> None:
        """A job that failed is tried again later, by itself: one of them is told now and then.

        An outage of minutes would look like a program that hangs, in a log above all.
        """
        if job.attempt < _TRIES or time.monotonic() < self._next_trouble:
            return
        self._next_trouble = time.monotonic() + _TROUBLES_APART
        self.clear_progress()
        tries = f"try {job.attempt} of {job.attempts} failed, the next comes by itself"
        print(f"{line(job)}; {tries}", file=sys.stderr, flush=True)

    def progress(self, totals: Totals) -> None:
        """Show where things stand, on a terminal only."""
        ended = totals.jobs - totals.unfinished
        self._progress.show(
            f"{ended}/{totals.jobs} files  {fmt.size(totals.moved)} of {fmt.size(totals.size)}  "
            f"{fmt.rate(totals.rate)}  {fmt.duration(totals.eta)}"
        )

    def clear_progress(self) -> None:
        self._progress.clear()


def describe(job: Job) -> dict[str, object]:
    """A job as `--json` prints it."""
    proof = job.proof
    kept = {"keep": ends(job)[1] or None} if job.op is Op.PRUNE else {}
    return {
        "source": show(job.source),
        "target": show(job.target),
        "op": job.op.value,
        **kept,
        "state": job.state.value,
        "size": job.size,
        "proof": None if proof is None else str(proof),
        "sha256": job.digest or None,
        "how": "" if proof is None else proof.how,
        "attempts": job.attempt,
        "reason": job.reason,
    }


def _without_path(job: Job) -> str:
    """The reason, without the path it may begin with: the line shows it already."""
    for place in (job.source, job.target):
        start = f"{printable(place.path)}: "
        if job.reason.startswith(start):
            return job.reason[len(start) :]
    return job.reason


def line(job: Job) -> str:
    """A job that came to rest, in one line that is safe for a terminal."""
    said = str(job.proof) if job.proof is not None else ""
    if job.proof is not None and job.proof.word is ProofWord.MISMATCH:
        said = said.upper()
    arrow = printable(" → ".join(filter(None, ends(job))))
    arrow = f"{verb(job)} {arrow}".lstrip()
    reason = f"  ({_without_path(job)})" if job.reason else ""
    return f"{job.state:9} {said:16} {fmt.size(job.size):>9}  {arrow}{reason}"
