"""A job as a line of the transfer panel: which cells, how wide, in what words. Pure functions.

The cells that change many times a second come first: a terminal line is redrawn from the left up
to the last cell that changed (Textual crops a partial refresh on the right only).
"""

from __future__ import annotations

import math
import ntpath
import os
import posixpath
from typing import Literal, TypeAlias

from providers import location
from providers.records import dataclass
from providers.text import printable
from transfers.model import RUNNING, Job, JobState, Op, ParkReason, Proof, ProofWord, Row
from tui import format as show
from tui.op_words import ends, is_directory, plain_word, verb

Role = Literal[
    "plain", "dim", "good", "busy", "warning", "bad", "loud", "bar", "bar-done", "bar-bad"
]
Part: TypeAlias = tuple[str, Role]

_PERCENT, _SPEED, _ETA, _STATE = 4, 10, 7, 12
_DIGEST_SHOWN = 16
_REASON = 4000  # cells of one: more than anybody reads of an error of 10 MB

_STATE_ROLES: dict[JobState, Role] = {
    JobState.QUEUED: "dim",
    JobState.DONE: "good",
    JobState.WAITING: "warning",
    JobState.PARKED: "warning",
    JobState.PAUSED: "dim",
    JobState.SKIPPED: "dim",
    JobState.CANCELLED: "dim",
    JobState.FAILED: "bad",
}
_PROOF_ROLES: dict[ProofWord, Role] = {
    ProofWord.SHA256: "good",
    ProofWord.SERVER_DIGEST: "good",
    ProofWord.SIZE_ONLY: "warning",
    ProofWord.NOT_PROVEN: "warning",
    ProofWord.CHANGED_BY_SERVER: "warning",
    ProofWord.MISMATCH: "loud",
}
_BAR_ROLES: dict[JobState, Role] = {JobState.DONE: "bar-done", JobState.FAILED: "bar-bad"}
_LOUD = ProofWord.MISMATCH
ANSWERED = frozenset({ParkReason.CONFLICT, ParkReason.SIGN_IN, ParkReason.HOST_KEY})
"""What a dialog can settle; of the others a person says when to try again."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells for each column; 0: there is no room for it."""

    bar: int
    amount: int  # "12.3 MiB of 64.0 MiB"
    speed: int  # speed and time left
    attempt: int
    name: int
    way: int  # from → to
    info: int  # proof, or the reason of the state

    @property
    def fast(self) -> int:
        """How many cells from the left hold all that changes while bytes move."""
        return 1 + sum(n + 1 for n in (self.bar, _PERCENT, self.amount, self.speed) if n)


def columns(width: int) -> Columns:
    """What fits in `width` cells: 40 shows state and name, 80 speed and proof, 140 everything."""
    bar = 0 if width < 60 else 8 if width < 120 else 12
    amount = 20 if width >= 110 else 0
    speed = _SPEED + 1 + _ETA if width >= 60 else 0
    attempt = 4 if width >= 100 else 0
    used = Columns(bar, amount, speed, attempt, 0, 0, 0).fast + _STATE + 1
    left = max(0, width - used - (attempt + 1 if attempt else 0))
    if width < 60:
        return Columns(bar, amount, speed, attempt, left, 0, 0)
    name = left * 45 // 100 if width < 140 else left // 4
    info = max(17, left // 3) if width >= 140 else left - name - 1
    way = left - name - info - 2 if width >= 140 else 0
    return Columns(bar, amount, speed, attempt, name, way, info)


def titles(at: Columns) -> str:
    """The heading over the columns."""
    cells: list[tuple[int, str, show.Align]] = [
        (at.bar + 1 + _PERCENT if at.bar else _PERCENT, "Progress" if at.bar else "%", "left"),
        (at.amount, "Amount", "right"),
        (_SPEED if at.speed else 0, "Speed", "right"),
        (_ETA if at.speed else 0, "Left", "right"),
        (_STATE, "State", "left"),
        (at.attempt, "Try", "left"),
        (at.name, "Name", "left"),
        (at.way, "From → to", "left"),
        (at.info, "Proof or reason", "left"),
    ]
    shown = [show.fit(title, width, align) for width, title, align in cells if width]
    return " " + " ".join(shown)


def fast_parts(row: Row, at: Columns, *, marked: bool, ascii_only: bool) -> tuple[Part, ...]:
    """The cells that change while bytes move: exactly `at.fast` wide."""
    done = fraction(row)
    mark = ("*" if ascii_only else "●") if marked else " "
    parts: list[Part] = [(mark, "warning")]
    if at.bar:
        bar = show.bar(done or 0.0, at.bar, ascii_only=ascii_only)
        bar_role = _BAR_ROLES.get(row.job.state, "bar") if done else "plain"
        parts += [(bar, bar_role), (" ", "plain")]
    percent = "" if done is None else f"{int(done * 100)}%"
    parts.append((show.fit(percent, _PERCENT, "right") + " ", "plain"))
    if at.amount:
        parts.append((show.fit(amount(row), at.amount, "right") + " ", "plain"))
    if at.speed:
        parts.append((show.fit(_pace(row, wide=bool(at.amount)), at.speed) + " ", "plain"))
    return tuple(parts)


def slow_parts(row: Row, at: Columns) -> tuple[Part, ...]:
    """The cells that change with the state."""
    word, role = state(row)
    parts: list[Part] = [(show.fit(word, _STATE) + " ", role)]
    if at.attempt:
        parts.append((show.fit(attempt(row), at.attempt) + " ", "dim"))
    parts.append((_fit_middle(name(row), at.name), "plain"))
    if at.way:
        parts.append((" " + show.fit(_way(row.job, at.way), at.way), "dim"))
    if at.info:
        text, role = info(row)
        parts.append((" ", "plain"))
        parts.append((show.fit(text, at.info), role))
    return tuple(parts)


def _way(job: Job, width: int) -> str:
    start, end = ends(job)
    if not end:
        return show.clip_left(start, width)
    half = (width - 3) // 2
    return f"{show.clip_left(start, half)} → {show.clip_left(end, half)}"


def fraction(row: Row) -> float | None:
    """How much of the job is across, 0 to 1; None when that is not known or means nothing."""
    if row.job.state is JobState.DONE:
        return 1.0
    started = row.moved > 0 or row.job.state in RUNNING
    if row.job.state in (JobState.SKIPPED, JobState.CANCELLED) or not started:
        return None
    if row.job.size is None:
        return None
    return min(1.0, row.moved / row.job.size) if row.job.size else 0.0


def amount(row: Row) -> str:
    """ "12.3 MiB of 1.4 GiB" while under way, else the size."""
    total = show.size(row.job.size)
    if row.job.finished or not row.moved:
        return total
    return f"{show.size(row.moved)} of {total or '?'}"


def attempt(row: Row) -> str:
    return f"{row.job.attempt}/{row.job.attempts}" if row.job.attempt else ""


def name(row: Row) -> str:
    """The last part of the source's path, or of what is deleted, as the place writes paths."""
    place = row.job.target if row.job.op is Op.PRUNE else row.job.source
    paths = ntpath if place.endpoint == location.LOCAL and os.name == "nt" else posixpath
    base = paths.basename(place.path.rstrip("/")) or place.path
    return f"{base}/" if is_directory(row.job) else base


def state(row: Row) -> Part:
    """The state in one word, and how it is coloured."""
    if row.job.cancelling and not row.job.finished:
        return "cancelling", "warning"
    return row.job.state.value, _STATE_ROLES.get(row.job.state, "busy")


def info(row: Row) -> Part:
    """What was proven, in the proof's own words, or why the job is where it is."""
    job = row.job
    if job.proof is not None and (job.state is JobState.DONE or job.proof.word is _LOUD):
        return _join(str(job.proof), _brief(job)), _PROOF_ROLES[job.proof.word]
    if job.state is JobState.DONE:
        return _join(plain_word(job), _brief(job)), "dim"
    if job.state is JobState.PARKED and job.park is not None:
        brief = _brief(job)
        why = "" if brief.startswith(job.park.value) else job.park.value
        return _join(why, brief), "warning"
    return _brief(job) or plain_word(job), _STATE_ROLES.get(job.state, "dim")


def detail(row: Row, width: int) -> tuple[str, str]:
    """All there is to say about one job: the way in one line, and how it stands in as many
    cells as that takes. Both are safe to show."""
    does = verb(row.job) or row.job.op.value
    half = max(1, (width - len(does) - 4) // 2)
    source, target = (show.clip_middle(end, half) for end in ends(row.job))
    way = f"{does} {source} → {target}" if target else f"{does} {source}"
    way = source if row.job.op is Op.REMOVE_DIR else way
    job, proof = row.job, str(row.job.proof or "")
    tried = f"attempt {job.attempt} of {job.attempts}" if job.attempt else ""
    wait = f"retry in {_seconds(row.retry_in)}" if row.retry_in is not None else ""
    parked = job.park.value if job.state is JobState.PARKED and job.park else ""
    turn = f"priority {job.priority:+}" if job.priority else ""
    facts = [
        state(row)[0],
        turn,
        parked,
        wait,
        proof,
        show.clip(job.reason, _REASON),
        tried,
        amount(row),
    ]
    facts.append(_digests(job.proof))
    if parked:
        facts.insert(3, _parked_way_on(job))
    return way, printable(_join(*facts))


def way_on(job: Job) -> str:
    """What makes a job go on that does not by itself; "" when it does, or has ended well."""
    if job.state is JobState.PARKED:
        return _parked_way_on(job)
    if job.state is JobState.PAUSED:
        return "p goes on"
    again = job.state in (JobState.FAILED, JobState.CANCELLED) and job.op is not Op.NOTE
    return "t tries it again" if again else ""


def _parked_way_on(job: Job) -> str:
    """One that names the disk it waits for is not left to a key."""
    if job.park is ParkReason.SPACE and job.asks:
        return "goes on when there is room, t tries now"
    return "Enter answers it" if job.park in ANSWERED else "t tries it again"


def _brief(job: Job) -> str:
    """The reason without the path or server it begins with, which the row already shows."""
    for place in (job.source, job.target):
        for known in (place.path, place.endpoint):
            if job.reason.startswith(shown := f"{printable(known)}: "):
                return job.reason[len(shown) :]
    return job.reason


def _digests(proof: Proof | None) -> str:
    """The beginnings of the digests behind a proof; both where they differ."""
    if proof is None or not (proof.source or proof.target):
        return ""
    ends = [proof.source, proof.target] if proof.source != proof.target else [proof.source]
    shown = " ≠ ".join(f"{end[:_DIGEST_SHOWN]}…" if end else "none" for end in ends)
    how = f" ({proof.how})" if proof.how else ""
    return f"{proof.algorithm} {shown}{how}".strip()


def _pace(row: Row, *, wide: bool) -> str:
    """Speed and time left, or when it is tried again; a resting job's size where else missing."""
    if row.job.state in RUNNING:
        left = show.fit(show.duration(row.eta), _ETA, "right")
        return f"{show.fit(show.speed(row.rate, row.eta), _SPEED, 'right')} {left}"
    if row.job.state is JobState.WAITING and row.retry_in is not None:
        return f"retry in {_seconds(row.retry_in)}"
    return "" if wide else show.fit(show.size(row.job.size), _SPEED, "right")


def _seconds(seconds: float | None) -> str:
    if seconds is None or not math.isfinite(seconds):
        return "?"
    return f"{math.ceil(max(0, seconds))} s" if seconds < 100 else show.duration(seconds)


def _fit_middle(text: str, width: int) -> str:
    return show.fit(show.clip_middle(text, width), width)


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
